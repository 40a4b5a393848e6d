"""A follow-up rewritten so that it can be understood without the conversation. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.question.function_words import opening_words
from coderag_app.question.read_question import NamedItem
from coderag_app.sql.parsing import parse_one
from coderag_app.types import SQLAnswer

_MAX_WORDS = 25
_MAX_CHARS = 4_000
_START = re.compile(
    r"\s*(?:and|but|or|what about|how about|only|just|also|same|instead|now|then|why|with|without|except|excluding|"
    r"sort(?:ed)?|order(?:ed)?|group(?:ed)?|by|per|for|in|from|since|before|after|top \d+|how many\s*\??$|"
    r"(?:what|who|which|when|where|how)[^?]{0,40}\b(?:them|those|these|they|their|its)\b)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\b(?:of|among|for) (?:them|those|these)\b|\bthe same\b|\bthose ones\b", re.IGNORECASE)
_OTHER_VALUE = re.compile(
    r"\s*(?:(?:and|but|ok|now)[, ]+)*(?:what about|how about|and|only)?\s*(?:the )?(?:in|for|from|of|with|on|at)?\s*"
    r"(?P<value>[^?.!]{1,60}?)(?:\s+instead)?\s*[?.!]*\s*",
    re.IGNORECASE,
)


# Words that point back, or that go on with what was said.
_REFERS = re.compile(
    r"\b(?:them|those|these|they|their|theirs|its|it|that|this|his|her|same|also|too|instead|as well|above|previous)\b|"
    r"^\s*(?:and|but|or|what about|how about|only|just|now|then|with|without|except|excluding)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\s*(?:top \d+ \w|how many|how much|what|which|who|when|where)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up as a question that stands alone.

    Attributes:
        text: The stand-alone question.
        how: What was made of it, in words; empty when the question stood alone already.
    """

    text: str
    how: str = ""


def standalone_question(question: str, previous: SQLAnswer, names: Sequence[NamedItem] = ()) -> FollowUp:
    """Rewrite a follow-up so that it can be understood without the conversation.

    Args:
        question: The follow-up, or a question that starts afresh.
        previous: The answer before it.
        names: The tables and columns that the question names.

    Where the previous question names a value that its SQL compares with, and the follow-up is nothing but another
    value, that value takes its place; otherwise the follow-up is put behind the previous question.

    Example:
        >>> from coderag_app.types import AnswerStatus
        >>> before = SQLAnswer("How many shops are in Paris?", "SELECT count(*) FROM shops WHERE city = 'Paris'",
        ...                    AnswerStatus.ANSWERED)
        >>> standalone_question("and in Lyon?", before).text, standalone_question("only the open ones", before).text
        ('How many shops are in Lyon?', 'How many shops are in Paris, only the open ones?')
    """
    question = " ".join(question.split())
    if not is_follow_up(question) or not previous.question or starts_afresh(question, previous, names):
        return FollowUp(question)
    swapped = _with_other_value(question, previous)
    text = swapped or f"{previous.question.rstrip(' ?.!')}, {_inside_a_sentence(question.rstrip(' ?.!'))}?"
    return FollowUp(text[:_MAX_CHARS], f"Understood as: {text[:_MAX_CHARS]}")


def question_with(question: str, previous: SQLAnswer) -> str:
    """The question that a changed query answers: the stand-alone form, else the previous question with the change."""
    followed = standalone_question(question, previous)
    if followed.how:
        return followed.text
    return f"{previous.question.rstrip(' ?.!')}, {_inside_a_sentence(' '.join(question.split()).rstrip(' ?.!'))}?"


def starts_afresh(question: str, previous: SQLAnswer, names: Sequence[NamedItem]) -> bool:
    """Whether a question that may be a follow-up is one of its own: it names another table and refers to nothing.

    "For each vendor the number of orders" says all that is asked, where the query before reads neither; "for each
    vendor" alone does not.
    """
    if _REFERS.search(question) is not None:
        return False
    try:
        used = {table.name.lower() for table in parse_one(previous.sql).find_all(exp.Table)}
    except (SqlglotError, RecursionError):
        return False
    new = {name.table.lower() for name in names if not name.column} - used
    said = {(name.start, name.end) for name in names if name.table.lower() not in used or not name.column}
    return bool(new) and (_ASKS.match(question) is not None or len(said) > 1)


def _inside_a_sentence(question: str) -> str:
    """The question without the capital of its first word, which would make it a name; one that goes on is kept."""
    head, blank, rest = question.partition(" ")
    plain = head[1:].islower() and not rest[:1].isupper() and head.casefold() in opening_words()
    return f"{head.lower()}{blank}{rest}" if plain else question


def is_follow_up(question: str) -> bool:
    """Whether the words point back to a question before: by how they begin, or by what they refer to."""
    short = len(question.split()) <= _MAX_WORDS
    return short and (_START.match(question) is not None or _REFERENCE.search(question) is not None)


def _with_other_value(question: str, previous: SQLAnswer) -> str:
    """The previous question with its value replaced by the only thing that the follow-up names; empty otherwise."""
    match = _OTHER_VALUE.fullmatch(question)
    value = match["value"].strip() if match is not None else ""
    if not value or len(value.split()) > 4 or (value[0].islower() and not value[0].isdigit()):
        return ""
    try:
        literals = list(parse_one(previous.sql).find_all(exp.Literal))
    except (SqlglotError, RecursionError):
        return ""
    for literal in literals:
        number = value.replace(".", "").isdigit()
        mentioned = re.search(rf"(?<!\w){re.escape(literal.name)}(?!\w)", previous.question, re.IGNORECASE)
        if mentioned is not None and literal.name and literal.name.replace(".", "").isdigit() == number:
            return previous.question[: mentioned.start()] + value + previous.question[mentioned.end() :]
    return ""
