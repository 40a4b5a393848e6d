"""A training file from several: so many rows of each, in runs of consecutive ones, because neighbours are near misses.

``python -m finetune.encoder.mix_rows mix.jsonl sql_rows.jsonl=2400 python_rows.jsonl=1500 searches.jsonl=1200``
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.encoder.ablation_arms import in_runs
from finetune.encoder.training_rows import EncoderRow, read_rows, write_rows


def mix_rows(parts: Sequence[tuple[Path, int]], seed: int = 0, longest: int = 0) -> list[EncoderRow]:
    """Rows of each file, the files one after the other.

    Args:
        parts: Files and how many rows of each.
        seed: Chooses the runs.
        longest: Characters that anchor and positive may have; 0 for any number.

    Raises:
        ConfigurationError: A file has fewer rows than wanted.
    """
    drawn: list[EncoderRow] = []
    for path, count in parts:
        rows = [row for row in read_rows([path]) if not longest or max(map(len, (row.anchor, row.positive))) <= longest]
        if len(rows) < count:
            raise ConfigurationError(f"{path} has {len(rows):,} rows that fit, expected {count:,} or more.")
        drawn += in_runs(rows, Random(f"{path.name}:{seed}"))[:count]
    return drawn


def _part(text: str) -> tuple[Path, int]:
    path, _, count = text.rpartition("=")
    if not path or not count.isdecimal():
        raise ConfigurationError(f"Got {text!r}, expected FILE=COUNT, such as rows.jsonl=2000.")
    return Path(path), int(count)


def main(
    output: Annotated[Path, typer.Argument(help="JSONL file to write.")],
    parts: Annotated[list[str], typer.Argument(help="FILE=COUNT, as often as there are files.")],
    longest: Annotated[int, typer.Option(help="Characters of a text at most; 0 for any number.")] = 0,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 0,
) -> None:
    """Write a mixture of training rows for `python -m finetune.encoder.fine_tune`."""
    total = write_rows(mix_rows([_part(text) for text in parts], seed, longest), output)
    typer.echo(f"{output}: {total:,} rows")


if __name__ == "__main__":
    try:
        typer.run(main)
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
