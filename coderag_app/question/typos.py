"""Read misspelt words as the names, values and aggregates that they are nearest to: "avarage" is "average". Pure.

A word is a slip only if nothing else knows it: no English word, no name or stored value, no number or period, no proper
name; and only if a single known word is one or two letters away.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache, lru_cache

from coderag_app.encoders.word_vectors import word_vectors
from coderag_app.files import yaml_beside
from coderag_app.question.function_words import opening_words
from coderag_app.question.read_question import Misspelt, Question, Word
from coderag_app.schema.name_words import identifier_words, name_words, singular, stem
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex, without_accents

_SHORTEST, _LONG = 4, 8  # letters: from these on one letter, or two, may be wrong
_SHORTEST_VALUE = 5
_CUT = 3  # letters that an abbreviation leaves out, and a slip doesn't


def misspelt_words(question: Question, schema: Schema, values: ValueIndex) -> tuple[Misspelt, ...]:
    """Find the words of a question that are slips of one known word each.

    Args:
        question: As read with the schema and the stored values.
        schema: Whose names may be meant.
        values: The stored texts that may be meant.
    """
    unknown = [word for word in question.words if _is_unknown(word, question)]
    if not unknown:
        return ()
    names = _words_of_names(schema)
    stems = {stem(singular(name)) for name in names}
    found = []
    for word in unknown:
        text = word.folded
        if word.stem in stems or text in values.words or any(_grows_from(text, name) for name in names):
            continue
        read = _nearest(text, names) or _nearest(text, _operations())
        if not read and len(text) >= _SHORTEST_VALUE:
            read = _nearest(text, values.words)
        if read:
            found.append(Misspelt(word.start, word.end, word.text, read))
    return tuple(found)


def spelled_right(question: Question, slips: Iterable[Misspelt]) -> str:
    """The text of a question with its slips put right."""
    text = question.text
    for slip in sorted(slips, key=lambda each: -each.start):
        text = text[: slip.start] + slip.read + text[slip.end :]
    return text


def _is_unknown(word: Word, question: Question) -> bool:
    """Whether a lowercase word of letters is neither English nor a part of what the question says for certain."""
    text = word.folded
    if len(text) < _SHORTEST or not text.isalpha() or not text.isascii() or not word.text.islower():
        return False
    if text in opening_words() or text in _operations():
        return False
    spans = [(each.start, each.end) for each in question.values]
    spans += [(each.start, each.end) for each in question.names]
    spans += [(each.start, each.end) for each in (*question.numbers, *question.quoted)]
    spans += [(each.start, each.end) for each in question.periods]
    if any(start <= word.start and word.end <= end for start, end in spans):
        return False
    around = question.text[max(word.start - 1, 0) : word.end + 1]
    return not set(around) & set("@._/\\-") - {"."} and not _is_english(text)


@lru_cache(maxsize=4096)
def _is_english(word: str) -> bool:
    """Whether the word or another form of it is in the vocabulary; a bare stem ("chemistri") is no form."""
    stems = {stem(word), stem(singular(word))}
    return word in _english() or (word not in stems and not stems.isdisjoint(_english_stems()))


@cache
def _english() -> frozenset[str]:
    return frozenset(word_vectors().words)


@cache
def _english_stems() -> frozenset[str]:
    return frozenset(map(stem, _english()))


@cache
def _operations() -> frozenset[str]:
    return frozenset(str(yaml_beside(__file__, "typos.yaml")["meant"]).split())


def _words_of_names(schema: Schema) -> frozenset[str]:
    names = [table.name for table in schema.tables] + [c.name for table in schema.tables for c in table.columns]
    return frozenset(word for name in names for word in f"{identifier_words(name)} {name_words(name)}".split())


def _grows_from(word: str, name: str) -> bool:
    """Whether the word is the name with another ending, or abbreviates the name."""
    return len(name) > 2 and (word.startswith(name) or (name.startswith(word) and len(name) - len(word) >= _CUT))


def _nearest(word: str, known: Iterable[str]) -> str:
    """The one known word that is few letters away, also in the plural; empty where there is none or more than one."""
    best: dict[str, int] = {}
    for name in known:
        for form, ending in ((name, ""), (name + "s", "s"), (name[:-1] + "ies", "")):
            if abs(len(form) - len(word)) > 2 or not form.isalpha() or form[0] != word[0] and form[1:2] != word[1:2]:
                continue
            edits = _edits(word, without_accents(form))
            if not edits:
                return ""  # the plural of a known word
            if edits <= (2 if min(len(word), len(form)) >= _LONG else 1):
                shown = form if ending or form != name else name
                best[shown] = min(edits, best.get(shown, edits))
    fewest = min(best.values(), default=0)
    nearest = {name for name, edits in best.items() if edits == fewest}
    if len({stem(singular(name)) for name in nearest}) != 1:
        return ""
    return min(nearest, key=lambda name: (name.endswith("s") != word.endswith("s"), len(name)))


def _edits(first: str, second: str) -> int:
    """How many letters were left out, put in, replaced, or swapped with the next one."""
    if len(first) == len(second):
        differ = [at for at, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
        if len(differ) == 2 and differ[1] == differ[0] + 1:
            at = differ[0]
            return 1 if first[at : at + 2] == second[at : at + 2][::-1] else 2
    changes = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    return sum(max(end - start, till - since) for kind, start, end, since, till in changes if kind != "equal")
