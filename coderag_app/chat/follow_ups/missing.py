"""Why a value is not among the rows of an answer: count what each part of the query leaves of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from coderag_app.chat.follow_ups.condition_edits import choose_place
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit, conjuncts
from coderag_app.chat.follow_ups.scope import Place
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.query_words import Phrases
from coderag_app.types import SQLAnswer

CHECK_COLUMNS = ("step", "what", "rows_left")
_MAX_LABEL_CHARS = 120
Run = Callable[[str], SQLAnswer]


@dataclass(frozen=True, slots=True)
class MissingReport:
    """What was found out.

    Attributes:
        note: The reason, in plain words.
        answer: The query that shows it with its rows: each step, and how many rows it leaves. None where the value is
            stored nowhere, so that there is nothing to count.
    """

    note: str
    answer: SQLAnswer | None = None


@dataclass(frozen=True, slots=True)
class _Check:
    """A part of the query: its words, and the SELECT that counts the value's rows that are left after it."""

    words: str
    kind: str
    query: exp.Select


def explain_missing(text: str, previous: SQLAnswer, schema: Schema, values: ValueIndex, run: Run) -> MissingReport:
    """Find which part of the previous query leaves a value out.

    Args:
        text: What is missing, as asked.
        previous: The answer that lacks it.
        schema: The database's schema.
        values: Its stored texts.
        run: Checks and runs SQL, e.g. ``engine.run_sql``.

    Raises:
        CannotEditError: The query is of a form that cannot be taken apart, or a check failed.
    """
    text = text.strip().strip("'\"")
    match = next(iter(values.find(text)), None)
    if match is None:
        near = values.near(text)
        hint = f" Similar values: {', '.join(near)}." if near else ""
        return MissingReport(f"No text in this database is spelled {text!r}, so no query can show it.{hint}")
    edit = QueryEdit(previous.sql, schema)
    place, stored = choose_place(edit, match, text)
    shown = next((number for number, row in enumerate(previous.rows, 1) if stored in row), None)
    if shown is not None:
        return MissingReport(f"{stored} is there: in row {shown} of the answer.", previous)
    checks = _checks(edit, place, stored)
    answer = run(_union(checks, edit.dialect))
    if not answer.ok:
        raise CannotEditError(f"The checks could not be run: {answer.error}")
    counts = [int(row[2]) for row in sorted(answer.rows)]
    gone = next((number for number, count in enumerate(counts) if count == 0), None)
    if gone is not None:
        return MissingReport(_reason(checks, counts, gone, stored), answer)
    return MissingReport(_kept_reason(edit, previous, place, stored, counts[0], run), answer)


def _checks(edit: QueryEdit, place: Place, stored: str) -> list[_Check]:
    """The value's rows in its own table, then after each join, each condition and the condition on groups."""
    root = edit.root
    start = root.args.get("from_")
    if not place.source or start is None or root.args.get("with_") is not None:
        raise CannotEditError("The query works on results of its own; its parts cannot be looked at one by one.")
    joins = list(root.args.get("joins") or ())
    value = edit.condition_on(place, lambda column: exp.EQ(this=column, expression=exp.Literal.string(stored)))
    relations = [start.this, *(join.this for join in joins)]
    own = next(relation for relation in relations if relation.alias_or_name == place.source)
    names = {r.alias_or_name.lower(): r.name for r in relations if r.name} if joins else {}
    phrases = Phrases(edit.dialect, names, lambda node: node.sql(edit.dialect))
    name = f"{place.table.name}.{place.column.name}"
    checks = [_Check(f"{name} is '{stored}'", "value", _counted(own, [], [value]))]
    first = relations.index(own)
    for number in range(max(first, 1), len(relations)):
        added = relations[number : number + 1] if number > first else relations[: number + 1]
        others = [relation.name or "a nested query" for relation in added if relation is not own]
        words = f"joined with {' and '.join(others)}"
        checks.append(_Check(words, "join", _counted(start.this, joins[:number], [value])))
    kept = [value]
    for conjunct in conjuncts(root):
        kept.append(conjunct)
        checks.append(_Check(phrases.condition(conjunct), "condition", _counted(start.this, joins, kept)))
    having, group = root.args.get("having"), root.args.get("group")
    if having is not None:
        inner = _counted(start.this, joins, kept)
        inner.set("group", group.copy() if group is not None else None)
        inner.set("having", having.copy())
        counted = exp.select(exp.Count(this=exp.Star())).from_(inner.subquery("groups"))
        checks.append(_Check(phrases.condition(having.this), "group", counted))
    return checks


def _counted(source: exp.Expr, joins: list[exp.Join], kept: list[exp.Expr]) -> exp.Select:
    query = exp.select(exp.Count(this=exp.Star())).from_(source.copy())
    query.set("joins", [join.copy() for join in joins])
    return query.where(*[condition.copy() for condition in kept])


def _union(checks: list[_Check], dialect: str) -> str:
    """One query with a row for each check: its number, its words, the rows left."""
    parts: list[str] = []
    for number, check in enumerate(checks, 1):
        words = exp.Literal.string(" ".join(check.words.split())[:_MAX_LABEL_CHARS]).sql(dialect)
        query = check.query.copy()
        counted = query.expressions[0]
        names = CHECK_COLUMNS if number == 1 else ("", "", "")
        outputs = [exp.Literal.number(number), exp.maybe_parse(words, dialect=dialect), counted]
        query.set("expressions", [exp.alias_(o, n) if n else o for o, n in zip(outputs, names, strict=True)])
        parts.append(query.sql(dialect))
    return " UNION ALL ".join(parts)


def _reason(checks: list[_Check], counts: list[int], gone: int, stored: str) -> str:
    check = checks[gone]
    if gone == 0:
        return f"No row of the query's tables belongs to {stored}."
    left = f"{_rows(counts[0])} {'has' if counts[0] == 1 else 'have'} {stored}"
    if counts[gone - 1] != counts[0]:
        left += f"; {_rows(counts[gone - 1])} {'is' if counts[gone - 1] == 1 else 'are'} there before this step"
    one = counts[gone - 1] == 1
    reasons = {
        "join": f"{'it is' if one else 'they are'} gone once the query is {check.words}: there is no matching row.",
        "condition": f"{'it does not meet' if one else 'none of them meets'} the condition: {check.words}.",
        "group": f"the group does not meet the condition: {check.words}.",
    }
    return f"{left}, and {reasons[check.kind]}"


def _kept_reason(edit: QueryEdit, previous: SQLAnswer, place: Place, stored: str, count: int, run: Run) -> str:
    """Why a value is not shown though its rows meet every condition: the limit, or that its column is not shown."""
    limit = edit.root.args.get("limit")
    if limit is not None:
        edit.root.set("limit", None)
        edit.root.set("offset", None)
        rows = run(edit.sql).rows
        position = next((number for number, row in enumerate(rows, 1) if stored in row), None)
        if position is not None:
            return f"{stored} comes at place {position}, and the query stops after {len(previous.rows)} rows."
    return (
        f"{_rows(count)} with {stored} {'meets' if count == 1 else 'meet'} every condition of the query, but the query "
        f"does not show {place.table.name}.{place.column.name}, so the name does not appear."
    )


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
