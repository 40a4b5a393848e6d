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

from coderag_app.compact.grammar import compact_keywords
from finetune.sql_model.pairs import Row

_SHARES = (0.0, 0.5, 1.0, 1.0)  # of a database's name words; a quarter of the databases keep theirs
_KEPT = frozenset("id name names date year number code type".split()) | compact_keywords()
_WORD = re.compile(r"[a-z]{3,}")
_NAME_PART = re.compile(r"\([^)]*\)|[#@!>|:;,.]")


@cache
def substitute_words() -> tuple[str, ...]:
    """Whole English words from the vocabulary of the packaged encoder."""
    from coderag_app.encoders import minilm_folder

    lines = (minilm_folder()[0] / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return tuple(word for word in lines if re.fullmatch(r"[a-z]{4,10}", word) and word not in _KEPT)


def substitute(row: Row, rng: random.Random, words: Sequence[str]) -> Row:
    """A database's training texts with some words of its names exchanged.

    A pair is left out where its SQL uses an exchanged word that its question does not say: a synonym of the old word
    says nothing about the new one.

    Args:
        row: ``schema`` and ``pairs`` as ``finetune.sql_model.data`` writes them.
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
    pairs = [
        {**pair, "question": _exchanged(pair["question"], exchange), "sql": _exchanged(pair["sql"], exchange)}
        for pair in row["pairs"]
        if _says_what_it_uses(pair["question"], pair["sql"], exchange)
    ]
    return {**row, "schema": _exchanged(row["schema"], exchange), "pairs": pairs}


def _says_what_it_uses(question: str, sql: str, exchange: dict[str, str]) -> bool:
    said = set(question.split())
    used = set(sql.split()) & set(exchange)
    return all(word in said or _plural(word) in said or word.removesuffix("s") in said for word in used)


def _exchanged(text: str, exchange: dict[str, str]) -> str:
    return " ".join(exchange.get(word, word) for word in text.split(" "))


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
