"""Gives the tables and columns of a domain the names of one database, and keeps track of the words for them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetune.synthesis.domains import ColumnSpec, DomainSpec, TableSpec
from finetune.synthesis.identifiers import NamingStyle, Prefix, abbreviated, first_free, readable_words, with_prefix
from finetune.synthesis.inflection import plural
from finetune.synthesis.word_lists import short_forms

_PREPOSITIONS = frozenset("at by for from in of off on out to up with".split())  # "held at" is no noun


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """A column with its spelling; ``words`` are those of the name, ``phrases`` what people say."""

    spec: ColumnSpec
    name: str
    words: tuple[str, ...]
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table with its spelling; ``nouns`` are (singular, plural) pairs."""

    spec: TableSpec
    name: str
    words: tuple[str, ...]
    nouns: tuple[tuple[str, str], ...]
    columns: tuple[NamedColumn, ...] = ()

    @property
    def key(self) -> NamedColumn | None:
        """The primary key, unless it is a combination of references."""
        return next((column for column in self.columns if column.spec == self.spec.key), None)

    def column(self, spec: ColumnSpec) -> NamedColumn:
        """The column made from that specification."""
        return next(column for column in self.columns if column.spec == spec)


def name_everything(domain: DomainSpec, style: NamingStyle, rng: random.Random) -> tuple[NamedTable, ...]:
    """The tables and columns of the domain under names of one style."""
    tables = _name_tables(domain, style, rng)
    key_words = {t.spec.name: _key_words(t, t.spec.key, style, rng) for t in tables if t.spec.key is not None}
    nouns = {table.spec.name: list(table.words) for table in tables}
    return tuple(
        NamedTable(t.spec, t.name, t.words, t.nouns, _name_columns(t, key_words, nouns, style, rng)) for t in tables
    )


def _name_tables(domain: DomainSpec, style: NamingStyle, rng: random.Random) -> list[NamedTable]:
    taken: set[str] = set()
    canonical = {" ".join(table.name.split("_")) for table in domain.tables}
    owned = _owned([table.nouns for table in domain.tables])
    named: list[NamedTable] = []
    for table, nouns in zip(domain.tables, owned, strict=True):
        own = table.name.split("_")
        others = [words for noun in nouns if (words := readable_words(noun)) and " ".join(words) not in canonical]
        words = rng.choice(others) if others and rng.random() < style.table_synonym_rate else own
        candidates = [_in_number(words, style.plural_tables), _in_number(words, True), _in_number(own, True)]
        short = abbreviated(words, style.abbreviation_rate / 3, rng)
        name, _ = first_free([candidates[0] if short == words else short, *candidates], taken, style.spell_table)
        noun = " ".join(words)
        if noun not in nouns[:2]:
            nouns = [nouns[0], noun, *(n for n in nouns[1:] if n != noun)]
        named.append(NamedTable(table, name, tuple(words), tuple((n, plural(n)) for n in nouns)))
    return named


def _in_number(words: list[str], many: bool) -> list[str]:
    return plural(" ".join(words)).split() if many else words


def _key_words(table: NamedTable, key: ColumnSpec, style: NamingStyle, rng: random.Random) -> list[str]:
    """The words of a table's primary key."""
    if key.kind != "key":
        words, _ = _column_words(key, [], style, rng)
        return with_prefix(words, list(table.words), style) if style.prefix is Prefix.SHORT else words
    if style.bare_key:
        return ["id"]
    if style.prefix is Prefix.SHORT:
        return [table.words[0][:3], style.key_suffix]
    return [*table.words, style.key_suffix]


def _name_columns(
    table: NamedTable,
    key_words: dict[str, list[str]],
    nouns: dict[str, list[str]],
    style: NamingStyle,
    rng: random.Random,
) -> tuple[NamedColumn, ...]:
    taken: set[str] = set()
    specs = table.spec.columns
    named: list[NamedColumn] = []
    for spec, phrases in zip(specs, _owned([column.phrases for column in specs]), strict=True):
        own = spec.name.split("_")
        clear = True
        if spec == table.spec.key:
            words = key_words[table.spec.name]
            clear = style.prefix is not Prefix.SHORT
        elif spec.kind == "ref":
            words = _ref_words(spec, table.spec, key_words[spec.argument], nouns[spec.argument], style, rng)
            clear = style.prefix is not Prefix.SHORT
        else:
            blocked = {" ".join(other.name.split("_")) for other in specs if other != spec}
            choices = [words for p in phrases if (words := readable_words(p)) and " ".join(words) not in blocked]
            words, clear = _column_words(spec, choices, style, rng)
            words = with_prefix(words, list(table.words), style)
            clear = clear and style.prefix is not Prefix.SHORT
        name, words = first_free([words, own, [*table.words, *own]], taken, style.spell_column)
        named.append(NamedColumn(spec, name, tuple(words), _with_own_words(phrases, words, spec, clear)))
    return tuple(named)


def _column_words(
    spec: ColumnSpec, phrases: Sequence[list[str]], style: NamingStyle, rng: random.Random
) -> tuple[list[str], bool]:
    """The words of a column's name, and whether they can be read as they are."""
    words = spec.name.split("_")
    if phrases and rng.random() < style.synonym_rate:
        words = rng.choice(phrases)
    short = abbreviated(words, style.abbreviation_rate, rng)
    return short, short == words


def _ref_words(
    spec: ColumnSpec, table: TableSpec, parent_key: list[str], parent: list[str], style: NamingStyle, rng: random.Random
) -> list[str]:
    """The words of a foreign key: the parent's key, or the role that the parent plays."""
    only_ref = sum(other.argument == spec.argument for other in table.refs) == 1 and spec.argument != table.name
    if only_ref and not style.role_keys:
        return parent_key if parent_key != ["id"] else [*parent, *parent_key]
    role = spec.name.removesuffix("_id").split("_")
    if rng.random() < 0.1 or not spec.name.endswith("_id"):
        return role
    return [*role, style.key_suffix]


def _with_own_words(phrases: list[str], words: list[str], spec: ColumnSpec, clear: bool) -> tuple[str, ...]:
    """The phrases with the name's own words, if they can be read, in second place (last for keys)."""
    own = " ".join(words)
    readable = clear and all(word.isalpha() and word not in short_forms() for word in words)
    if not readable or own in phrases or words[-1] in _PREPOSITIONS:
        return tuple(phrases)
    place = len(phrases) if spec.kind in ("key", "ref") else 1
    return (*phrases[:place], own, *phrases[place:])


def _owned(groups: Iterable[Sequence[str]]) -> list[list[str]]:
    """Each phrase only with the one that says it first, so that no two columns (or tables) share one.

    The first phrase of each always stays.
    """
    lists = [list(group) for group in groups]
    best: dict[str, tuple[int, int]] = {}
    for index, phrases in enumerate(lists):
        for rank, phrase in enumerate(phrases):
            best[phrase] = min(best.get(phrase, (rank, index)), (rank, index))
    return [
        [p for rank, p in enumerate(phrases) if rank == 0 or best[p] == (rank, index)]
        for index, phrases in enumerate(lists)
    ]
