"""Other words for a schema's names: makes a model read the schema instead of remembering it.

A small model that sees a few hundred domains learns which columns a music festival has, and writes those, whatever
the schema says: training loss falls while the loss on unseen domains rises. With the words of the names exchanged for
arbitrary ones, in schema, questions and SQL alike, copying from the schema is the only way to be right.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache

from coderag_app.llm.compact.compact_grammar import compact_keywords
from coderag_app.llm.compact.links import STOP_WORDS
from finetune.sql_model.pairs import Row

_SHARES = (0.0, 0.0, 0.5, 1.0)  # of a database's name words; half of the databases keep theirs
_KEPT = frozenset("id name names date year number code type".split()) | compact_keywords() | STOP_WORDS
_WORD = re.compile(r"[a-z]{3,}")
_NAME_PART = re.compile(r"\([^)]*\)|<[tc]\d+>|[#@!>|:;,.]")
_NAMED = re.compile(r"(<[tc]\d+>) ([^<>:;,#@!(]*)")
_ID = re.compile(r"<[tc]\d+>")


@cache
def substitute_words() -> tuple[str, ...]:
    """Whole English words from the vocabulary of the packaged encoder."""
    from coderag_app.encoders.encoder_loading import minilm_folder

    lines = (minilm_folder()[0] / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return tuple(word for word in lines if re.fullmatch(r"[a-z]{4,10}", word) and word not in _KEPT)


def substitute(row: Row, rng: random.Random, words: Sequence[str]) -> Row:
    """A database's training texts with some words of its names exchanged.

    A pair is left out where its SQL uses a column whose name was exchanged and that its question neither names nor is
    linked to: a synonym of the old word says nothing about the new one.

    Args:
        row: ``schema`` and ``pairs`` as ``finetune.sql_model.training_text`` writes them.
        rng: Source of randomness.
        words: Words to draw from.
    """
    share = rng.choice(_SHARES)
    names = sorted(set(_WORD.findall(_NAME_PART.sub(" ", row["schema"].removeprefix("<schema>")))) - _KEPT)
    chosen = [word for word in names if rng.random() < share]
    if not chosen:
        return row
    exchange = dict(zip(chosen, rng.sample(list(words), len(chosen)), strict=True))
    exchange |= {_plural(old): _plural(new) for old, new in exchange.items() if _plural(old) not in names}
    exchanged_names = {
        item_id: words for item_id, words in _NAMED.findall(row["schema"]) if exchange.keys() & set(words.split())
    }
    pairs = [
        {**pair, "question": _exchanged(pair["question"], exchange), "sql": _exchanged(pair["sql"], exchange)}
        for pair in row["pairs"]
        if _says_what_it_uses(pair["question"], pair["sql"], exchanged_names)
    ]
    return {**row, "schema": _exchanged(row["schema"], exchange), "pairs": pairs}


def _says_what_it_uses(question: str, sql: str, exchanged_names: dict[str, str]) -> bool:
    said, linked = set(question.split()), set(_ID.findall(question))
    used = {item_id for item_id in _ID.findall(sql) if item_id in exchanged_names and item_id.startswith("<c")}
    return all(item_id in linked or said.issuperset(exchanged_names[item_id].split()) for item_id in used)


def _exchanged(text: str, exchange: dict[str, str]) -> str:
    return " ".join(exchange.get(word, word) for word in text.split(" "))


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
