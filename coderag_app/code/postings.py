"""An inverted index in flat arrays: for each word the documents that hold it, how often, and in which fields.

The arrays are a function of the rows alone: sorted by word, then by document. So an index that was patched file by file
equals one that was built in one go, byte for byte. On disk they are NumPy files, mapped into memory and not read whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORDS, _ENDS = "words.txt", "word-ends.npy"
_COLUMNS = ("starts", "documents", "counts", "fields")


@dataclass(frozen=True, slots=True)
class Rows:
    """Postings in any order, with words by number.

    Attributes:
        words: The words that ``numbers`` count in, in UTF-8.
        numbers: int32, word of each row; ``documents`` int32, ``counts`` and ``fields`` uint8 are as long.
    """

    words: Sequence[bytes]
    numbers: NDArray[np.int32]
    documents: NDArray[np.int32]
    counts: NDArray[np.uint8]
    fields: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Postings:
    """The index.

    Attributes:
        text: All words, sorted, in UTF-8 one behind the other; ``ends`` int64 says where each ends.
        starts: int64, one more than words: where the documents of each word begin.
        documents: int32; ``counts`` uint8 (255 stands for more) and ``fields`` uint8 (bits) are as long.
    """

    text: NDArray[np.uint8]
    ends: NDArray[np.int64]
    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.uint8]
    fields: NDArray[np.uint8]

    @classmethod
    def from_rows(cls, rows: Rows) -> Postings:
        """Sort rows into an index; words without rows are left out."""
        used = np.bincount(rows.numbers, minlength=len(rows.words)).tolist()
        kept = [number for number in sorted(range(len(rows.words)), key=rows.words.__getitem__) if used[number]]
        words = [rows.words[number] for number in kept]
        rank = np.zeros(len(rows.words), np.int64)
        rank[kept] = np.arange(len(kept))
        ranks = rank[rows.numbers]
        key = ranks << 32 | rows.documents
        order = np.argsort(key, kind="stable")
        starts = np.zeros(len(kept) + 1, np.int64)
        np.cumsum(np.bincount(ranks, minlength=len(kept)), out=starts[1:])
        return cls(
            np.frombuffer(b"".join(words), np.uint8),
            np.cumsum([len(word) for word in words], dtype=np.int64),
            starts,
            rows.documents[order].astype(np.int32, copy=False),
            rows.counts[order].astype(np.uint8, copy=False),
            rows.fields[order].astype(np.uint8, copy=False),
        )

    def rows(self, renumber: NDArray[np.int32]) -> Rows:
        """The postings as rows, with documents renumbered; those that become -1 are left out."""
        numbers = np.repeat(np.arange(len(self.ends), dtype=np.int32), np.diff(self.starts))
        documents = renumber[self.documents] if len(renumber) else self.documents[:0]
        keep = documents >= 0
        return Rows(self.words(), numbers[keep], documents[keep], self.counts[keep], self.fields[keep])

    def words(self) -> list[bytes]:
        """Every word, sorted by its bytes."""
        whole, ends = self.text.tobytes(), self.ends.tolist()
        return [whole[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)] if ends else []

    def find(self, word: str) -> slice | None:
        """Where the documents of a word stand; None if no document has it."""
        wanted = word.encode("utf-8", "surrogatepass")
        low, high = 0, len(self.ends)
        while low < high:
            middle = (low + high) // 2
            begin = int(self.ends[middle - 1]) if middle else 0
            found = self.text[begin : int(self.ends[middle])].tobytes()
            if found == wanted:
                return slice(int(self.starts[middle]), int(self.starts[middle + 1]))
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return None

    def save(self, folder: Path, name: str) -> None:
        """Write ``NAME-*`` files."""
        (folder / f"{name}-{_WORDS}").write_bytes(self.text.tobytes())
        np.save(folder / f"{name}-{_ENDS}", self.ends)
        for column in _COLUMNS:
            np.save(folder / f"{name}-{column}.npy", getattr(self, column))

    @classmethod
    def load(cls, folder: Path, name: str) -> Postings:
        """Map the files of ``save`` into memory.

        Raises:
            OSError: A file is missing.
            ValueError: A file is no array.
        """
        path = folder / f"{name}-{_WORDS}"
        text = np.asarray(np.memmap(path, np.uint8, "r")) if path.stat().st_size else np.empty(0, np.uint8)
        ends = map_array(folder / f"{name}-{_ENDS}")
        return cls(text, ends, *(map_array(folder / f"{name}-{column}.npy") for column in _COLUMNS))


def merged(parts: Sequence[Rows]) -> Rows:
    """Rows of several sources with one list of words."""
    places: dict[bytes, int] = {}
    numbers = []
    for part in parts:
        known = np.fromiter((places.setdefault(word, len(places)) for word in part.words), np.int32, len(part.words))
        numbers.append(known[part.numbers] if len(part.words) else part.numbers)
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("documents", "counts", "fields"))
    return Rows(list(places), np.concatenate(numbers), *columns)


def map_array(path: Path) -> NDArray[Any]:
    """A NumPy file mapped into memory.

    Raises:
        OSError: The file is missing.
        ValueError: It is no array, or holds pickled objects.
    """
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
