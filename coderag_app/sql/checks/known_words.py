"""Which words of a question a database knows: by the name of a table or column, by a stored value, or by meaning.

A question none of whose words is known ("what's the weather?") is about the world, and so is one that asks who or what
something unknown is ("who is the president of France?"), even where France is stored. A query that leaves out two
unknown words ("patients allergic to penicillin") or the first thing asked for may answer another question.
A proper name or a quoted text
that is stored nowhere is kept or the question is not answered, but it is never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from coderag_app.question.read_question import Question, Word
from coderag_app.schema.name_words import singular, stem
from coderag_app.schema.tables import Schema
from coderag_app.sql.checks.coverage import (
    SIMILAR,
    abbreviates,
    content_words_of,
    operations_of,
    relatives,
    similarity,
    words_of_name,
)
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.self_references import said_relations

# "who lives there" asks for no kind of thing, "who is the president" and "which presidents" do.
_ASKS_FOR = re.compile(r"(?:(?:who|what)(?:['’]s| is| are| was| were| will)|which) (?:the |an? |be )?", re.IGNORECASE)
_LEAST_LIKE = 0.85
_LEAST_UNKNOWN = 2  # one word may be a synonym that the model knows: "all orders" of a table of purchases
_FAINTLY_SIMILAR = 0.35  # "area" and "hectares" have 0.40, "weather" and any name of a farm at most 0.16


class KnownWords:
    """What the names of a schema and the values of a database know of a question's words.

    Args:
        context: The schema, and the question as read with it and the stored values.
        near: The cosine from which a name is near a word in meaning.
    """

    def __init__(self, context: RepairContext, near: float = _FAINTLY_SIMILAR) -> None:
        self.near = near
        self.question = context.question
        self.names = _names(context.schema)
        self.content = [word for word in content_words_of(self.question) if not _says_how(word.folded)]
        self.stems = {stem(singular(name)) for name in self.names}
        self.relations = [(start, end) for start, end, *_ in said_relations(context)]

    def unknown(self) -> list[Word]:
        """The content words that the database doesn't know."""
        return [word for word in self.content if not self.knows(word)]

    def knows(self, word: Word) -> bool:
        """Whether a name or value says the word, or a name is spelled like it or near it in meaning."""
        if self.says(word) or self._is_half_a_name(word) or any(relatives(word.folded, name) for name in self.names):
            return True
        if any(abbreviates(name, word.folded) for name in self.names):
            return True
        close = len(word.folded) > 4 and get_close_matches(word.folded, self.names, 1, _LEAST_LIKE)
        return bool(close) or similarity(word.folded, self.names) >= self.near

    def _is_half_a_name(self, word: Word) -> bool:
        """Whether it makes one name with the word before or behind it: "high schoolers" of ``highschooler``."""
        words = self.question.words
        at = words.index(word)
        pairs = zip(words[max(at - 1, 0) : at + 1], words[at : at + 2] if at else words[1:2], strict=False)
        joined = (singular(first.folded + second.folded) for first, second in pairs)
        return any(stem(name) in self.stems for name in joined)

    def says(self, word: Word) -> bool:
        """Whether a name, a stored value, a period or a number says the word itself."""
        if any(match.start <= word.start and word.end <= match.end for match in self.question.values):
            return True
        spans = [(said.start, said.end) for said in self.question.periods]
        spans += [(said.start, said.end) for said in self.question.numbers]
        spans += self.relations
        if any(start <= word.start and word.end <= end for start, end in spans):
            return True
        return word.stem in self.stems

    def asked_for(self) -> list[Word]:
        """The words between "who is the" or "which" and the next word that only asks."""
        begin = _ASKS_FOR.match(self.question.text)
        if begin is None:
            return []
        found: list[Word] = []
        for word in self.question.words:
            if word.start < begin.end() or _says_how(word.folded):
                continue
            if word not in self.content or not word.text.islower():
                break
            found.append(word)
        return found


def question_of_the_world(context: RepairContext) -> str:
    """Why a database cannot answer a question: what it knows nothing of, as asked; empty where it may.

    Args:
        context: The schema, and the question as read with it and the stored values.
    """
    known = KnownWords(context)
    asking = len(context.question.words) - len(content_words_of(context.question))
    if not asking:
        return ""  # keywords, or a language that these lists don't know
    unknown = known.unknown()
    names = any(word.text[:1].isupper() and word.start for word in unknown)  # they may be values that are not stored
    if len(unknown) >= _LEAST_UNKNOWN and not names and len(unknown) == len(known.content):
        return _listed(context.question, unknown)
    asked = known.asked_for()
    if asked and all(word in unknown for word in asked):
        return _listed(context.question, asked)
    return ""


def dropped_names(unused: Sequence[str], context: RepairContext) -> str:
    """Say which proper names or quoted texts a query drops although the database doesn't store them; empty if none.

    Args:
        unused: What of the question the query does not use, as asked.
        context: The schema, the stored values and the question.
    """
    known = KnownWords(context)
    said = []
    for text in unused:
        start = context.question.text.find(text)
        quoted = any(each.start <= start < each.end for each in context.question.quoted)
        if not (quoted or "@" in text or (start > 0 and text[:1].isupper())):
            continue
        inside = [word for word in context.question.words if start <= word.start < start + len(text)]
        if not any(map(known.says, inside)):
            near = " or ".join(f"'{value}'" for value in context.values.near(text, 2))
            said.append(f"There is no '{text}' in the database{f'; did you mean {near}?' if near else '.'}")
    return " ".join(said)


def not_held(unused: Sequence[str], context: RepairContext) -> str:
    """Say what a query leaves out that the database knows nothing of; empty where it may still answer.

    One such word may be a synonym or a figure of speech. Two, or the first thing that is asked for, are the question.

    Args:
        unused: What of the question the query does not use, as asked.
        context: The schema, the stored values and the question.
    """
    known = KnownWords(context, SIMILAR)
    starts = [context.question.text.find(text) for text in unused]
    spans = [(start, start + len(text)) for start, text in zip(starts, unused, strict=True)]
    lacking = [
        word
        for word in known.unknown()
        if word.text.islower() and any(start <= word.start < end for start, end in spans)
    ]
    # Alone, a word must be further away: at 0.45, "gender" beside a column ``sex`` would count.
    faintly = KnownWords(context)
    if len(lacking) < _LEAST_UNKNOWN and (lacking[:1] != known.content[:1] or any(map(faintly.knows, lacking))):
        return ""
    said = ", ".join(f"'{word.text}'" for word in lacking)
    return f"This database holds nothing on {said}." if said else ""


def _says_how(word: str) -> bool:
    """Whether a word says how something is asked for, and not what: average, most, recently."""
    return bool(operations_of(word)) or word.endswith("ly") or word in ("recent", "common", "popular", "alphabetic")


def _listed(question: Question, words: Sequence[Word]) -> str:
    return ", ".join(question.text[word.start : word.end] for word in words)


def _names(schema: Schema) -> list[str]:
    return sorted(set(_words_of_schema(schema)))


def _words_of_schema(schema: Schema) -> Iterator[str]:
    for table in schema.tables:
        yield from words_of_name(table.name)
        for column in table.columns:
            yield from words_of_name(column.name)
