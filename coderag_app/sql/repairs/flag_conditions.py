"""Turn adjectives and participles into conditions on flags and on dates that may be missing.

"Inactive employees" means ``is_active = 0``, and parcels that "were not delivered" have no ``delivered_on``. Which
column is meant is seen by its name alone: the word, without a negative prefix, has the stem of what is left of the name
without "is" or "at". A flag holds two values, and a date that says whether something happened is missing in some rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.question.read_question import Word
from coderag_app.schema.name_words import name_words, stem
from coderag_app.schema.profile import Kind
from coderag_app.schema.tables import Column, Table, identifier
from coderag_app.sql.literals import declared_column, select_tables
from coderag_app.sql.repairs.conditions import conditions, leave_out
from coderag_app.sql.repairs.context import RepairContext

_SHORTEST = 3  # letters of a word that a prefix is taken from


@dataclass(frozen=True, slots=True)
class _Said:
    """A column that a word of the question speaks of, and whether it must be so."""

    table: Table
    column: Column
    holds: bool


def filter_by_flags(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Add the condition that a word puts on a flag or date; turn a flag around where it says the opposite.

    A query that has the column anywhere else stays as it is, and so does one with several SELECTs from its table. An
    invented condition (``weight = 0`` for "not delivered") gives way to it.

    Args:
        tree: A query; it is changed.
        context: Its schema with profiles, and the question.
    """
    said = list(_said(context))
    for each in said:
        if sum(other.column is each.column for other in said) == 1:
            _filter(tree, each, context)
    return tree


def _said(context: RepairContext) -> Iterator[_Said]:
    """What the words say of flags and dates; a word that fits several columns of a table says nothing."""
    words = context.question.words
    asked = {word.folded for word in words}
    for at, word in enumerate(words):
        around = {words[place].folded for place in (at - 1, at + 1) if 0 <= place < len(words)}
        if around & _data("either"):
            continue
        negated = _is_negated(words, at)
        for table in context.schema.tables:
            found = []
            for column in table.columns:
                holds = _speaks_of(word, column, asked)
                if holds is not None:
                    found.append(_Said(table, column, holds is not negated))
            if len(found) == 1:
                yield found[0]


def _speaks_of(word: Word, column: Column, asked: set[str]) -> bool | None:
    """Whether a word says that a flag or date is set, or that it is not; None where it says something else."""
    parts = name_words(column.name).split()
    if column.profile.flag is not None or column.is_boolean:
        own, is_date = [part for part in parts if part not in _data("flag_marks")], False
    elif (column.profile.kind is Kind.DATE or column.is_temporal) and column.profile.nulls:
        own, is_date = [part for part in parts if part not in _data("date_marks")], True
        if len(own) == len(parts) or asked & _data("asks_when"):
            return None
    else:
        return None
    if len(own) != 1:
        return None
    for text, holds in _readings(word.folded):
        if text == own[0] or (stem(text) == stem(own[0]) and (not is_date or text.endswith(("ed", "en")))):
            return holds if not own[0].startswith(("non", "un")) or text == own[0] else None
    return None


def _readings(word: str) -> Iterator[tuple[str, bool]]:
    """A word as it is, and without a prefix that says the opposite."""
    yield word, True
    for prefix in _data("prefixes"):
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) >= _SHORTEST:
            yield rest, False


def _is_negated(words: tuple[Word, ...], at: int) -> bool:
    for word in reversed(words[:at]):
        if word.folded in _data("negations") or word.folded.endswith(("n't", "n’t")) or word.folded == "non":
            return True
        if word.folded not in _data("between"):
            return False
    return False


def _filter(tree: exp.Expr, said: _Said, context: RepairContext) -> None:
    sources = [
        (select, source)
        for select in tree.find_all(exp.Select)
        for source in select_tables(select)
        if source.name.lower() == said.table.name.lower()
    ]
    if len(sources) != 1:
        return
    select, source = sources[0]
    used = [node for node in tree.find_all(exp.Column) if _is(node, said, context)]
    several = len(list(select_tables(select))) > 1
    column = exp.column(
        identifier(said.column.name, context.dialect),
        identifier(source.alias_or_name, context.dialect) if several or source.alias else None,
    )
    wanted = _condition(column, said, context.dialect)
    if used and len(used) == 1 and isinstance(wanted, exp.EQ):
        _turn_around(used[0], wanted)
    elif not used and wanted is not None:
        _add(select, wanted, context)


def _turn_around(column: exp.Column, wanted: exp.EQ) -> None:
    """Let an equality of the column say what is wanted."""
    comparison = column.parent
    if isinstance(comparison, exp.EQ) and isinstance(comparison.expression, exp.Literal | exp.Boolean):
        comparison.set("expression", wanted.expression.copy())


def _add(select: exp.Select, wanted: exp.Expr, context: RepairContext) -> None:
    """Add a condition, in the place of an invented one if there is one."""
    invented = [each for each in select.find_all(exp.EQ) if _is_invented(each, context)]
    in_cases = [each for each in invented if each.find_ancestor(exp.Case) is not None]
    if len(in_cases) == 1:
        in_cases[0].replace(wanted)
        return
    leave_out(select, [each for each in conditions(select) if any(each is other for other in invented)])
    select.where(wanted, copy=False)


def _is(node: exp.Column, said: _Said, context: RepairContext) -> bool:
    found = declared_column(node, context.schema)
    return found is not None and found[0] is said.table and found[1] is said.column


def _condition(column: exp.Column, said: _Said, dialect: str) -> exp.Expr | None:
    """The condition on a flag by what it stores, or on a date by whether there is one."""
    flag = said.column.profile.flag
    if flag is not None:
        value = flag[0] if said.holds else flag[1]
        if said.column.is_boolean and dialect in ("postgres", "duckdb"):
            return exp.EQ(this=column, expression=exp.Boolean(this=said.holds))
        literal = exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(int(value))
        return exp.EQ(this=column, expression=literal)
    if said.column.is_boolean:
        return exp.EQ(this=column, expression=exp.Boolean(this=said.holds)) if dialect != "sqlite" else None
    missing = exp.Is(this=column, expression=exp.Null())
    return exp.not_(missing) if said.holds else missing


def _is_invented(equality: exp.EQ, context: RepairContext) -> bool:
    """Whether a number is compared with 0 or 1 that the question does not say, in a column that it does not name."""
    literal, column = equality.expression, equality.this
    if not isinstance(column, exp.Column) or not isinstance(literal, exp.Literal) or literal.name not in ("0", "1"):
        return False
    stems = {word.stem for word in context.question.words}
    named = any(stem(part) in stems for part in name_words(column.name).split())
    said = any(number.text == literal.name for number in context.question.numbers)
    found = declared_column(column, context.schema)
    return not named and not said and found is not None and found[1].profile.flag is None


@cache
def _data(name: str) -> frozenset[str]:
    return frozenset(str(yaml_beside(__file__, "flag_conditions.yaml")[name]).split())
