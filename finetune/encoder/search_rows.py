"""Rows of Python functions with queries as people type them into a search box, from the functions' descriptions.

An encoder that reads well-formed questions about tables alone loses short lower-case queries about other code.

``python -m finetune.encoder.search_rows runs/encoder/searches.jsonl --folder coderag_app --folder finetune``
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from coderag_app.files import yaml_beside
from finetune.encoder.code_rows import described_code_rows, standard_library
from finetune.encoder.training_rows import EncoderRow, write_rows

TASK = "code_search"
_MOST_WORDS = 9
_DATA: dict[str, Any] = yaml_beside(__file__, "search_rows.yaml")
_VERB_FORMS: tuple[str, ...] = tuple(_DATA["verb_forms"])
_NOUN_FORMS: tuple[str, ...] = tuple(_DATA["noun_forms"])
_VERBS: frozenset[str] = frozenset(_DATA["verbs"])
_CLAUSE_END = re.compile(r"[;:(,]|\s-+\s|\.\s")
_MARKUP = re.compile(r"[`*\"']|\.$")
_DROPPED_WORDS: frozenset[str] = frozenset(_DATA["dropped_words"])
_DROPPED_SHARE = 0.6
_DOCUMENTED_SHARE = 0.5


def search_query(description: str, rng: Random) -> str:
    """A description as a search: its first clause, lower case, some articles left out, "python" somewhere.

    >>> search_query("Returns the number of bytes read, or None.", Random(2))
    'return the number of bytes read'
    """
    clause = _MARKUP.sub("", _CLAUSE_END.split(description.strip())[0]).lower()
    words = clause.split()
    verb = _verb(words[0]) if words else ""
    if verb:
        words[0] = verb
    if rng.random() < _DROPPED_SHARE:
        words = [word for word in words if word not in _DROPPED_WORDS]
    return rng.choice(_VERB_FORMS if verb else _NOUN_FORMS).format(" ".join(words[:_MOST_WORDS]))


def _verb(word: str) -> str:
    """The verb that a description starts with as one asks for it ("Returns": "return"), or ""."""
    return next((form for form in (word, word.removesuffix("s"), word.removesuffix("es")) if form in _VERBS), "")


def search_rows(count: int, seed: int = 0, folders: Sequence[Path] = ()) -> list[EncoderRow]:
    """Up to ``count`` rows of the Python files under some folders; half of the functions keep their docstring.

    Args:
        count: Rows at most.
        seed: Chooses modules, wordings and which functions keep their docstring.
        folders: Where to look; the standard library without any.
    """
    rng = Random(f"searches:{seed}")
    rows = [pair for folder in folders or (standard_library(),) for pair in described_code_rows(folder, seed)]
    made: list[EncoderRow] = []
    asked: set[str] = set()
    for row, documented in rows:
        query = search_query(row.anchor, rng)
        if len(query.split()) < 3 or query in asked:
            continue
        asked.add(query)
        positive = documented if rng.random() < _DOCUMENTED_SHARE else row.positive
        made.append(replace(row, anchor=query, positive=positive, task=TASK))
    return made[:count]


def main(
    output: Annotated[Path, typer.Argument(help="JSONL file to write.")],
    folder: Annotated[
        list[Path] | None, typer.Option(help="Python files under it; repeatable. [default: the standard library]")
    ] = None,
    count: Annotated[int, typer.Option(help="Rows at most.")] = 5000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 0,
) -> None:
    """Write rows of search queries and Python functions."""
    typer.echo(f"{output}: {write_rows(search_rows(count, seed, folder or ()), output):,} rows")


if __name__ == "__main__":
    typer.run(main)
