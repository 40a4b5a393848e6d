"""The rows that a command to change data would change: the question for them, and the query that shows them. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.files import yaml_beside
from coderag_app.sql.checks import coverage
from coderag_app.sql.parsing import parse_one

if TYPE_CHECKING:
    from coderag_app.sql.repairs import RepairContext
    from coderag_app.types import SQLAnswer

_LEAST_SURE = 0.5  # whoever gets the query reads it before anything is changed
_STATEMENT = re.compile(r"\s*(?:delete\s+from|update\s+\S+\s+set)\b", re.IGNORECASE)


def question_for_rows(command: str) -> str:
    """The question for the rows that a command means; empty where it means none that are there.

    Example:
        >>> question_for_rows("Please delete all cancelled orders!"), question_for_rows("raise the wages in Oslo by 5%")
        ('Show all cancelled orders', 'Show the wages in Oslo')
        >>> question_for_rows("add a new guest Bob to guests")
        ''
    """
    wordings = _wordings()
    words = re.sub(r"[\s.!?;]+$", "", command).strip()
    for pattern in wordings["rows"]:
        if found := re.match(f"{wordings['polite']}(?:{pattern})$", words, re.IGNORECASE):
            rows = re.sub(
                r"^(?:all|every|each|any)\s+(?:of\s+)?(?:the\s+)?", "all ", found["rows"], flags=re.IGNORECASE
            )
            return f"Show {rows}"
    return ""


def query_for_rows(statement: str, dialect: str) -> str:
    """The query for the rows that a DELETE or UPDATE of one table would change; empty for anything else.

    Example:
        >>> query_for_rows("DELETE FROM orders WHERE state = 'cancelled'", "sqlite")
        "SELECT * FROM orders WHERE state = 'cancelled'"
    """
    single = statement.strip().rstrip(";")
    if not _STATEMENT.match(single) or ";" in single:
        return ""
    try:
        tree = parse_one(single, dialect=dialect)
    except SqlglotError:
        return ""
    told = {name for name, value in tree.args.items() if value}
    if not isinstance(tree, exp.Delete | exp.Update) or not told <= {"this", "where", "expressions"}:
        return ""
    query = exp.select("*").from_(tree.this.copy())
    if where := tree.args.get("where"):
        query = query.where(where.this.copy())
    return query.sql(dialect=dialect)


def rows_shown(answer: SQLAnswer, context: RepairContext) -> str:
    """The query of an answer that shows single rows of the data, whole where they are of one table.

    Every word that tells the rows must be in its conditions. What is changed need not be: "the price" of a chair.

    Args:
        answer: The answer to ``question_for_rows``.
        context: That question, read, with the schema and the stored values.

    Returns:
        SQL; empty where the answer is none, is doubted or unsure, counts and groups, or shows more rows than are meant.
    """
    if not (answer.ok and answer.executed) or answer.doubts:
        return ""
    if answer.confidence is not None and answer.confidence.score < _LEAST_SURE:
        return ""
    dialect = context.schema.dialect
    tree = parse_one(answer.sql, dialect=dialect)
    if not isinstance(tree, exp.Select) or any(tree.args.get(part) for part in ("group", "having", "limit")):
        return ""
    if any(each.find(exp.AggFunc) for each in tree.expressions):
        return ""
    whole = tree.copy()
    whole.set("expressions", [exp.Star()])
    whole.set("distinct", None)
    said, changed = coverage(whole, context), _changed(context.question.text)
    if not said.asked or any(word not in changed for unused in said.unused for word in unused.split()):
        return ""
    return (tree if tree.args.get("joins") else whole).sql(dialect=dialect)


def _changed(asked: str) -> set[str]:
    """The words for what is changed in the rows: those before "of", or the only one."""
    before, of, _ = re.sub(r"^Show (?:(?:all|the) )*", "", asked).partition(" of ")
    return set(before.split()) if of or len(before.split()) == 1 else set()


@cache
def _wordings() -> dict[str, Any]:
    wordings: dict[str, Any] = yaml_beside(__file__, "requests.yaml")
    return {"polite": wordings["polite"], "rows": wordings["changes"]["rows"]}
