"""The index's layout on disk, and why a build may die at any moment without harm.

    storage/
        manifest.json             names the current generation; replaced last, in one step
        generation-000007/        the files of one build; never changed once the manifest names them
            sql_rag_faiss_index.bin    FAISS IndexFlatIP
            sql_rag_corpus_map.npy     row -> node id, database, verified
            sql_rag_documents.jsonl    one example per line, in row order
        rejected.jsonl            rows that the last ingestion rejected
        .write.lock               held while a process writes

New folders and files are readable by their owner only.

A reader starts at the manifest, so it sees the old generation or the new one, never a mixture. A writer fills a folder
that no manifest names, flushes it to the disk, then replaces the manifest. Folders that the manifest does not name are
leftovers of killed builds; the next writer removes them, or the next reader when nobody writes. This covers a killed
process and, as far as the disk honours fsync, a power cut. Checksums reveal edits at load; files that
were edited together with their checksums are still checked for size, type and shape before use.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

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
    generations_in,
    one_writer,
    remove_generations,
    sha256_of,
    unused_generation,
)
from coderag_app.index.synthesis import SynthesisRecord
from coderag_app.types import EncoderInfo

FORMAT_VERSION = 1
METRIC = "cosine (inner product of normalised vectors)"
MANIFEST_FILE = "manifest.json"
FAISS_FILE = "sql_rag_faiss_index.bin"
CORPUS_MAP_FILE = "sql_rag_corpus_map.npy"
DOCUMENTS_FILE = "sql_rag_documents.jsonl"
DATA_FILES = (FAISS_FILE, CORPUS_MAP_FILE, DOCUMENTS_FILE)
REJECTED_FILE = "rejected.jsonl"
LOCK_FILE = ".write.lock"
REBUILD = "Rebuild it: coderag ingest"
_MAX_MANIFEST_BYTES = 64_000_000  # enough for a million database names
_MAX_EXAMPLES, _MAX_DIMENSION = 10_000_000, 65_536


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and checksum of one file of a generation."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an index consists of; the JSON file also carries its own checksum.

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
    # Keys are not sorted: the corpus map refers to databases by position.
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def read_manifest(storage_dir: Path) -> Manifest:
    """Read and check ``manifest.json``.

    Raises:
        IndexStoreError: It is missing or damaged, or has another format version.
    """
    path = storage_dir / MANIFEST_FILE
    with refusals_as(IndexStoreError, REBUILD):
        try:
            fields = read_json(path, _MAX_MANIFEST_BYTES, max_depth=8, follow_links=False)
        except (FileNotFoundError, NotADirectoryError):
            raise IndexStoreError(_nothing_there(storage_dir)) from None
        recorded = fields.pop("manifest_sha256", None)
        if fields.get("format_version") != FORMAT_VERSION:
            raise FileRefusedError(
                f"{path} has format version {str(fields.get('format_version'))[:80]}, expected {FORMAT_VERSION}."
            )
        found = _fields_sha256(fields)
        if found != recorded:
            raise FileRefusedError(
                f"{path} was changed after it was written: its content has sha256 {found}, "
                f"expected {str(recorded)[:80]}."
            )
        manifest = from_fields(Manifest, fields, str(path))
        _check_manifest(manifest, path)
    return manifest


def _check_manifest(manifest: Manifest, path: Path) -> None:
    """Refuse implausible numbers and names, since later steps allocate memory by them.

    Raises:
        FileRefusedError: With the first that is wrong.
    """
    check_generation_name(manifest.generation, path)
    if not 1 <= manifest.count <= _MAX_EXAMPLES:
        raise FileRefusedError(f"{path} counts {manifest.count} examples, expected 1 to {_MAX_EXAMPLES:,}.")
    if not 1 <= manifest.encoder.dimension <= _MAX_DIMENSION:
        dimension = manifest.encoder.dimension
        raise FileRefusedError(f"{path} has vectors of {dimension} dimensions, expected 1 to {_MAX_DIMENSION:,}.")
    if set(manifest.files or ()) != set(DATA_FILES):
        raise FileRefusedError(
            f"{path} lists {', '.join(sorted(manifest.files or ()))[:200] or 'no files'}, "
            f"expected {', '.join(DATA_FILES)}."
        )


def _nothing_there(storage_dir: Path) -> str:
    if not storage_dir.is_dir():
        found = "the folder does not exist"
    elif generations_in(storage_dir):
        found = f"a generation folder but no {MANIFEST_FILE}: the first build was cut off, or the manifest deleted"
    else:
        found = f"no {MANIFEST_FILE}"
    return f"No index in {storage_dir}: found {found}; expected {MANIFEST_FILE}. Build it: coderag ingest"


def check_files(storage_dir: Path, manifest: Manifest) -> None:
    """Compare size and sha256 of each file with the manifest.

    Raises:
        IndexStoreError: A file is missing, shorter or longer, no regular file, or its content differs.
    """
    folder = storage_dir / manifest.generation
    with refusals_as(IndexStoreError, REBUILD):
        if folder.is_symlink():  # its files would lie outside the index's folder
            raise FileRefusedError(f"{folder} is a symbolic link, expected a folder.")
        for name, record in (manifest.files or {}).items():
            path = folder / name
            try:
                found = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                raise FileRefusedError(f"{path} is missing, expected {record.size_bytes} bytes.") from None
            if stat.S_ISREG(found.st_mode) and found.st_size != record.size_bytes:
                raise FileRefusedError(
                    f"{path} has {found.st_size} bytes, expected {record.size_bytes}: it was cut or changed."
                )
            sha256 = file_record(path).sha256
            if sha256 != record.sha256:
                raise FileRefusedError(f"{path} is damaged: its sha256 is {sha256}, expected {record.sha256[:80]}.")


def file_record(path: Path) -> FileRecord:
    """Size and sha256 of a file.

    Raises:
        FileRefusedError: It is a link or no regular file.
    """
    digest = sha256_of(path)
    return FileRecord(path.stat().st_size, digest)


def storage_lock(storage_dir: Path, timeout_s: float = 5.0) -> AbstractContextManager[None]:
    """Keep other writers out. A killed process frees the lock at once; the same thread may enter it again.

    Raises:
        IndexStoreError: Another process holds it for longer than ``timeout_s``, or the folder cannot be written.
    """
    return one_writer(storage_dir, LOCK_FILE, "writing to", "--storage-dir", timeout_s, reentrant=True)


def write_generation(storage_dir: Path, draft: Manifest, write_files: Callable[[Path], None]) -> Manifest:
    """Write a new generation and make it the current one. Call this under ``storage_lock``.

    Args:
        storage_dir: The index's folder.
        draft: The manifest without generation and files.
        write_files: Writes every file of ``DATA_FILES`` into the folder it is given.

    Raises:
        IndexStoreError: The disk refused, e.g. it is full; the previous generation is untouched.
    """
    remove_stale(storage_dir)
    folder = unused_generation(storage_dir)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
        write_files(folder)
        for name in DATA_FILES:
            (folder / name).chmod(PRIVATE_FILE)
            flush(folder / name)
        flush(folder)
        files = {name: file_record(folder / name) for name in DATA_FILES}
        manifest = replace(draft, generation=folder.name, files=files)
        # A lone surrogate in a name is written as its JSON escape, which reads back unchanged.
        write_atomically(storage_dir / MANIFEST_FILE, manifest.to_json().encode("utf-8", "backslashreplace"))
    except (OSError, RuntimeError) as error:  # FAISS reports a failed write as a RuntimeError
        shutil.rmtree(folder, ignore_errors=True)
        reason = system_message(error) if isinstance(error, OSError) else _faiss_reason(str(error))
        raise IndexStoreError(
            f"Writing the index to {folder} failed: {reason} The index that was there before is untouched."
        ) from error
    remove_stale(storage_dir)
    return manifest


def _faiss_reason(message: str) -> str:
    """Extract the file and the system's reason from FAISS's message, which begins with C++ source locations."""
    match = re.search(r"write error in (.+): -?\d+ != -?\d+ \((.+)\)", message)
    return f"{match[1]}: {match[2]}." if match is not None else f"{message}."


def remove_stale(storage_dir: Path) -> None:
    """Remove generations that the manifest does not name; with a damaged manifest nothing is removed."""
    remove_leftovers(storage_dir)
    try:
        current = read_manifest(storage_dir).generation
    except IndexStoreError:
        if (storage_dir / MANIFEST_FILE).exists():
            return
        current = ""
    remove_generations(storage_dir, current)


def remove_stale_if_idle(storage_dir: Path) -> None:
    """The same for a reader, when a killed build left anything; a writer that is at work removes it itself."""
    with suppress(IndexStoreError, OSError):
        remove_leftovers(storage_dir)
        unfinished = [storage_dir / f"{name}.new" for name in (REJECTED_FILE, MANIFEST_FILE)]
        if len(generations_in(storage_dir)) + len({*unfinished} & {*storage_dir.iterdir()}) > 1:
            with storage_lock(storage_dir, timeout_s=0):
                remove_stale(storage_dir)
                for path in unfinished:
                    path.unlink(missing_ok=True)
