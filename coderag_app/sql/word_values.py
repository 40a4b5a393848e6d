"""Values that are words of the question's grammar: ``singer.Age = 'For'`` of "For each of them ...". Pure.

A value has to be stored, quoted, a number, or written with a capital inside a sentence. A function word is none of
these, and neither is the verb that a sentence begins with.
"""

from __future__ import annotations

import re

from sqlglot import exp

from coderag_app.question.function_words import function_words, interrogatives, opening_words
from coderag_app.question.read_question import Question
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.literals import column_places

_COMPARISONS = (exp.EQ, exp.NEQ, exp.In, exp.Like, exp.ILike)
_SENTENCE_END = re.compile(r"(?:^|[.?!:;]\s+|,\s+)[\"'“‘(]?$")


def word_as_value(tree: exp.Expr, question: Question, values: ValueIndex, dialect: str) -> str:
    """The first comparison with a word that is no value, in words; empty where there is none.

    Args:
        tree: The query.
        question: The question it answers.
        values: The stored texts.
        dialect: The query's dialect.
    """
    for comparison in tree.find_all(*_COMPARISONS):
        column = comparison.this
        if not isinstance(column, exp.Column):
            continue
        for text in (node.name for node in comparison.find_all(exp.Literal) if node.is_string):
            if _is_grammar(text, question) and not _is_stored(column, text, values):
                return f"{column.sql(dialect)} is compared with {text!r}, which is no value but a word of the sentence."
    return ""


def _is_grammar(text: str, question: Question) -> bool:
    """Whether a text is a function word, or a verb that begins a sentence of the question."""
    word = text.strip("% ").casefold()
    if word not in opening_words() or any(word == quoted.text.casefold() for quoted in question.quoted):
        return False
    said = [each for each in question.words if each.folded == word]
    capital_inside = any(each.text[:1].isupper() and not _begins(each.start, question.text) for each in said)
    if word in function_words():
        return bool(said) and (word in interrogatives() or not capital_inside)
    return bool(said) and all(_begins(each.start, question.text) for each in said)


def _begins(start: int, text: str) -> bool:
    return _SENTENCE_END.search(text[:start]) is not None


def _is_stored(column: exp.Column, text: str, values: ValueIndex) -> bool:
    return any(values.stored_form(table, name, text) is not None for table, name in column_places(column))
