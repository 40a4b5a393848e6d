"""The index's layout on disk. What makes a build that dies at any moment harmless is here.

    storage/
        manifest.json             names the current generation; replaced last, in one step
        generation-000007/        the files of one build; never changed once the manifest names them
            sql_rag_faiss_index.bin    FAISS IndexFlatIP
            sql_rag_corpus_map.npy     row -> node id, database, verified
            sql_rag_documents.jsonl    one example a line, in row order
        rejected.jsonl            rows the last ingestion refused
        .write.lock               held while someone writes

A reader starts at the manifest, so it sees the old generation or the new one, never a mixture. A writer fills a folder
that no manifest names, flushes it to the disk, then replaces the manifest. Folders that the manifest does not name are
leftovers of killed builds; the next writer removes them. This covers a killed process and, as far as the disk keeps
its word about fsync, a power cut. It does not cover someone editing files: checksums report that at load.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from coderag_app.cold_start import SynthesisRecord
from coderag_app.errors import IndexStoreError
from coderag_app.types import EncoderInfo

FORMAT_VERSION = 1
METRIC = "cosine (inner product of normalised vectors)"
MANIFEST_FILE = "manifest.json"
NEW_MANIFEST_FILE = "manifest.json.new"
FAISS_FILE = "sql_rag_faiss_index.bin"
CORPUS_MAP_FILE = "sql_rag_corpus_map.npy"
DOCUMENTS_FILE = "sql_rag_documents.jsonl"
DATA_FILES = (FAISS_FILE, CORPUS_MAP_FILE, DOCUMENTS_FILE)
REJECTED_FILE = "rejected.jsonl"
LOCK_FILE = ".write.lock"
_GENERATION = re.compile(r"generation-(\d{6,12})")
_REBUILD = "Rebuild it: coderag ingest"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and checksum of one file of a generation."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an index is made of; the JSON file also carries a checksum of itself.

    Attributes:
        databases: Number of examples by db_id; the corpus map counts into the order of the names.
        files: Records of ``DATA_FILES``; filled in when the generation is written.
        generation: Folder of the files; filled in when it is written.
        synthesis: What synthetic examples were made from, by db_id.
    """

    encoder: EncoderInfo
    embed_view_version: str
    count: int
    databases: dict[str, int]
    created_at: str
    created_by: str
    generation: str = ""
    files: dict[str, FileRecord] | None = None
    metric: str = METRIC
    format_version: int = FORMAT_VERSION
    synthesis: dict[str, SynthesisRecord] = field(default_factory=dict)

    def to_json(self) -> str:
        """The manifest's text, with ``manifest_sha256`` over the rest."""
        fields = asdict(self)
        return json.dumps({**fields, "manifest_sha256": _fields_sha256(fields)}, indent=2, ensure_ascii=False) + "\n"


def _fields_sha256(fields: dict[str, object]) -> str:
    # Keys are not sorted: the order of the databases means something.
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def read_manifest(storage_dir: Path) -> Manifest:
    """Read and check ``manifest.json``.

    Raises:
        IndexStoreError: There is none, it is damaged, or it is of another format version.
    """
    path = storage_dir / MANIFEST_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        recorded = fields.pop("manifest_sha256")
    except FileNotFoundError:
        raise IndexStoreError(_nothing_there(storage_dir)) from None
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise IndexStoreError(f"{path} is damaged: {error!r}; expected the JSON of a manifest. {_REBUILD}") from error
    if fields.get("format_version") != FORMAT_VERSION:
        raise IndexStoreError(
            f"{path} has format version {fields.get('format_version')}, expected {FORMAT_VERSION}. {_REBUILD}"
        )
    found = _fields_sha256(fields)
    if found != recorded:
        raise IndexStoreError(
            f"{path} was changed after it was written: its content has sha256 {found}, expected {recorded}. {_REBUILD}"
        )
    try:
        manifest = Manifest(
            **{
                **fields,
                "encoder": EncoderInfo(**fields["encoder"]),
                "synthesis": {k: SynthesisRecord(**v) for k, v in fields.get("synthesis", {}).items()},
                "files": {name: FileRecord(**fields["files"][name]) for name in DATA_FILES},
            }
        )
    except (KeyError, TypeError) as error:
        raise IndexStoreError(f"{path} lacks a field: {error!r}. {_REBUILD}") from error
    if _GENERATION.fullmatch(manifest.generation) is None:
        raise IndexStoreError(f"{path} names {manifest.generation!r}, expected generation-NNNNNN. {_REBUILD}")
    return manifest


def _nothing_there(storage_dir: Path) -> str:
    if not storage_dir.is_dir():
        found = "the folder does not exist"
    elif any(_GENERATION.fullmatch(path.name) for path in storage_dir.iterdir()):
        found = f"a generation folder but no {MANIFEST_FILE}: the first build was cut off, or the manifest deleted"
    else:
        found = f"no {MANIFEST_FILE}"
    return f"No index in {storage_dir}: found {found}; expected {MANIFEST_FILE}. Build it: coderag ingest"


def check_files(storage_dir: Path, manifest: Manifest) -> None:
    """Compare size and sha256 of each file with the manifest.

    Raises:
        IndexStoreError: A file is missing, shorter or longer, or its content differs.
    """
    for name, record in (manifest.files or {}).items():
        path = storage_dir / manifest.generation / name
        if not path.is_file():
            raise IndexStoreError(f"{path} is missing, expected {record.size_bytes} bytes. {_REBUILD}")
        found = file_record(path)
        if found.size_bytes != record.size_bytes:
            raise IndexStoreError(
                f"{path} has {found.size_bytes} bytes, expected {record.size_bytes}: it was cut or changed. {_REBUILD}"
            )
        if found.sha256 != record.sha256:
            raise IndexStoreError(
                f"{path} is damaged: its sha256 is {found.sha256}, expected {record.sha256}. {_REBUILD}"
            )


def file_record(path: Path) -> FileRecord:
    """Size and sha256 of a file."""
    with path.open("rb") as file:
        return FileRecord(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@contextmanager
def storage_lock(storage_dir: Path, timeout_s: float = 5.0) -> Iterator[None]:
    """Keep other writers out; the lock of a killed process is free at once. A thread may enter it again.

    Raises:
        IndexStoreError: Another process holds it for longer than ``timeout_s``, or the folder cannot be written.
    """
    try:
        storage_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(str((storage_dir / LOCK_FILE).resolve()), timeout=timeout_s, is_singleton=True)
        lock.acquire()
    except Timeout:
        raise IndexStoreError(
            f"Another process is writing to {storage_dir} (waited {timeout_s:g} s). "
            "Wait until it ends, or use another folder: --storage-dir"
        ) from None
    except OSError as error:
        raise IndexStoreError(f"{storage_dir} cannot be written: {error}. Use another folder: --storage-dir") from error
    try:
        yield
    finally:
        lock.release()


def write_generation(storage_dir: Path, draft: Manifest, write_files: Callable[[Path], None]) -> Manifest:
    """Write a new generation and make it the current one. Call it under ``storage_lock``.

    Args:
        storage_dir: The index's folder.
        draft: The manifest without generation and files.
        write_files: Writes every file of ``DATA_FILES`` into the folder it is given.

    Raises:
        IndexStoreError: The disk refused, e.g. it is full; the previous generation is untouched.
    """
    remove_stale(storage_dir)
    numbers = [int(match.group(1)) for path in storage_dir.iterdir() if (match := _GENERATION.fullmatch(path.name))]
    folder = storage_dir / f"generation-{max(numbers, default=0) + 1:06d}"
    try:
        folder.mkdir()
        write_files(folder)
        for name in DATA_FILES:
            _flush(folder / name)
        _flush(folder)
        files = {name: file_record(folder / name) for name in DATA_FILES}
        manifest = replace(draft, generation=folder.name, files=files)
        _write_text(storage_dir / NEW_MANIFEST_FILE, manifest.to_json())
        (storage_dir / NEW_MANIFEST_FILE).replace(storage_dir / MANIFEST_FILE)
    except (OSError, RuntimeError) as error:  # FAISS reports a failed write as a RuntimeError
        shutil.rmtree(folder, ignore_errors=True)
        raise IndexStoreError(
            f"Writing the index to {folder} failed: {error}. The index that was there before is untouched."
        ) from error
    _flush(storage_dir)
    remove_stale(storage_dir)
    return manifest


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    _flush(path)


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale(storage_dir: Path) -> None:
    """Remove generations that the manifest does not name; with a damaged manifest nothing is removed."""
    try:
        current = read_manifest(storage_dir).generation
    except IndexStoreError:
        if (storage_dir / MANIFEST_FILE).exists():
            return
        current = ""
    for path in storage_dir.iterdir():
        if _GENERATION.fullmatch(path.name) and path.name != current:
            shutil.rmtree(path, ignore_errors=True)
