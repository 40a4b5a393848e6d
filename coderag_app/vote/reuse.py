"""Retrieved queries as candidates: a verified or synthetic example may already be the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from coderag_app.errors import SQLRejectedError
from coderag_app.question.read_question import Question
from coderag_app.schema.name_words import NUMBER_WORDS
from coderag_app.schema.tables import Schema
from coderag_app.sql.guard import CheckedSQL, check_sql
from coderag_app.types import RetrievedExample

_OF_THE_FORMULA = frozenset(("0", "1", "100", "0.0", "1.0", "100.0"))


def reusable(
    question: Question, examples: Sequence[RetrievedExample], schema: Schema, dialect: str
) -> list[CheckedSQL]:
    """Find retrieved SQL that fits the schema and whose literals are all in the question.

    Args:
        question: The question.
        examples: Retrieved examples, from any database.
        schema: The live schema.
        dialect: Its dialect.
    """
    found: dict[str, CheckedSQL] = {}
    for retrieved in examples:
        try:
            checked = check_sql(retrieved.example.sql, schema, dialect)
        except SQLRejectedError:
            continue
        if _says_its_literals(question, checked.tree):
            found.setdefault(checked.sql, checked)
    return list(found.values())


def _says_its_literals(question: Question, tree: exp.Expr) -> bool:
    asked = question.text.casefold()
    return all(_is_said(literal, asked) for literal in tree.find_all(exp.Literal))


def _is_said(literal: exp.Literal, asked: str) -> bool:
    text = str(literal.this).casefold().strip("%")
    if literal.is_string:
        return text in asked
    words = [text, NUMBER_WORDS[int(text)]] if text.isdigit() and int(text) < len(NUMBER_WORDS) else [text]
    return text in _OF_THE_FORMULA or any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", asked) for word in words)
