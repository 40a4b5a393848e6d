"""The index of a repository on disk: one generation of files, which the manifest names; swapped in, never edited.

What lies in a generation is a function of the repository's files alone, without times or places, so that two builds can
be compared byte for byte. What is known of the files' dates is kept beside the generations.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from coderag_app.code.code_units import CodeFile, CodeUnit
from coderag_app.code.postings import Postings, map_array
from coderag_app.errors import FileRefusedError, IndexStoreError
from coderag_app.files import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    flush,
    from_fields,
    read_json,
    refusals_as,
    remove_leftovers,
    system_message,
    write_atomically,
)
from coderag_app.generation_folder import (
    check_generation_name,
    one_writer,
    remove_generations,
    sha256_of,
    unused_generation,
)

CODE_FORMAT = 1
_MANIFEST = "code-manifest.json"
_LOCK = ".code-lock"
_REBUILD = "Build it anew: coderag code index REPO --fresh"
_COLUMNS = (
    "unit_files",
    "unit_first",
    "unit_last",
    "unit_kinds",
    "unit_names",
    "unit_words",
    "file_offsets",
    "file_roles",
)
_LONGEST_MANIFEST = 10_000_000


@dataclass(frozen=True, slots=True)
class UnitColumns:
    """What the ranking reads of all units and files at once.

    Attributes:
        unit_files: int32, the file of each unit; units are in order of path and line.
        unit_first: int32, first lines; ``unit_last`` likewise.
        unit_kinds: uint8, numbers of ``KINDS``.
        unit_names: uint8, how many words the symbol's own name has.
        unit_words: int32, how many words the unit has.
        file_offsets: int64, one more than files: where each file's entry begins.
        file_roles: uint8, bits of ``ROLES``.
    """

    unit_files: NDArray[np.int32]
    unit_first: NDArray[np.int32]
    unit_last: NDArray[np.int32]
    unit_kinds: NDArray[np.uint8]
    unit_names: NDArray[np.uint8]
    unit_words: NDArray[np.int32]
    file_offsets: NDArray[np.int64]
    file_roles: NDArray[np.uint8]


@dataclass(frozen=True)
class CodeManifest:
    """What an index consists of.

    Attributes:
        version: Versions of format, words and cutting; another one is built anew.
        root: The repository's folder.
        files: sha256 by file of the generation.
        skipped: How many files were left out, by reason.
        languages: How many files there are, by language.
    """

    version: str
    root: str
    generation: str
    file_count: int
    unit_count: int
    files: dict[str, str]
    skipped: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)


class CodeIndex:
    """An open index. Arrays are mapped; entries of files are read when a hit needs them."""

    def __init__(
        self,
        folder: Path,
        manifest: CodeManifest,
        columns: UnitColumns,
        words: Postings,
        names: Postings,
        entries: bytes,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.columns = columns
        self.words = words
        self.names = names
        self._entries = entries
        self._files: dict[int, CodeFile] = {}

    @classmethod
    def load(cls, folder: Path) -> CodeIndex:
        """Open the generation that the manifest names.

        Raises:
            IndexStoreError: There is none, or it is damaged.
        """
        manifest = read_code_manifest(folder)
        generation = folder / manifest.generation
        try:
            columns = UnitColumns(*(map_array(generation / f"{name}.npy") for name in _COLUMNS))
            path = generation / "files.msgpack"
            entries = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
            index = cls(
                folder, manifest, columns, Postings.load(generation, "words"), Postings.load(generation, "names"),
                memoryview(entries),  # type: ignore[arg-type]
            )  # fmt: skip
        except OSError as error:
            raise IndexStoreError(f"{system_message(error, generation)} {_REBUILD}") from error
        except ValueError as error:
            raise IndexStoreError(f"{generation} is damaged: {error}. {_REBUILD}") from error
        if len(columns.unit_files) != manifest.unit_count or len(columns.file_offsets) != manifest.file_count + 1:
            raise IndexStoreError(
                f"{generation} holds {len(columns.unit_files)} units, expected {manifest.unit_count}. {_REBUILD}"
            )
        return index

    @property
    def root(self) -> Path:
        """The repository."""
        return Path(self.manifest.root)

    @cached_property
    def first_units(self) -> NDArray[np.int64]:
        """The first unit of each file, and behind the last the number of units."""
        return np.searchsorted(self.columns.unit_files, np.arange(self.manifest.file_count + 1))

    def file(self, number: int) -> CodeFile:
        """The entry of a file by its number.

        Raises:
            IndexStoreError: The entry is damaged.
        """
        found = self._files.get(number)
        if found is None:
            with refusals_as(IndexStoreError, _REBUILD):
                found = CodeFile.unpacked(self.packed(number))
            self._files[number] = found
        return found

    def packed(self, number: int) -> bytes:
        """A file's entry as it is on disk."""
        offsets = self.columns.file_offsets
        return bytes(self._entries[int(offsets[number]) : int(offsets[number + 1])])

    def unit(self, number: int) -> tuple[CodeFile, CodeUnit]:
        """A unit by its number, with its file."""
        file = int(self.columns.unit_files[number])
        found = self.file(file)
        return found, found.units[number - int(self.first_units[file])]

    def files(self) -> Iterator[CodeFile]:
        """Every file, in order of paths; nothing is kept."""
        for number in range(self.manifest.file_count):
            with refusals_as(IndexStoreError, _REBUILD):
                yield CodeFile.unpacked(self.packed(number))

    def check(self) -> None:
        """Compare every file of the generation with the manifest.

        Raises:
            IndexStoreError: One is missing or differs.
        """
        with refusals_as(IndexStoreError, _REBUILD):
            for name, expected in self.manifest.files.items():
                path = self.folder / self.manifest.generation / name
                found = sha256_of(path)
                if found != expected:
                    raise FileRefusedError(f"{path} is damaged: its sha256 is {found}, expected {expected[:80]}.")


def code_index_folder(root: Path) -> Path:
    """Where the index of a repository lies unless somebody chooses: in the user's cache, not in the repository."""
    name = re.sub(r"\W+", "-", root.name)[:40] or "root"
    digest = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return user_cache_path("coderag") / "code" / f"{name}-{digest}"


def read_code_manifest(folder: Path) -> CodeManifest:
    """Read the manifest.

    Raises:
        IndexStoreError: It is missing or damaged.
    """
    path = folder / _MANIFEST
    with refusals_as(IndexStoreError, _REBUILD):
        try:
            fields = read_json(path, _LONGEST_MANIFEST, max_depth=4, follow_links=False)
        except (FileNotFoundError, NotADirectoryError):
            raise IndexStoreError(f"No code index in {folder}. Build it: coderag code index REPO") from None
        recorded = fields.pop("manifest_sha256", None)
        if recorded != _fields_sha256(fields):
            raise FileRefusedError(f"{path} was changed after it was written.")
        manifest = from_fields(CodeManifest, fields, str(path))
        check_generation_name(manifest.generation, path)
    return manifest


def code_index_lock(folder: Path, timeout_s: float = 30.0) -> AbstractContextManager[None]:
    """Keep other writers out. A killed process frees the lock at once.

    Raises:
        IndexStoreError: Another process holds it for longer than ``timeout_s``, or the folder cannot be written.
    """
    return one_writer(folder, _LOCK, "indexing into", "--index-dir", timeout_s, reentrant=False)


def write_code_generation(
    folder: Path, draft: CodeManifest, columns: UnitColumns, words: Postings, names: Postings,
    write_entries: Callable[[Path], None],
) -> CodeManifest:  # fmt: skip
    """Write a new generation and make it the current one. Call this under ``code_index_lock``.

    Args:
        folder: The index's folder.
        draft: The manifest without generation and files.
        columns: Arrays of units and files.
        words: Postings of units.
        names: Postings of files, by what they define and call.
        write_entries: Writes the entries of all files to a path.

    Raises:
        IndexStoreError: The disk refused; the previous generation is untouched.
    """
    _remove_stale(folder)
    generation = unused_generation(folder)
    try:
        generation.mkdir(mode=PRIVATE_FOLDER)
        for name in _COLUMNS:
            np.save(generation / f"{name}.npy", getattr(columns, name))
        words.save(generation, "words")
        names.save(generation, "names")
        write_entries(generation / "files.msgpack")
        hashes = {}
        for path in sorted(generation.iterdir()):
            path.chmod(PRIVATE_FILE)
            flush(path)
            hashes[path.name] = sha256_of(path)
        flush(generation)
        manifest = CodeManifest(**{**asdict(draft), "generation": generation.name, "files": hashes})
        fields = asdict(manifest)
        text = json.dumps({**fields, "manifest_sha256": _fields_sha256(fields)}, indent=1) + "\n"
        write_atomically(folder / _MANIFEST, text)
    except OSError as error:
        shutil.rmtree(generation, ignore_errors=True)
        raise IndexStoreError(
            f"Writing the code index to {generation} failed: {system_message(error)} The index before it is untouched."
        ) from error
    _remove_stale(folder)
    return manifest


def _remove_stale(folder: Path) -> None:
    """Remove generations that the manifest does not name; with a damaged manifest all go, since sources remain."""
    remove_leftovers(folder)
    current = ""
    with suppress(IndexStoreError):
        current = read_code_manifest(folder).generation
    remove_generations(folder, current)


def _fields_sha256(fields: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
