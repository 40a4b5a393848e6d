"""Brings the index of a repository up to date: reads what changed, by content, and writes one new generation.

A file whose size, dates and inode are as they were is not read; one whose bytes have the hash they had is not parsed.
What was parsed goes into a journal at once, so that a build that is killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from coderag_app.code.code_index import (
    CODE_FORMAT,
    CodeIndex,
    CodeManifest,
    UnitColumns,
    code_index_folder,
    code_index_lock,
    write_code_generation,
)
from coderag_app.code.code_units import KIND_NUMBERS, CodeFile, roles_of
from coderag_app.code.code_words import WORDS_VERSION
from coderag_app.code.postings import Postings, Rows, merged
from coderag_app.errors import FileRefusedError, IndexStoreError, IngestionError
from coderag_app.files import write_atomically
from ingestion.repository.cutting import CUTTING_VERSION, cut_file
from ingestion.repository.file_choice import Choice, FileStat, choose_files, read_source
from ingestion.repository.unit_rows import FileRows, rows_of

_SEEN, _JOURNAL = "seen.msgpack", "journal.msgpack"
_VERSION = f"{CODE_FORMAT}.{WORDS_VERSION}.{CUTTING_VERSION}"
# A file may change again within one tick of the file system's clock and keep its dates; such young ones are read again.
_YOUNG_NS = 2_000_000_000
_JOURNAL_EVERY_S = 1.0
_MOST_BYTES = 400_000_000  # of text in one index; the rest is counted as left out


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh did.

    Attributes:
        folder: Of the index.
        generation: The one that is current now.
        read: How many files were parsed; ``kept`` as they were; ``removed`` from the index.
        resumed: How many of ``read`` a killed build had parsed.
        skipped: How many files were left out, by reason.
    """

    folder: Path
    generation: str
    files: int
    units: int
    read: int
    kept: int
    removed: int
    resumed: int
    skipped: dict[str, int]
    seconds: float

    @property
    def changed(self) -> bool:
        """Whether a new generation was written."""
        return bool(self.read or self.removed)


@dataclass
class _Plan:
    """What the next generation consists of, in order of paths: the number of a kept file, or new rows."""

    parts: list[tuple[str, int | FileRows]] = field(default_factory=list)
    seen: dict[str, list] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    changed: bool = False


def open_code_index(root: Path | str, folder: Path | None = None) -> CodeIndex:
    """The index of a repository, brought up to date.

    Args:
        root: The repository's folder.
        folder: Of the index; None for the user's cache.

    Raises:
        IngestionError: There is no such repository, or no text in it.
        IndexStoreError: The index cannot be written or read.
    """
    return CodeIndex.load(refresh(Path(root), folder).folder)


def refresh(
    root: Path, folder: Path | None = None, fresh: bool = False, progress: Callable[[int, int], None] | None = None
) -> RefreshReport:
    """Bring the index of a repository up to date, or build it.

    Args:
        root: The repository's folder.
        folder: Of the index; None for the user's cache.
        fresh: Read every file, whatever is known.
        progress: Told files done and files in all.

    Raises:
        IngestionError: There is no such repository, or no text in it.
        IndexStoreError: The index cannot be written.
    """
    started, clock = time.perf_counter(), time.time_ns()
    root = Path(os.path.abspath(root))  # noqa: PTH100  # links in the path stay as the user wrote them
    choice = choose_files(root)
    folder = folder or code_index_folder(root)
    if folder == root or root in folder.parents:
        choice.files = [file for file in choice.files if folder not in (root / file.path).parents]
    with code_index_lock(folder):
        old = None if fresh else _current(folder, root)
        plan = _plan(root, folder, choice, old, _read_seen(folder) if old else {}, clock, progress)
        if not plan.parts:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(plan.skipped.items()))
            raise IngestionError(f"{root} holds no text to index{f' ({reasons})' if reasons else ''}.")
        kept = sum(isinstance(part, int) for _, part in plan.parts)
        removed = (old.manifest.file_count if old else 0) - kept
        if old is None or plan.changed or removed or old.manifest.skipped != dict(sorted(plan.skipped.items())):
            manifest = _write(folder, root, plan, old)
        else:
            manifest = old.manifest
        _write_seen(folder, plan.seen)
        (folder / _JOURNAL).unlink(missing_ok=True)
    return RefreshReport(
        folder, manifest.generation, manifest.file_count, manifest.unit_count, len(plan.parts) - kept, kept,
        removed, plan.resumed, manifest.skipped, time.perf_counter() - started,
    )  # fmt: skip


def _current(folder: Path, root: Path) -> CodeIndex | None:
    """The index that is there, if it can be gone on from; a damaged one is built anew."""
    try:
        index = CodeIndex.load(folder)
    except IndexStoreError:
        return None
    return index if index.manifest.version == _VERSION and index.manifest.root == str(root) else None


def _plan(
    root: Path, folder: Path, choice: Choice, old: CodeIndex | None, seen: dict[str, list], clock: int,
    progress: Callable[[int, int], None] | None,
) -> _Plan:  # fmt: skip
    """Decide of each file whether it is kept, left out or parsed, and parse it."""
    plan = _Plan(skipped=choice.skipped)
    known = _known_files(old)
    journal = _Journal(folder / _JOURNAL, len(choice.files))
    total = 0
    for number, file in enumerate(choice.files):
        if progress is not None:
            progress(number, len(choice.files))
        total += file.size
        if total > _MOST_BYTES:
            plan.skipped[f"beyond {_MOST_BYTES // 1_000_000} MB of text"] += 1
            continue
        dates = [file.size, file.mtime_ns, file.ctime_ns, file.inode]
        before = seen.get(file.path)
        if before is not None and before[:4] == dates:
            sha256, reason, content, text = before[4], before[5], b"", ""
        else:
            content, text, reason = read_source(root, file)
            sha256 = hashlib.sha256(content).hexdigest()
        if file.ctime_ns < clock - _YOUNG_NS and file.mtime_ns < clock - _YOUNG_NS and reason != "no permission":
            plan.seen[file.path] = [*dates, sha256, reason]
        if reason:
            plan.skipped[reason] += 1
        elif known.get(file.path, ("",))[0] == sha256:
            plan.parts.append((file.path, known[file.path][1]))
        else:
            plan.changed = True
            rows = journal.find(file.path, sha256)
            plan.resumed += rows is not None
            if rows is None:
                rows = _parse(root, file, content, text)
                journal.add(rows)
            plan.parts.append((file.path, rows))
    return plan


def _parse(root: Path, file: FileStat, content: bytes, text: str) -> FileRows:
    if not text:  # its dates were known, but its entry is gone: an index of another version
        content, text, _ = read_source(root, file)
    return rows_of(*cut_file(file.path, content, text))


def _known_files(old: CodeIndex | None) -> dict[str, tuple[str, int]]:
    """Path to hash and number of each file of an index."""
    if old is None:
        return {}
    found = {}
    unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", max_buffer_size=0)
    for number in range(old.manifest.file_count):
        unpacker.feed(old.packed(number)[:700])  # the path and the hash stand first
        unpacker.read_array_header()
        path = unpacker.unpack()
        found[path] = (unpacker.unpack(), number)
        unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", max_buffer_size=0)
    return found


class _Journal:
    """Files parsed by a build that has not ended; each line of it is whole or is not read."""

    def __init__(self, path: Path, files: int) -> None:
        self._path = path
        self._waiting: list[bytes] = []
        self._written = time.monotonic()
        self._found: dict[tuple[str, str], FileRows] = {}
        if path.exists():
            self._found = {(rows.path, rows.sha256): rows for rows in self._read()}

    def find(self, path: str, sha256: str) -> FileRows | None:
        return self._found.get((path, sha256))

    def add(self, rows: FileRows) -> None:
        self._waiting.append(msgpack.packb([_VERSION, rows.packed()]))
        if time.monotonic() - self._written > _JOURNAL_EVERY_S:
            with suppress(OSError), self._path.open("ab") as file:  # without a journal a killed build starts anew
                file.write(b"".join(self._waiting))
            self._waiting.clear()
            self._written = time.monotonic()

    def _read(self) -> Iterator[FileRows]:
        whole = 0
        with suppress(OSError, ValueError, msgpack.UnpackException, FileRefusedError), self._path.open("rb") as file:
            unpacker = msgpack.Unpacker(file, max_buffer_size=1 << 30)
            for version, data in unpacker:
                if version == _VERSION:
                    yield FileRows.unpacked(msgpack.unpackb(data, unicode_errors="surrogateescape"))
                whole = unpacker.tell()
        with suppress(OSError):  # a kill cuts the last entry; what is added goes behind the last whole one
            os.truncate(self._path, whole)


def _read_seen(folder: Path) -> dict[str, list]:
    try:
        version, seen = msgpack.unpackb((folder / _SEEN).read_bytes(), unicode_errors="surrogateescape")
    except (OSError, ValueError, TypeError, msgpack.UnpackException):
        return {}
    return seen if version == _VERSION and isinstance(seen, dict) else {}


def _write_seen(folder: Path, seen: dict[str, list]) -> None:
    write_atomically(folder / _SEEN, msgpack.packb([_VERSION, seen], unicode_errors="surrogateescape"))


def _write(folder: Path, root: Path, plan: _Plan, old: CodeIndex | None) -> CodeManifest:
    """Put the parts together and write them as a generation."""
    unit_counts, rows, names = [], [], []
    old_units = np.full(old.manifest.unit_count if old else 0, -1, np.int32)
    old_files = np.full(old.manifest.file_count if old else 0, -1, np.int32)
    first = 0
    for number, (_, part) in enumerate(plan.parts):
        if isinstance(part, int):
            assert old is not None  # noqa: S101  # only an index gives numbers
            begin, end = int(old.first_units[part]), int(old.first_units[part + 1])
            old_units[begin:end] = np.arange(first, first + end - begin)
            old_files[part] = number
            count = end - begin
        else:
            count = len(part.lengths)
            rows.append(_shifted(part.words, first))
            names.append(_shifted(part.names_used, number))
        unit_counts.append(count)
        first += count
    if old is not None:
        rows.insert(0, old.words.rows(old_units))
        names.insert(0, old.names.rows(old_files))
    columns, languages = _columns(plan, old, np.array(unit_counts, np.int64))
    entries = [part.entry if not isinstance(part, int) else old.packed(part) for _, part in plan.parts]  # type: ignore[union-attr]
    draft = CodeManifest(
        _VERSION, str(root), "", len(plan.parts), first, {}, dict(sorted(plan.skipped.items())), languages
    )
    return write_code_generation(
        folder, draft, columns, Postings.from_rows(merged(rows)), Postings.from_rows(merged(names)),
        lambda path: _write_entries(path, entries),
    )  # fmt: skip


def _shifted(rows: Rows, by: int) -> Rows:
    return Rows(rows.words, rows.numbers, rows.documents + np.int32(by), rows.counts, rows.fields)


def _write_entries(path: Path, entries: list[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(entries)


def _columns(plan: _Plan, old: CodeIndex | None, unit_counts: NDArray[np.int64]) -> tuple[UnitColumns, dict[str, int]]:
    """The arrays of units and files, and how many files each language has."""
    parts: dict[str, list[NDArray[Any]]] = {
        "unit_first": [],
        "unit_last": [],
        "unit_kinds": [],
        "unit_names": [],
        "unit_words": [],
    }
    sizes = [0]
    languages: Counter[str] = Counter()
    for _, part in plan.parts:
        if isinstance(part, int):
            assert old is not None  # noqa: S101
            place = slice(int(old.first_units[part]), int(old.first_units[part + 1]))
            for name, arrays in parts.items():
                arrays.append(getattr(old.columns, name)[place])
            entry = old.packed(part)
        else:
            entry = part.entry
            units = CodeFile.unpacked(entry).units
            parts["unit_first"].append(np.array([unit.first_line for unit in units], np.int32))
            parts["unit_last"].append(np.array([unit.last_line for unit in units], np.int32))
            parts["unit_kinds"].append(np.array([KIND_NUMBERS[unit.kind] for unit in units], np.uint8))
            parts["unit_names"].append(part.names)
            parts["unit_words"].append(part.lengths)
        sizes.append(len(entry))
        languages[_language(entry)] += 1
    columns = UnitColumns(
        np.repeat(np.arange(len(plan.parts), dtype=np.int32), unit_counts),
        **{name: np.concatenate(arrays) for name, arrays in parts.items()},
        file_offsets=np.cumsum(sizes, dtype=np.int64),
        file_roles=np.array([roles_of(path) for path, _ in plan.parts], np.uint8),
    )
    return columns, dict(sorted(languages.items()))


def _language(entry: bytes) -> str:
    unpacker = msgpack.Unpacker(unicode_errors="surrogateescape")
    unpacker.feed(entry[:800])
    unpacker.read_array_header()
    unpacker.skip()
    unpacker.skip()
    return str(unpacker.unpack())
