"""Join a table to itself where the question speaks of its key to itself: who reports to whom, parent of, follows.

A small model rarely writes this join, and often in the wrong direction. The words decide: "report to Ann" asks for the
rows that refer to Ann's, "the manager of Ann" for the row that hers refers to, "has no manager" for those that refer to
none. The query is then written anew; what the model shows of the asked row and its other conditions are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.question.read_question import NamedItem
from coderag_app.schema.name_words import NUMBER_WORDS, identifier_words, plural, singular
from coderag_app.schema.row_names import row_names
from coderag_app.schema.tables import Table, identifier
from coderag_app.sql.literals import outer_selects
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.stray_tables import says_noun
from coderag_app.sql.type_errors import is_key

_QUOTES = "\"'“”‘’"
_NAMED = "\x00"  # stands for the row that the question names, in its masked text
_COUNTED = re.compile(r"how many\b|(?:count|number) of\b|(?:what is |what's )?the (?:count|number) of\b")
_BEYOND = {"more than": exp.GT, "over": exp.GT, "at least": exp.GTE, "less than": exp.LT, "fewer than": exp.LT,
           "at most": exp.LTE, "exactly": exp.EQ}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Key:
    """A table's key to itself: the column that refers, the one that it refers to, and the family of its words."""

    table: Table
    column: str
    target: str
    family: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that the question names at ``start:end``, by columns and their texts."""

    start: int
    end: int
    texts: tuple[tuple[str, str], ...]


def join_to_itself(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Write the query that a question over one table's key to itself asks for.

    Args:
        tree: A query over that table; it is left as it is where the question speaks of no such key, of another
            table, or of chains of any length.
        context: Its schema and values, and the question.
    """
    text = context.question.text.lower()
    selects = list(outer_selects(tree))
    if not text or len(selects) != 1 or re.search(rf"\b(?:{_any('indirect')})\b", text):
        return tree
    read = {table.name.lower() for table in tree.find_all(exp.Table)}
    for key in _keys(context):
        others = (table for table in context.schema.tables if table is not key.table)
        if key.table.name.lower() in read and not any(says_noun(other, context) for other in others):
            found = _Reading(key, selects[0], context).query()
            if found is not None:
                return found
    return tree


def said_relations(context: RepairContext) -> Iterator[tuple[int, int, str, str]]:
    """Where a question speaks of a table's key to itself: (start, end, table, column) of "manager", "report to"."""
    text = context.question.text.lower()
    for key in _keys(context):
        phrases = (phrase for kind in ("up", "up_verbs", "down", "down_verbs", "top") for phrase in key.family[kind])
        for phrase in phrases:
            for found in re.finditer(rf"\b(?:{phrase})(?!\w)", text):
                yield found.start(), found.end(), key.table.name, key.column


def _keys(context: RepairContext) -> Iterator[_Key]:
    """The keys of tables to themselves that their columns' words put into a family."""
    for table in context.schema.tables:
        only = [column.name for column in table.columns if column.primary_key]
        for key in table.foreign_keys:
            targets = key.ref_columns or tuple(only)
            if key.ref_table.lower() != table.name.lower() or len(key.columns) != 1 or len(targets) != 1:
                continue
            words = set(identifier_words(key.columns[0]).split())
            family = next((each for each in _words()["families"] if words & set(each["keys"])), None)
            if family is not None:
                yield _Key(table, key.columns[0], targets[0], family)


@cache
def _words() -> dict[str, Any]:
    read: dict[str, Any] = yaml_beside(__file__, "self_references.yaml")
    return read


def _any(kind: str) -> str:
    return "|".join(_words()[kind])


class _Reading:
    """What a question says of one key, and the query for it."""

    def __init__(self, key: _Key, select: exp.Select, context: RepairContext) -> None:
        self.key = key
        self.select = select
        self.context = context
        self.text = context.question.text
        self.child = key.table.name
        role = key.family["role"]
        self.parent = role if role != key.table.name.lower() else f"{role}_above"
        self.up, self.up_verbs, self.down, self.down_verbs = (
            f"(?:{'|'.join(key.family[kind]) or '(?!)'})" for kind in ("up", "up_verbs", "down", "down_verbs")
        )
        noun = context.schema.words(key.table)
        self.noun = f"(?:{re.escape(singular(noun))}|{re.escape(plural(noun))}|{_any('people')})"

    def query(self) -> exp.Select | None:
        """The query; None where the question says nothing of the key."""
        text = self.text.lower()
        if len(re.findall(rf"\b{self.up}\b", text)) > 1 and self.key.family["role"] != "parent":
            return None  # the manager of a manager
        for row in self._rows():
            masked = f"{text[: row.start]}{_NAMED}{text[row.end :]}"
            masked = re.sub(rf"[{_QUOTES}]{_NAMED}[{_QUOTES}]", _NAMED, masked)
            found = self._of_named(masked, row)
            if found is not None:
                return found
        readings: Sequence[Callable[[str], exp.Select | None]] = (
            self._compared, self._without, self._counted, self._childless, self._pairs,
        )  # fmt: skip
        return next((found for reading in readings if (found := reading(text)) is not None), None)

    # --- the row that the question names ---

    def _rows(self) -> Iterator[_Row]:
        """The runs of words that may name a row: stored values of the table, or words with a capital."""
        words, run = self.context.question.words, list[int]()
        for at, word in enumerate((*words, None)):
            joined = word is not None and (not run or not self.text[words[run[-1]].end : word.start].strip())
            ends = word is None or not (self._is_stored(at) or (at and word.text[:1].isupper()))
            if run and (ends or not joined or self.text[words[run[-1]].start : words[run[-1]].end].endswith("'s")):
                if (row := self._row(run)) is not None:
                    yield row
                run = []
            if not ends:
                run.append(at)

    def _is_stored(self, at: int) -> bool:
        word = self.context.question.words[at]
        matches = (each for each in self.context.question.values if each.start <= word.start and word.end <= each.end)
        if any(value.table == self.key.table.name for match in matches for value in match.values):
            return True
        names = (name for name in row_names(self.key.table) if not self._is_number(name))
        return any(self._stored(name, word.folded) is not None for name in names)  # "ida": too short for a match

    def _row(self, run: list[int]) -> _Row | None:
        words = [self.context.question.words[at] for at in run]
        start, end = words[0].start, words[-1].start + len(words[-1].folded)
        said = self.text[start:end]
        names = [name for name in row_names(self.key.table) if not self._is_number(name)]
        for name in (*names, *(column.name for column in self.key.table.columns if not self._is_number(column.name))):
            stored = self._stored(name, said)
            if stored is not None:
                return _Row(start, end, ((name, stored),))
        if len(names) == 2:
            parts = said.rsplit(" ", 1) if len(words) > 1 else [said]
            texts = zip(names[-len(parts) :], parts, strict=True)
            return _Row(start, end, tuple((name, self._stored(name, part) or part) for name, part in texts))
        return _Row(start, end, ((names[0], said),)) if names else None

    def _stored(self, column: str, text: str) -> str | None:
        values = self.context.values.values_of(self.key.table.name, column)
        return next((value for value in values if value.casefold() == text.casefold()), None)

    def _is_number(self, name: str) -> bool:
        column = self.key.table.column(name)
        return column is None or column.holds_numbers or is_key(self.key.table, column)

    def _of_named(self, masked: str, row: _Row) -> exp.Select | None:
        """The row that the named one refers to, or those that refer to it."""
        if re.search(rf"\b(?:{_any('negated')})\b", masked):
            return None
        named, verbs = rf"(?:the |an? )?(?:{self.noun} )?{_NAMED}", self.down_verbs
        up = (
            rf"\b{self.up} (?:of|for|to) {named}",
            rf"{_NAMED}['’]s? (?:\w+ )?{self.up}\b",
            rf"\b(?:who|whom|what|which \w+)\b.*\b(?:does|did|is|was|are) {named} {verbs}\b",
            rf"{_NAMED} {verbs}(?: (?:who|whom|which|what)\b|\W*$)",
            rf"\b(?:who|which \w+|what \w+|that) {self.up_verbs} {named}",
        )
        down = (
            rf"\b{verbs} {named}",
            rf"\b{self.down} (?:of|for|to) {named}",
            rf"{_NAMED}['’]s? (?:\w+ )?{self.down}\b",
            rf"\b{self.down} (?:does|do|did) {named} have\b",
            rf"{_NAMED} {self.up_verbs}\b",
            rf"\b{self.up} (?:is|are|was|named|called) {named}",
            rf"{named} as (?:their |its |his |her |an? |the )?{self.up}\b",
        )
        for patterns, asked, other in ((up, self.parent, self.child), (down, self.child, self.parent)):
            if any(re.search(pattern, masked) for pattern in patterns):
                wanted = [
                    exp.EQ(this=self._column(column, other), expression=exp.Literal.string(text))
                    for column, text in row.texts
                ]
                return self._joined(self._shown(asked, row)).where(*wanted, *self._others(asked, row), copy=False)
        return None

    # --- without a name ---

    def _compared(self, text: str) -> exp.Select | None:
        """Rows that have more of a number than the row that they refer to."""
        kinds = f"(?P<more>{_any('greater')})|(?:{_any('smaller')})"
        found = re.search(rf"\b(?:{kinds})\b.*\bthan (?:their|its|his|her|the) (?:own )?{self.up}\b", text)
        measures = [c.name for c in self.key.table.columns if c.holds_numbers and not is_key(self.key.table, c)]
        said = [item.column for item in self._named_columns() if item.column in measures]
        column = next(iter(said if said else measures if len(measures) == 1 else ()), None)
        if not found or column is None:
            return None
        query = self._joined(self._shown(self.child, None, {column}))
        kind = exp.GT if found["more"] else exp.LT
        return query.where(kind(this=self._column(column, self.child), expression=self._column(column, self.parent)))

    def _without(self, text: str) -> exp.Select | None:
        """Rows that refer to none, or to some."""
        lacks = r"(?:no|without(?: an?| any)?|lacks?(?: an?)?|(?:not|\w+n['’]t) have(?: an?| any)?|missing(?: an?)?)"
        nobody = rf"\b{self.down_verbs} (?:{_any('nobody')})\b"
        top = "|".join(self.key.family["top"]) or "(?!)"
        none = re.search(rf"\b{lacks} {self.up}\b|{nobody}|\b(?:{top})\b", text)
        some = re.search(rf"\b(?:have|has|having) an? {self.up}\b", text)
        if not none and not some:
            return None
        missing = exp.Is(this=self._column(self.key.column, ""), expression=exp.Null())
        query = exp.select(*self._shown("", None)).from_(self._source())
        return query.where(missing if none else exp.not_(missing), *self._others(""), copy=False)

    def _childless(self, text: str) -> exp.Select | None:
        """Rows that no other refers to, or some do."""
        others, article = f"(?:{_any('somebody')}|any \\w+)", r"(?:an? )?"
        no_one = (
            rf"\b{self.up_verbs} (?:{_any('nobody')})\b|\b(?:not|\w+n['’]t) {self.up_verbs} {others}"
            rf"|\b(?:no|without(?: any)?) {self.down}\b|\b(?:not|\w+n['’]t) {article}{self.up}\b"
        )
        some = (
            rf"\b{self.up_verbs} {others}\b|\b(?:are|is)(?: also)? {article}{self.up}\b(?! of)"
            rf"|\b(?:have|has) {self.down}\b|\bare the {self.up}\W*$"
        )
        none = re.search(no_one, text)
        if not none and not re.search(some, text):
            return None
        inner = exp.select("1").from_(self._aliased("below"))
        inner.where(
            exp.EQ(this=self._column(self.key.column, "below"), expression=self._column(self.key.target, self.child)),
            copy=False,
        )
        exists = exp.Exists(this=inner)
        query = exp.select(*self._shown(self.child, None)).from_(self._source())
        return query.where(exp.not_(exists) if none else exists, *self._others(self.child), copy=False)

    def _counted(self, text: str) -> exp.Select | None:
        """How many rows refer to each row, those with the most or fewest, or with a number of them."""
        each = re.search(rf"\b(?:each|every|per|by) {self.up}\b", text) is not None and self._counts(text)
        does = (
            rf"(?:{self.up} (?:has|have|having|with|{self.up_verbs}|(?:do|does) .*)|\bwho (?:has|have|{self.up_verbs}))"
        )
        most = re.search(rf"\b{does} (?:the )?(most|fewest|least|largest number|smallest number)\b", text)
        beyond = re.search(rf"\b{does} ({'|'.join(_BEYOND)}) (\d+|{'|'.join(NUMBER_WORDS)})\b", text)
        if not (each or most or beyond):
            return None
        names = [self._column(name, self.parent) for name in row_names(self.key.table)]
        key = self._column(self.key.target, self.parent)
        count = exp.Count(this=exp.Star())
        query = self._joined(names if not each else [*names, count])
        query.group_by(key, *(name for name in names if name != key), copy=False)
        if most:
            order = exp.Ordered(this=count.copy(), desc=most[1] in ("most", "largest number"))
            query.order_by(order, copy=False).limit(1, copy=False)
        elif beyond:
            number = str(NUMBER_WORDS.index(beyond[2])) if beyond[2] in NUMBER_WORDS else beyond[2]
            query.having(_BEYOND[beyond[1]](this=count.copy(), expression=exp.Literal.number(number)), copy=False)
        return query

    def _counts(self, text: str) -> bool:
        return bool(_COUNTED.search(text)) or re.search(r"\b(?:count|headcount)\b", text) is not None

    def _pairs(self, text: str) -> exp.Select | None:
        """Each row beside the one that it refers to."""
        their = rf"(?:their|its|his|her|his or her|respective) (?:{self.noun} )?(?:\w+ )?{self.up}\b"
        if not re.search(rf"\b(?:and|with|along with|beside|next to|plus)(?: the names? of| the)? {their}", text):
            return None
        shown = [
            self._column(name, source) for source in (self.child, self.parent) for name in row_names(self.key.table)
        ]
        return self._joined(shown, side="LEFT").where(*self._others(self.child), copy=False)

    # --- writing ---

    def _joined(self, shown: Sequence[exp.Expr], side: str = "") -> exp.Select:
        on = exp.EQ(
            this=self._column(self.key.column, self.child), expression=self._column(self.key.target, self.parent)
        )
        query = exp.select(*shown).from_(self._source())
        return query.join(self._aliased(self.parent), on=on, join_type=side, copy=False)

    def _shown(self, asked: str, row: _Row | None, besides: Collection[str] = ()) -> list[exp.Expr]:
        """A count, what the model computes of the asked row, the columns that are asked for, or the row's names."""
        if _COUNTED.match(self.text.lower()):
            return [exp.Count(this=exp.Star())]
        computed = [item.copy() for item in self.select.expressions if item.find(exp.Avg, exp.Sum, exp.Min, exp.Max)]
        if computed and len(computed) == len(self.select.expressions):
            return [self._moved(item, asked) for item in computed]
        names = row_names(self.key.table)
        columns = [item for item in self._named_columns() if item.column not in besides]
        columns = [item for item in columns if row is None or item.end <= row.start or item.start >= row.end]
        names = tuple(dict.fromkeys(item.column for item in columns if item.column in names)) or names
        others = list(dict.fromkeys(item.column for item in columns if item.column not in names))
        first = self.context.question.words[0].folded
        shown = others if others and first not in ("who", "which") else [*names, *others]
        return [self._column(name, asked) for name in shown]

    def _named_columns(self) -> list[NamedItem]:
        keys = {self.key.column, self.key.target}
        items = [item for item in self.context.question.names if item.table == self.key.table.name and item.column]
        return [item for item in items if item.column not in keys]

    def _others(self, asked: str, row: _Row | None = None) -> Iterator[exp.Expr]:
        """The model's conditions on the asked row, other than those on names and keys."""
        skipped = {self.key.column.lower(), self.key.target.lower(), *map(str.lower, row_names(self.key.table))}
        skipped |= {column.lower() for column, _ in row.texts} if row is not None else set()
        said = self.text.casefold()
        for condition in conditions(self.select):
            columns, literals = list(condition.find_all(exp.Column)), list(condition.find_all(exp.Literal))
            known = all(self.key.table.column(column.name) and column.name.lower() not in skipped for column in columns)
            asked_for = all(literal.name.casefold() in said for literal in literals) or all(
                self._is_flag(column.name) for column in columns
            )
            if columns and literals and known and asked_for and not condition.find(exp.Query):
                yield self._moved(condition.copy(), asked)

    def _is_flag(self, name: str) -> bool:
        column = self.key.table.column(name)
        return column is not None and column.profile.flag is not None

    def _moved(self, node: exp.Expr, asked: str) -> exp.Expr:
        """An expression with all its columns taken of the asked row."""

        def moved(each: exp.Expr) -> exp.Expr:
            return self._column(each.name, asked) if isinstance(each, exp.Column) else each

        return node.transform(moved)

    def _column(self, name: str, source: str) -> exp.Column:
        dialect = self.context.dialect
        return exp.column(identifier(name, dialect), identifier(source, dialect) if source else None)

    def _source(self) -> exp.Table:
        return exp.Table(this=identifier(self.key.table.name, self.context.dialect))

    def _aliased(self, alias: str) -> exp.Table:
        name = exp.TableAlias(this=identifier(alias, self.context.dialect))
        return exp.Table(this=identifier(self.key.table.name, self.context.dialect), alias=name)
