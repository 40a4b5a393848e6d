"""Training rows of the encoder, (anchor, positive, negatives), and their files: JSONL, or the CSV of the synthesis."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderag_app.errors import ConfigurationError

TEXT_TO_CODE = "text2code"


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """What a text should be near to, and what it should not.

    Attributes:
        anchor: The query.
        positive: What it should find.
        negatives: What it should not find; hardest first.
        category: One of text2code, code2text, code2code, hybrid.
        task: The task it was made for, e.g. ``text_to_sql``.
        group: The database or corpus it comes from; rows of one group are never split between training and held-out.
        prompt: An instruction that may be put in front of the anchor.
    """

    anchor: str
    positive: str
    negatives: tuple[str, ...] = ()
    category: str = TEXT_TO_CODE
    task: str = ""
    group: str = ""
    prompt: str = ""

    def to_line(self) -> str:
        """The row as one line of JSON: query, pos, neg, prompt, category, task, db_id."""
        fields = {
            "query": self.anchor, "pos": [self.positive], "neg": list(self.negatives), "prompt": self.prompt,
            "category": self.category, "task": self.task, "db_id": self.group,
        }  # fmt: skip
        return json.dumps(fields, ensure_ascii=False)


def read_rows(paths: Sequence[Path]) -> list[EncoderRow]:
    """The rows of JSONL and CSV files: columns query, pos, neg, and where they are there prompt, category, task, db_id.

    ``pos`` and ``neg`` hold one text or a list of texts (in CSV as JSON); each positive becomes a row of its own.

    Raises:
        ConfigurationError: A file is missing, or a line has no query or no positive.
    """
    return [row for path in paths for row in _rows_of_file(path)]


def write_rows(rows: Iterable[EncoderRow], path: Path) -> int:
    """Write rows as JSONL; the number written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(row.to_line() + "\n")
            count += 1
    return count


def split_held_out(rows: Sequence[EncoderRow], share: float) -> tuple[list[EncoderRow], list[EncoderRow]]:
    """Training and held-out rows: whole groups by a hash of their name, rows without a group by their anchor."""
    held_out = {name for name in {_split_name(row) for row in rows} if _share_of(name) < share}
    kept = [row for row in rows if _split_name(row) not in held_out]
    return kept, [row for row in rows if _split_name(row) in held_out]


def with_negatives(rows: Sequence[EncoderRow], count: int) -> list[tuple[EncoderRow, tuple[str, ...]]]:
    """Each row with exactly ``count`` negatives, as the loss needs it.

    A row with fewer repeats those it has; one without any takes the positives of the rows that follow it in the file
    and share its category.
    """
    return [(row, _exactly(row.negatives or _borrowed(rows, i), count)) for i, row in enumerate(rows)]


def _exactly(texts: tuple[str, ...], count: int) -> tuple[str, ...]:
    if not texts:
        return ("",) * count
    return tuple(texts[i % len(texts)] for i in range(count))


def _borrowed(rows: Sequence[EncoderRow], index: int) -> tuple[str, ...]:
    row = rows[index]
    following = (rows[(index + step) % len(rows)] for step in range(1, min(len(rows), 50)))
    fitting = (r.positive for r in following if r.category == row.category and r.anchor != row.anchor)
    return tuple(dict.fromkeys(text for text in fitting if text != row.positive))[:4]


def _split_name(row: EncoderRow) -> str:
    return row.group or row.anchor


def _share_of(name: str) -> float:
    return int(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12], 16) / 16**12


def _rows_of_file(path: Path) -> Iterator[EncoderRow]:
    if not path.is_file():
        raise ConfigurationError(
            f"No training rows at {path}. Expected a JSONL or CSV file with query, pos and neg; "
            "make one with `python -m finetune.encoder.near_miss_rows` or `coderag synthesize`."
        )
    for number, fields in _records(path):
        anchor, positives = str(fields.get("query") or ""), _texts(fields.get("pos"))
        if not anchor or not positives:
            raise ConfigurationError(f"{path}, line {number}: got {sorted(fields)}, expected query and pos with text.")
        for positive in positives:
            yield EncoderRow(
                anchor=anchor,
                positive=positive,
                negatives=tuple(text for text in _texts(fields.get("neg")) if text not in positives),
                category=str(fields.get("category") or TEXT_TO_CODE),
                task=str(fields.get("task") or ""),
                group=str(fields.get("db_id") or ""),
                prompt=str(fields.get("prompt") or ""),
            )


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".csv":
            csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
            yield from enumerate(csv.DictReader(file), start=2)
            return
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except ValueError as error:
                raise ConfigurationError(f"{path}, line {number}: not JSON ({error}).") from error
            if not isinstance(fields, dict):
                raise ConfigurationError(f"{path}, line {number}: got {type(fields).__name__}, expected an object.")
            yield number, fields


def _texts(value: Any) -> tuple[str, ...]:
    """One text, a list of texts, or a list of texts written as JSON."""
    if isinstance(value, str) and value.startswith("["):
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        value = read if isinstance(read, list) and all(isinstance(text, str) for text in read) else value
    texts = value if isinstance(value, list) else [value]
    return tuple(text for text in texts if isinstance(text, str) and text)
