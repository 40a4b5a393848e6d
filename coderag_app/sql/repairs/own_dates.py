"""Compare and group by the date of what the question counts, and not by that of a table beside it.

"How many visits were there in 2023?" speaks of the date of the visits. A model that joins the patients often compares
the year with their date of birth, which is a date of nothing that happens. A date of birth gives way to the date of
what is asked wherever the question says no word of births or ages; another table's date does only where the question
doesn't speak of that table and has no word that is left over, such as the "bought" in "customers who bought in 2023".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.question.function_words import opening_words
from coderag_app.question.periods.date_columns import holds_times, is_date
from coderag_app.schema.name_words import identifier_words, name_words, shares_a_word, singular, stem
from coderag_app.schema.tables import Column, Table, identifier
from coderag_app.sql.join_tree import JoinTree
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.stored_forms import use_stored_forms
from coderag_app.sql.repairs.stray_tables import leave_out_source, noun_of
from coderag_app.sql.type_errors import is_key

_NO_DATE_OF_ITS_OWN = frozenset("date day time at on in of timestamp datetime".split())
_ONLY_COUNTS = frozenset("many much number count total sum average mean each every year month week day quarter".split())


def use_own_dates(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Put the date of the asked rows where a query filters or groups by the date of others.

    Args:
        tree: A query; it is changed.
        context: Its schema with profiles, and the question, without which the query stays as it is.
    """
    if not context.question.words:
        return tree
    moved = [_OwnDates(joined, context).put() for joined in _joined(tree, context)]
    return use_stored_forms(tree, context) if any(moved) else tree


def is_of_life(column: Column) -> bool:
    """Whether a date is that of a birth or a death.

    >>> [is_of_life(Column(name, "DATE")) for name in ("DOB", "birth_date", "paid_on")]
    [True, True, False]
    """
    return _is_called(column, _words()["births"] | _words()["deaths"])


def births(table: Table) -> list[Column]:
    """The dates of a table that are of births."""
    return [column for column in table.columns if is_date(column) and _is_called(column, _words()["births"])]


def event_dates(table: Table, said: Collection[str]) -> list[Column]:
    """The dates of a table that are of what happens; of several the one that is called as the table is, or as said.

    Args:
        table: With the profiles of its columns.
        said: The stems of the question's words.
    """
    found = [each for each in table.columns if is_date(each) and not is_of_life(each) and not is_key(table, each)]
    spoken = [each for each in found if not {stem(word) for word in _own_words(each)}.isdisjoint(said)]
    return [each for each in found if shares_a_word(table.name, each.name)] or spoken or found


def _own_words(column: Column) -> list[str]:
    return [word for word in name_words(column.name).split() if word not in _NO_DATE_OF_ITS_OWN]


def _is_called(column: Column, words: frozenset[str]) -> bool:
    return bool({*identifier_words(column.name).split(), *name_words(column.name).split()} & words)


def _joined(tree: exp.Expr, context: RepairContext) -> Iterator[JoinTree]:
    for select in list(tree.find_all(exp.Select)):
        joined = JoinTree.of_select(select, context.schema)
        if joined is not None and joined.plain:
            yield joined


class _OwnDates:
    """The dates that one SELECT filters or groups by."""

    def __init__(self, joined: JoinTree, context: RepairContext) -> None:
        self.joined = joined
        self.context = context
        self.said = {word.stem for word in context.question.words}
        self.lives = bool({word.folded for word in context.question.words} & _words()["asked"])

    def put(self) -> bool:
        """Replace the dates of others; return whether there were any."""
        found = {(source, column.name): column for source, column in self._dates()}
        for (source, name), column in found.items():
            own = self._own(source, column)
            uses = [node for node in self._columns() if self._is(node, source, name)]
            if own is None or not self._can_stand_for(own[1], column, uses):
                continue
            for node in uses:
                names = (own[1].name, self.joined.names[own[0]]) if len(self.joined.tables) > 1 else (own[1].name,)
                node.replace(exp.column(*(identifier(each, self.context.dialect) for each in names)))
            self._leave_out(source)
            return True
        return False

    def _columns(self) -> list[exp.Column]:
        return list(self.joined.select.find_all(exp.Column))

    def _is(self, node: exp.Column, source: str, name: str) -> bool:
        return node.name.lower() == name.lower() and self.joined.source_of(node) == source

    def _dates(self) -> Iterator[tuple[str, Column]]:
        """The dates that are not asked for, but filtered or grouped by."""
        select = self.joined.select
        parts = [part for part in (select.args.get("where"), select.args.get("group")) if part is not None]
        for node in (node for part in parts for node in part.find_all(exp.Column)):
            source = self.joined.source_of(node)
            found = declared_column(node, self.context.schema)
            if source is None or found is None or isinstance(node.parent, exp.Is):
                continue
            if is_date(found[1]) and not found[1].profile.is_converted and not self._speaks_of(source, *found):
                yield source, found[1]

    def _speaks_of(self, source: str, table: Table, column: Column) -> bool:
        """Whether the question means a date: says its words, or those of its table."""
        if is_of_life(column):
            return self.lives
        if self.said & {stem(singular(word)) for word in _own_words(column)} or self._said_at(table):
            return True
        return bool(self._left_over(source))

    def _left_over(self, source: str) -> set[str]:
        """The words of the question that no other table of the query, no value and no period explains."""
        question = self.context.question
        spans = [(each.start, each.end) for each in question.values]
        spans += [(each.start, each.end) for each in question.periods]
        spans += [(each.start, each.end) for each in question.numbers]
        known = {
            stem(singular(word))
            for name, table in self.joined.tables.items()
            if name != source
            for part in (table.name, *(column.name for column in table.columns))
            for word in identifier_words(part).split()
        }
        return {
            word.folded
            for word in question.words
            if word.stem not in known
            and singular(word.folded) not in opening_words() | _ONLY_COUNTS
            and not any(start <= word.start < end for start, end in spans)
        }

    def _own(self, source: str, column: Column) -> tuple[str, Column] | None:
        """The source and the only date of what the question says nearest to its period."""
        tables = self.joined.tables
        dates = {name: event_dates(table, self.said) for name, table in tables.items()}
        said = sorted(
            (name for name in tables if self._said_at(tables[name])), key=lambda name: self._away(tables[name])
        )
        for name in said:
            if len(dates[name]) == 1:
                return name, dates[name][0]
            if dates[name]:
                return None
        others = [(name, date) for name, found in dates.items() for date in found]
        return others[0] if is_of_life(column) and not said and len(others) == 1 else None

    def _said_at(self, table: Table) -> list[int]:
        """Where the question says the noun of a table."""
        noun = noun_of(table, self.context.schema)
        return [word.start for word in self.context.question.words if word.stem == noun]

    def _away(self, table: Table) -> int:
        """How far the noun of a table stands before the period; behind it counts as further."""
        question = self.context.question
        period = question.periods[0].start if question.periods else len(question.text)
        return min(period - at if at < period else len(question.text) + at - period for at in self._said_at(table))

    def _can_stand_for(self, own: Column, column: Column, uses: list[exp.Column]) -> bool:
        """Whether a date can replace another wherever the query has it; one that is shown as it is was asked for."""
        select = self.joined.select
        group = select.args.get("group")
        grouped = group.expressions if group is not None else []
        shown = any(node.parent is select and node not in grouped for node in uses)
        on_a_day = any(isinstance(node.parent, exp.EQ | exp.In | exp.Between | exp.GT | exp.LTE) for node in uses)
        return own is not column and not shown and not (on_a_day and holds_times(own) and not holds_times(column))

    def _leave_out(self, source: str) -> None:
        """Drop a table that the query joined for its date alone."""
        neighbours = self.joined.neighbours(source)
        within = {id(node) for join in self.joined.select.args.get("joins") or () for node in join.find_all(exp.Column)}
        used = any(self.joined.source_of(node) in (source, None) for node in self._columns() if id(node) not in within)
        stars = any(item.is_star for item in self.joined.select.expressions)
        if len(neighbours) != 1 or used or stars or self._said_at(self.joined.tables[source]):
            return
        if self.joined.is_one(neighbours[0], source):
            leave_out_source(self.joined.select, source)


@cache
def _words() -> dict[str, frozenset[str]]:
    return {kind: frozenset(words.split()) for kind, words in yaml_beside(__file__, "own_dates.yaml").items()}
