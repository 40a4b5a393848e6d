"""Whether a question refers to something that it does not say. Pure.

"What is their average age?" and "the name of this visitor" are asked of all rows where nobody knows who is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.sql.checks.coverage import content_words_of, operations_of
from coderag_app.sql.repairs.context import RepairContext


def open_references(_: exp.Expr, context: RepairContext) -> Iterator[str]:
    """A pronoun that nothing stands before, or "this" and "such" before the first mention of a table.

    Args:
        context: With the question; a follow-up in words that stand alone says what it refers to.
    """
    words = context.question.words
    content = {word for word in content_words_of(context.question) if not operations_of(word.folded)}
    tables = {name.start for name in context.question.names if not name.column}
    for at, word in enumerate(words):
        before = words[:at]
        after = words[at + 1] if at + 1 < len(words) else None
        if word.folded in _words()["pronouns"] and not content & set(before):
            yield f"Nothing in the question says what '{word.text}' refers to"
            return
        pointing = word.folded in _words()["pointing"] or (
            word.folded == "that" and at > 0 and words[at - 1].folded in _words()["prepositions"]
        )
        if (
            pointing
            and after is not None
            and after.start in tables
            and after.stem not in {each.stem for each in before}
        ):
            yield f"Nothing in the question says which '{word.text} {after.text}' refers to"
            return


@cache
def _words() -> dict[str, frozenset[str]]:
    return {kind: frozenset(words.split()) for kind, words in yaml_beside(__file__, "open_references.yaml").items()}
