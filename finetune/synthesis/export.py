"""Writes the data set: JSON lines with everything about a row, and a CSV with the columns that training reads."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from finetune.synthesis.drafts import SyntheticRow

CSV_COLUMNS = ("query", "pos", "neg", "prompt", "category", "task")


def write_jsonl(path: Path, rows: list[SyntheticRow], negatives: list[str]) -> None:
    """One row a line, with ``neg`` and every detail of its making."""
    with _replaced(path).open("w", encoding="utf-8", newline="\n") as file:
        for row, negative in zip(rows, negatives, strict=True):
            file.write(json.dumps({**row.to_dict(), "neg": negative}, ensure_ascii=False) + "\n")
    _replaced(path).replace(path)


def write_csv(path: Path, rows: list[SyntheticRow], negatives: list[str]) -> None:
    """The columns of ``CSV_COLUMNS`` with a header."""
    with _replaced(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for row, negative in zip(rows, negatives, strict=True):
            writer.writerow((row.query, row.pos, negative, row.prompt, row.category, row.task))
    _replaced(path).replace(path)


def read_rows(path: Path) -> tuple[list[SyntheticRow], list[str]]:
    """Rows and negatives that ``write_jsonl`` wrote."""
    rows, negatives = [], []
    with path.open(encoding="utf-8") as file:
        for line in file:
            stored = json.loads(line)
            negatives.append(stored.pop("neg"))
            rows.append(SyntheticRow.from_dict(stored))
    return rows, negatives


def _replaced(path: Path) -> Path:
    """The temporary neighbour that takes a file's place when it is complete."""
    return path.with_name(path.name + ".part")
