"""Requests that are no questions of the data: commands to change it, thanks, greetings, "what can I ask?". Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from coderag_app.files import yaml_beside
from coderag_app.sql.explanation import explain_sql

if TYPE_CHECKING:
    from coderag_app.schema.tables import Schema
    from coderag_app.types import SQLAnswer

_MOST_WORDS = 12  # of small talk; longer sentences ask for something
_SHOWN_TABLES = 12
_LEAST_WORDS = 2  # of a language, to be told from a name: "Las Vegas", "Der Spiegel"
_ENGLISH = frozenset(
    "the by from and how what which who are many show list give find all of does did with each".split()
)


def reply_to_request(question: str, schema: Schema | None, previous: SQLAnswer | None = None) -> str:
    """What to say where no query should run; empty for a question of the data.

    Args:
        question: The words.
        schema: The database's schema, to say what can be asked.
        previous: The last answer of the conversation, to explain it, and because "remove the city" then changes it.

    Example:
        >>> reply_to_request("Please delete all orders of 2021", None)[:27], reply_to_request("thanks!", None)[:14]
        ('I only read this database: ', "You're welcome")
        >>> reply_to_request("How many orders were deleted?", None)
        ''
    """
    wordings = _wordings()
    words = _bare(question)
    asks = question.rstrip().endswith("?")
    if is_change(question, previous):
        return str(wordings["changes"]["reply"])
    if len(words.split()) > _MOST_WORDS:
        return ""
    for kind in wordings["whole"].values():
        if (kind.get("asks") or not asks) and _matches(f"{wordings['polite']}(?:{kind['pattern']})$", words):
            return str(kind["reply"]).format(abilities=_abilities(schema), explanation=_explanation(schema, previous))
    return ""


def is_change(question: str, previous: SQLAnswer | None = None) -> bool:
    """Whether it is a command to change data; ``previous`` is the last answer, which "remove the city" then means."""
    wordings = _wordings()
    changes = [*wordings["changes"]["always"], *(() if previous is not None else wordings["changes"]["first"])]
    return any(_matches(f"{wordings['polite']}{pattern}", _bare(question)) for pattern in changes)


def offer_of_rows() -> str:
    """What is said with a query for the rows that a command would change."""
    return str(_wordings()["changes"]["offer"])


def reply_to_other_language(question: str) -> str:
    """What a model that reads English alone says to another language; empty for English, and where it is not clear.

    Example:
        >>> reply_to_other_language("Wie viele Kunden gibt es in Berlin?")[:27]
        'I read English (this model)'
        >>> reply_to_other_language("How many customers are in Los Angeles?")
        ''
    """
    languages = _wordings()["languages"]
    words = re.findall(r"[^\W\d_]+", question.lower())
    counts = {name: sum(map(said.split().count, words)) for name, said in languages.items() if name != "reply"}
    likeliest = max(counts, key=lambda name: counts[name])
    is_other = counts[likeliest] >= _LEAST_WORDS and counts[likeliest] > len(words) / 4
    return str(languages["reply"]).format(language=likeliest) if is_other and _ENGLISH.isdisjoint(words) else ""


@cache
def _wordings() -> dict[str, Any]:
    wordings: dict[str, Any] = yaml_beside(__file__, "requests.yaml")
    return wordings


def _bare(question: str) -> str:
    return re.sub(r"[\s.!?]+$", "", question).strip()


def _matches(pattern: str, words: str) -> bool:
    return re.match(pattern, words, re.IGNORECASE) is not None


def _abilities(schema: Schema | None) -> str:
    if schema is None:
        return "Ask a question of the data in the examples' databases."
    names = [table.name for table in schema.tables]
    more = f" and {len(names) - _SHOWN_TABLES} more" if len(names) > _SHOWN_TABLES else ""
    return (
        f"Ask about the data in plain language, for example how many {names[0]} there are. "
        f"The tables are: {', '.join(names[:_SHOWN_TABLES])}{more}."
    )


def _explanation(schema: Schema | None, previous: SQLAnswer | None) -> str:
    said = explain_sql(previous.sql, schema.dialect if schema is not None else "sqlite") if previous is not None else ""
    return said or "There is no answer yet to explain. Ask a question first."
