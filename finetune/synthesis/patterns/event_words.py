"""What happened at a date, as a verb: "was shipped", "joined"; read off the column's phrases and name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coderag_app.files import yaml_beside
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.bounds import participle
from finetune.synthesis.patterns.lookup import name_words

_DATA: dict[str, Any] = yaml_beside(__file__, "event_words.yaml")
_DONE_BY_THEMSELVES: dict[str, str] = _DATA["done_by_themselves"]
_NOUNS: dict[str, str] = _DATA["nouns"]
_IRREGULAR: frozenset[str] = frozenset(_DATA["irregular"])
_REFERRING: frozenset[str] = frozenset(_DATA["referring"])


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: "shipped" (to the rows) or "joined" (the rows did it); ``base`` is the verb they did."""

    done: str
    base: str = ""

    @property
    def passive(self) -> bool:
        """Whether it was done to the rows."""
        return not self.base

    @property
    def one(self) -> str:
        """The past of one row: "was shipped", "joined"."""
        return self.done if self.base else f"was {self.done}"

    @property
    def many(self) -> str:
        """The past of several rows: "were shipped", "joined"."""
        return self.done if self.base else f"were {self.done}"


def event_of(column: DescribedColumn) -> Event | None:
    """What happened at the date, if its words tell."""
    for phrase in (*column.phrases, name_words(column.name)):
        words = phrase.lower().split()
        if len(words) > 3 or "last" in words or "first" in words:
            continue
        done = _done(words, phrase)
        if done == "born":
            return Event(done)
        if done:
            return Event(done, _DONE_BY_THEMSELVES.get(done, ""))
    return None


def _done(words: list[str], phrase: str) -> str:
    rest = [word for word in words if word not in _REFERRING]
    if len(rest) == 1:
        word = rest[0]
        if word in _DONE_BY_THEMSELVES or word in _IRREGULAR or word.endswith("ed"):
            return word
        if len(words) == 2 and words[-1] == "date" and word in _NOUNS:
            return _NOUNS[word]
    return participle(phrase)
