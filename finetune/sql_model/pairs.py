"""Read the training file as token ids: one database a line, with its schema text and its question-SQL pairs."""

import hashlib
import json
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from coderag_app.errors import ConfigurationError
from coderag_app.llm.compact.markers import tight
from finetune.sql_model.tokenizer import END, Pointers, pointers_of

Row = dict[str, Any]


@dataclass(frozen=True)
class DataFile:
    """A training file and how many times its pairs are seen in one epoch."""

    path: Path
    times: int = 1

    @classmethod
    def from_text(cls, text: str) -> "DataFile":
        """Read ``FILE`` or ``FILE@TIMES``.

        Raises:
            ConfigurationError: If the file does not exist.
        """
        path, separator, times = text.rpartition("@")
        found = cls(Path(path), int(times)) if separator and times.isdigit() else cls(Path(text))
        if not found.path.is_file():
            raise ConfigurationError(f"No training data at {found.path}. Expected a JSONL file, optionally FILE@TIMES.")
        return found


@dataclass(frozen=True)
class TokenizedDatabase:
    """One synthetic database as token ids.

    Attributes:
        db_id: What the split into training and held-out databases goes by.
        schema: Ids of the schema text, shape (schema tokens,).
        tokens: Ids of every pair, question + SQL + end, one after the other.
        starts: Where each pair starts in ``tokens``, shape (pairs + 1,).
        sql_offsets: Where the SQL starts within each pair, shape (pairs,).
        words: The different tokens of each pair's question.
        pointers: The token ids that stand for tables and columns.
        times: How many times the pairs are seen in one epoch.
    """

    db_id: str
    schema: np.ndarray
    tokens: np.ndarray
    starts: np.ndarray
    sql_offsets: np.ndarray
    words: tuple[frozenset[int], ...]
    pointers: Pointers
    times: int = 1

    def pair(self, index: int) -> np.ndarray:
        """Ids of one pair: question, SQL and end token."""
        return self.tokens[self.starts[index] : self.starts[index + 1]]

    def similarity(self, left: int, right: int) -> float:
        """The share of their tokens that two questions have in common, 0 to 1."""
        return jaccard(self.words[left], self.words[right])

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each pair, shape (pairs,)."""
        return np.diff(self.starts)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the lines of a training file.

    Raises:
        ConfigurationError: If a line is not an object with a schema and pairs.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict) or not {"schema", "pairs"} <= row.keys():
                raise ConfigurationError(f'{path}, line {number}: expected an object with "schema" and "pairs".')
            yield row


def texts_of(rows: Iterator[Row]) -> Iterator[str]:
    """Yield every schema, question and SQL text: what the tokenizer is trained on."""
    for row in rows:
        yield tight(row["schema"].strip())
        for pair in row["pairs"]:
            yield tight(pair["question"].strip())
            yield tight(pair["sql"].strip())


def read_databases(file: DataFile, tokenizer: Tokenizer) -> list[TokenizedDatabase]:
    """Tokenize a training file; a database without pairs is left out."""
    return [_tokenize(row, tokenizer, file.times) for row in read_rows(file.path) if row["pairs"]]


def split_held_out(
    databases: list[TokenizedDatabase], held_out: int
) -> tuple[list[TokenizedDatabase], list[TokenizedDatabase]]:
    """Set databases aside by a hash of their id, so that the split survives a change of order or a second file.

    Args:
        databases: All databases.
        held_out: How many distinct databases to set aside.

    Returns:
        The training databases and the held-out databases.

    Raises:
        ConfigurationError: If nothing would be left to train on.
    """
    names = sorted({database.db_id for database in databases}, key=_digest)
    if len(names) <= held_out:
        raise ConfigurationError(f"Got {len(names)} databases, expected more than the {held_out} to hold out.")
    aside = set(names[:held_out])
    return [d for d in databases if d.db_id not in aside], [d for d in databases if d.db_id in aside]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _tokenize(row: Row, tokenizer: Tokenizer, times: int) -> TokenizedDatabase:
    schema, pairs = row["schema"].strip(), row["pairs"]
    sqls = [pair["sql"].strip() for pair in pairs]
    texts = [schema, *(pair["question"].strip() for pair in pairs), *(sql + END for sql in sqls)]
    encodings = tokenizer.encode_batch_fast(list(map(tight, texts)), add_special_tokens=False)
    ids = [encoding.ids for encoding in encodings]
    questions, answers = ids[1 : 1 + len(pairs)], ids[1 + len(pairs) :]
    joined = [question + answer for question, answer in zip(questions, answers, strict=True)]
    return TokenizedDatabase(
        db_id=str(row.get("db_id", schema)),
        schema=np.array(ids[0], dtype=np.int32),
        tokens=np.concatenate([np.array(pair, dtype=np.uint16) for pair in joined]),
        starts=np.cumsum([0, *map(len, joined)]),
        sql_offsets=np.array([len(question) for question in questions]),
        words=tuple(map(frozenset, questions)),
        pointers=pointers_of(tokenizer),
        times=times,
    )


def jaccard(left: Set[Any], right: Set[Any]) -> float:
    """The size of the intersection over the size of the union, 0 for two empty sets."""
    return len(left & right) / max(1, len(left | right))
