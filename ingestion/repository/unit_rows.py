"""Turns a cut file into rows of the index: the words of its units with their fields, the names it defines and calls."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import msgpack
import numpy as np
from numpy.typing import NDArray

from coderag_app.code.code_units import CodeFile
from coderag_app.code.code_words import (
    DECLARED,
    DOC,
    ENCLOSING,
    FILE,
    FOLDER,
    NAME,
    SIGNATURE,
    count_words,
    word_set,
)
from coderag_app.code.postings import Rows
from coderag_app.code.references import CALLED, DEFINED
from coderag_app.errors import FileRefusedError
from ingestion.repository.cutting import UnitText

_MOST = 255  # of a count in one byte


@dataclass(frozen=True, slots=True)
class FileRows:
    """What one file adds to the index; documents count from 0 within the file.

    Attributes:
        entry: The packed ``CodeFile``.
        lengths: int32, words of each unit; ``names`` uint8, words of each unit's own name.
        words: A row for each word of each unit; ``names_used`` one for each name that the file defines or calls.
    """

    path: str
    sha256: str
    entry: bytes
    lengths: NDArray[np.int32]
    names: NDArray[np.uint8]
    words: Rows
    names_used: Rows

    def packed(self) -> bytes:
        """All of it as MessagePack, for the journal of a build."""
        arrays = [self.lengths.tobytes(), self.names.tobytes()]
        for rows in (self.words, self.names_used):
            arrays += [rows.numbers.tobytes(), rows.documents.tobytes(), rows.counts.tobytes(), rows.fields.tobytes()]
        words = [list(self.words.words), list(self.names_used.words)]
        data: bytes = msgpack.packb(
            [self.path, self.sha256, self.entry, words, arrays], unicode_errors="surrogateescape"
        )
        return data

    @classmethod
    def unpacked(cls, values: list) -> FileRows:
        """The reverse of ``packed``, behind ``msgpack``.

        Raises:
            FileRefusedError: The values are something else.
        """
        try:
            path, sha256, entry, words, arrays = values
            kinds = (np.int32, np.uint8, *(2 * (np.int32, np.int32, np.uint8, np.uint8)))
            columns = [np.frombuffer(data, kind) for data, kind in zip(arrays, kinds, strict=True)]
            return cls(
                path, sha256, entry, columns[0], columns[1], Rows(words[0], *columns[2:6]), Rows(words[1], *columns[6:])
            )
        except (ValueError, TypeError) as error:
            raise FileRefusedError(f"The journal of a build is damaged: {error}.") from error


def rows_of(file: CodeFile, units: Sequence[UnitText]) -> FileRows:
    """The rows of a file."""
    path = PurePosixPath(file.path)
    folders, stem = word_set(" ".join(path.parts[:-1])), word_set(path.name.partition(".")[0])
    declared = _declared(file)
    places: dict[str, int] = {}
    columns: tuple[list[int], ...] = ([], [], [], [])
    lengths, names = [], []
    for number, found in enumerate(units):
        counted = count_words(found.body)
        lengths.append(sum(counted.values()))
        fields = dict.fromkeys(counted, 0)
        own, around = _name_words(found)
        names.append(min(len(own), _MOST))
        for words, bit in (
            (own, NAME),
            (word_set(found.unit.signature), SIGNATURE),
            (word_set(found.doc), DOC),
            (around, ENCLOSING),
            (folders, FOLDER),
            (stem, FILE),
            (declared[number] - own, DECLARED),
        ):
            for word in words:
                fields[word] = fields.get(word, 0) | bit
        for word, bits in fields.items():
            columns[0].append(places.setdefault(word, len(places)))
            columns[1].append(number)
            columns[2].append(min(counted.get(word, 0), _MOST))
            columns[3].append(bits)
    return FileRows(
        file.path, file.sha256, file.packed(), np.array(lengths, np.int32), np.array(names, np.uint8),
        _rows(list(places), columns), _names_used(file),
    )  # fmt: skip


def _name_words(found: UnitText) -> tuple[set[str], set[str]]:
    """The words of a unit's own name, and those of what is around it.

    Only the lines that a definition begins in are named by it: what is left of a class between its methods, and the
    rest of a long function, would else be as good an answer to its name.
    """
    unit = found.unit
    if unit.kind == "prose":
        return word_set(unit.symbol), set()
    if not unit.signature:
        return set(), word_set(unit.symbol)
    return word_set(unit.symbol.rpartition(".")[2]), word_set(unit.enclosing)


def _declared(file: CodeFile) -> list[set[str]]:
    """For each unit the words of the names that are defined in its lines."""
    found: list[set[str]] = [set() for _ in file.units]
    starts = [unit.first_line for unit in file.units]
    for symbol in file.symbols:
        found[bisect_right(starts, symbol.first_line) - 1] |= word_set(symbol.last_name)
    return found


def _names_used(file: CodeFile) -> Rows:
    """The names that a file defines or calls: one document, the file."""
    counts: dict[str, int] = {}
    bits: dict[str, int] = {}
    for name, bit in [
        *((symbol.last_name, DEFINED) for symbol in file.symbols),
        *((call.name, CALLED) for call in file.calls),
    ]:
        counts[name] = min(counts.get(name, 0) + (bit == CALLED), _MOST)
        bits[name] = bits.get(name, 0) | bit
    size = len(bits)
    return _rows(list(bits), (list(range(size)), [0] * size, list(counts.values()), list(bits.values())))


def _rows(words: list[str], columns: Sequence[list[int]]) -> Rows:
    kinds = (np.int32, np.int32, np.uint8, np.uint8)
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    return Rows(encoded, *(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
