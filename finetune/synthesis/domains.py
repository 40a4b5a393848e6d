"""Domain specifications: what ``domains/*.yaml`` says, read and checked. The notation is in ``domains/README.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from coderag_app.errors import ConfigurationError

DOMAINS_DIRECTORY = Path(__file__).parent / "domains"

PLAIN_KINDS = frozenset(
    "key person first_name last_name city country region street email phone url language nationality color month "
    "weekday flag text".split()
)
RANGE_KINDS = frozenset("int money decimal percent rating year date datetime".split())
WORD_KINDS = frozenset("ref name code one".split())
NAME_KINDS = frozenset({"person", "first_name", "last_name", "name"})

_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)")
_PART_SEPARATOR = re.compile(r"\s+\|(?=\s|$)")


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column as specified; ``argument`` is the text after the kind, ``phrases`` are lower case and never empty.

    A date with ``follows``, the name of a date column of its table, is on that day or later, or still open.
    """

    name: str
    kind: str
    argument: str = ""
    phrases: tuple[str, ...] = ()
    child_verb: str = ""
    parent_verb: str = ""
    follows: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value of a range kind."""
        low, high = self.argument.split("..")
        return float(low), float(high)

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of kind ``one``."""
        return tuple(choice.strip() for choice in self.argument.split("|"))


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table as specified; ``nouns`` are singular, most usual first."""

    name: str
    nouns: tuple[str, ...]
    columns: tuple[ColumnSpec, ...]

    @property
    def refs(self) -> tuple[ColumnSpec, ...]:
        """The foreign keys."""
        return tuple(column for column in self.columns if column.kind == "ref")

    @property
    def key(self) -> ColumnSpec | None:
        """The primary key: the column of kind key, else the first one of kind code (an ISBN, a licence plate)."""
        return next((c for kind in ("key", "code") for c in self.columns if c.kind == kind), None)


@dataclass(frozen=True, slots=True)
class DomainSpec:
    """An invented domain: its tables with everything they could hold."""

    name: str
    tables: tuple[TableSpec, ...]

    def table(self, name: str) -> TableSpec:
        """The table of that canonical name."""
        return next(table for table in self.tables if table.name == name)


@lru_cache(maxsize=4)
def load_domains(directory: Path = DOMAINS_DIRECTORY) -> tuple[DomainSpec, ...]:
    """Every domain of the YAML files in a directory, in order of file name.

    Raises:
        ConfigurationError: A file breaks the notation; the message lists every problem with its place.
    """
    problems: list[str] = []
    domains: dict[str, DomainSpec] = {}
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        raise ConfigurationError(f"No domain files: got no *.yaml in {directory}, expected at least one.")
    for path in paths:
        for domain in _read_file(path, problems):
            if domain.name in domains:
                problems.append(f"{path.name}: {domain.name}: the domain is defined twice")
            domains[domain.name] = domain
    if problems:
        raise ConfigurationError("\n".join([f"{len(problems)} problems in {directory}:", *problems]))
    return tuple(domains.values())


def _read_file(path: Path, problems: list[str]) -> Iterator[DomainSpec]:
    try:
        # Composed, not loaded: "no:" stays a word, numbers stay text, and a repeated name is seen.
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        problems.append(f"{path.name}: not valid YAML: {' '.join(str(error).split())}")
        return
    for name, node in _entries(root, path.name, problems):
        place = f"{path.name}: {name}"
        tables = tuple(_read_table(t, n, f"{place}.{t}", problems) for t, n in _entries(node, place, problems))
        domain = DomainSpec(name, tables)
        problems.extend(f"{place}.{problem}" for problem in _broken_references(domain))
        yield domain


def _entries(node: yaml.Node | None, place: str, problems: list[str]) -> Iterator[tuple[str, yaml.Node]]:
    """The named parts of a mapping; names that are not snake_case or repeated are reported."""
    if not isinstance(node, yaml.MappingNode):
        problems.append(f"{place}: expected a mapping of names to definitions")
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        if not _IDENTIFIER.fullmatch(name):
            problems.append(f"{place}.{name} (line {key.start_mark.line + 1}): expected a snake_case name")
        elif name in seen:
            problems.append(f"{place}.{name} (line {key.start_mark.line + 1}): defined twice")
        else:
            seen.add(name)
            yield name, value


def _read_table(name: str, node: yaml.Node, place: str, problems: list[str]) -> TableSpec:
    parts = dict(_entries(node, place, problems))
    if unknown := set(parts) - {"noun", "columns"}:
        problems.append(f"{place}: got {', '.join(sorted(unknown))}, expected only noun and columns")
    nouns = _phrases(_text(parts.get("noun")))
    if not nouns:
        problems.append(f"{place}: has no noun, expected e.g. 'noun: artist, performer'")
    columns = tuple(
        _read_column(column, value, f"{place}.{column}", problems)
        for column, value in _entries(parts.get("columns"), f"{place}.columns", problems)
    )
    if sum(column.kind == "key" for column in columns) > 1:
        problems.append(f"{place}: has more than one column of kind key")
    return TableSpec(name, nouns or (name.replace("_", " "),), columns)


def _read_column(name: str, node: yaml.Node, place: str, problems: list[str]) -> ColumnSpec:
    definition, *rest = [part.strip() for part in _PART_SEPARATOR.split(_text(node))]
    kind, _, argument = definition.partition(" ")
    if len(rest) > (3 if kind == "ref" else 1):
        problems.append(f"{place}: got {len(rest)} parts after the kind, expected phrases, and verbs for a ref only")
    words = name.removesuffix("_id") if kind == "ref" else name
    phrases = _phrases(rest[0] if rest else "") or (words.replace("_", " "),)
    verbs = [*rest[1:], "", ""]
    column = ColumnSpec(name, kind, argument.strip(), phrases, verbs[0].lower(), verbs[1].lower())
    if problem := _column_problem(column):
        problems.append(f"{place} (line {node.start_mark.line + 1}): {problem}")
        return ColumnSpec(name, "text", "", phrases)
    return column


def _column_problem(column: ColumnSpec) -> str:
    """What is wrong with the kind and its argument; empty when nothing is."""
    kind, argument = column.kind, column.argument
    if kind in PLAIN_KINDS:
        return f"kind {kind} takes no argument, got {argument!r}" if argument else ""
    if kind in RANGE_KINDS:
        if not _RANGE.fullmatch(argument):
            return f"kind {kind} takes LO..HI, got {argument!r}"
        low, high = column.bounds
        return "" if low < high else f"expected LO below HI, got {argument}"
    if kind == "one":
        choices = column.choices
        fine = 2 <= len(choices) <= 12 and len(set(choices)) == len(choices) and all(choices)
        return "" if fine else f"kind one takes 2 to 12 different values a|b|c, got {argument!r}"
    if kind in WORD_KINDS:
        return "" if argument else f"kind {kind} takes an argument"
    return f"unknown kind {kind!r}, expected one of {', '.join(sorted(PLAIN_KINDS | RANGE_KINDS | WORD_KINDS))}"


def _broken_references(domain: DomainSpec) -> Iterator[str]:
    by_name = {table.name: table for table in domain.tables}
    for table in domain.tables:
        for column in table.refs:
            parent = by_name.get(column.argument)
            if parent is None:
                yield f"{table.name}.{column.name}: refers to {column.argument}, which is no table of the domain"
            elif parent.key is None:
                yield f"{table.name}.{column.name}: refers to {column.argument}, which has no key or code"


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(p.lower().split()) for p in text.split(",") if p.strip()))
