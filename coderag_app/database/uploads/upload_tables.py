"""Dropped files as one private database: CSV, TSV, Parquet and Excel become tables of a DuckDB file."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from coderag_app.database.sampling import quoted
from coderag_app.database.uploads.column_types import ReadingOptions
from coderag_app.database.uploads.from_excel import check_archive
from coderag_app.database.uploads.headers import file_stem, table_name, usable_name
from coderag_app.database.uploads.limits import DEADLINE_S, MAX_UPLOAD_MB, MEMORY_MB
from coderag_app.errors import DatabaseError, IngestionError
from coderag_app.text.cell_text import visible_text

logger = logging.getLogger(__name__)

SUPPORTED_SUFFIXES = (".csv", ".tsv", ".parquet", ".xlsx", ".xlsm", ".sqlite", ".sqlite3", ".db", ".duckdb")

_SQLITE, _DUCKDB, _PARQUET, _ZIP, _OLD_EXCEL = (
    b"SQLite format 3\x00",
    b"DUCK",
    b"PAR1",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
)


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """A table that came out of a file.

    Attributes:
        name: Its name in the database.
        file: The file's own name, as it was dropped (untrusted text).
        rows: How many rows it has.
        columns: The names of its columns in the database.
        notes: What was decided about it: its header, its encoding, what its columns hold.
    """

    name: str
    file: str
    rows: int
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadedDatabase:
    """The database made of files; ``path`` opens with ``open_database``.

    Attributes:
        left_out: Why files were left out, where those that cannot be read may be.
    """

    path: Path
    tables: tuple[UploadedTable, ...]
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about the files, each with the name of its file."""
        decided = (f"{table.file}: {note}" for table in self.tables for note in table.notes)
        return (*(f"Left out: {reason}" for reason in self.left_out), *decided)


def tables_to_duckdb(
    files: Sequence[tuple[str, bytes]],
    folder: Path,
    options: ReadingOptions | None = None,
    name: str = "",
    skip_unreadable: bool = False,
) -> UploadedDatabase:
    """Put files into one database that only this user can read.

    What a file is, its first bytes say, not its name. A SQLite or DuckDB file is stored as it is and must come alone.
    The database lies in a folder named after the content, so that the same files give the same path. What was decided
    about the files is in the ``notes``; where it is wrong, ``options`` say how to read them.

    Args:
        files: Name and content of each file.
        folder: Folder to write below.
        options: How to read text files and sheets, where it cannot be seen or was seen wrong.
        name: Name of the database; empty for that of its one file, or ``uploads``.
        skip_unreadable: Leave out files that cannot be read while another one can, and say so in ``left_out``.

    Raises:
        IngestionError: A file is too large, empty, damaged or of a kind that is not read; the message names it.
    """
    if not files:
        raise IngestionError(f"Got no file; expected one of {', '.join(SUPPORTED_SUFFIXES)}.")
    shown = [(visible_text(file), content) for file, content in files]
    options = options or ReadingOptions()
    home = _private_folder(folder / _digest(shown, options))
    usable: list[_File] = []
    left_out: list[str] = []
    for file, content in shown:
        try:
            usable.append(_checked(file, content))
        except IngestionError as error:
            if not skip_unreadable:
                raise
            left_out.append(str(error))
    if not usable:
        raise IngestionError(left_out[0])
    if any(file.kind == "database" for file in usable):
        if len(files) > 1:
            names = ", ".join(file for file, _ in shown)
            raise IngestionError(f"Got a database together with other files ({names}); drop the database alone.")
        return _stored_database(*shown[0], home)
    name = name or (table_name(files[0][0]) if len(files) == 1 else "uploads")
    built = _built_database(usable, home / f"{name}.duckdb", options, skip_unreadable)
    return replace(built, left_out=(*left_out, *built.left_out))


@dataclass(frozen=True, slots=True)
class _File:
    """A file whose size is within the limits, and what its first bytes say it is."""

    name: str
    content: bytes
    kind: str


def _checked(file: str, content: bytes) -> _File:
    _check_size(file, content)
    kind = _kind(file, content)
    if kind == "excel":
        check_archive(file, io.BytesIO(content))
    return _File(file, content, kind)


def _check_size(file: str, content: bytes) -> None:
    if not content.strip():
        raise IngestionError(f"{file} is empty ({len(content)} bytes); expected a file with rows.")
    if len(content) > MAX_UPLOAD_MB * 1_000_000:
        raise IngestionError(
            f"{file} has {len(content) // 1_000_000} MB; expected at most {MAX_UPLOAD_MB} MB. Load larger data into a "
            "DuckDB file and connect to that by its path."
        )


def _kind(file: str, content: bytes) -> str:
    """database, parquet, excel or text."""
    suffix = Path(file).suffix.lower()
    if content.startswith(_SQLITE) or content[8:12] == _DUCKDB:
        return "database"
    if content.startswith(_PARQUET):
        return "parquet"
    if content.startswith(_ZIP):
        return "excel"
    if content.startswith(_OLD_EXCEL) or suffix == ".xls":
        raise IngestionError(f"{file} is in the old Excel format; save it as .xlsx.")
    if suffix not in SUPPORTED_SUFFIXES:
        raise IngestionError(f"{file} is of a kind that is not read; expected one of {', '.join(SUPPORTED_SUFFIXES)}.")
    if suffix not in (".csv", ".tsv"):
        raise IngestionError(f"{file} is no {suffix} file: it starts with {content[:8]!r}.")
    return "text"


def _digest(files: Sequence[tuple[str, bytes]], options: ReadingOptions) -> str:
    found = hashlib.sha256(repr(options).encode() if options != ReadingOptions() else b"")
    for name, content in files:
        found.update(f"{name}\x1f{len(content)}\x1f".encode("utf-8", "surrogatepass"))
        found.update(content)
    return found.hexdigest()[:12]


def _private_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise IngestionError(f"{folder} cannot be written: {error.strerror}; choose another folder.") from error
    return folder


def _stored_database(file: str, content: bytes, home: Path) -> UploadedDatabase:
    from coderag_app.database import open_database

    suffix = ".duckdb" if content[8:12] == _DUCKDB else ".sqlite"
    path = home / f"{usable_name(file_stem(file), 'data')}{suffix}"
    _write_private(path, content)
    try:
        database = open_database(path)
        try:
            found = database.read_schema(samples=0).tables
            counts = [database.execute(f"SELECT count(*) FROM {quoted(table.name)}").rows[0][0] for table in found]
        finally:
            database.close()
    except DatabaseError as error:
        path.unlink(missing_ok=True)
        raise IngestionError(f"{file} cannot be opened: {str(error).replace(str(path), 'the file')}") from error
    names = [tuple(column.name for column in table.columns) for table in found]
    return UploadedDatabase(
        path, tuple(UploadedTable(t.name, file, n, c) for t, n, c in zip(found, counts, names, strict=True))
    )


def _write_private(path: Path, content: bytes) -> None:
    """Write beside the place and swap in: whoever has the old file open keeps it."""
    number, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    with os.fdopen(number, "wb") as out:
        out.write(content)
    Path(name).replace(path)


def _built_database(
    files: Sequence[_File], path: Path, options: ReadingOptions, skip_unreadable: bool
) -> UploadedDatabase:
    """Let a process of its own read the files (``convert.py``), since they may be made to break what reads them."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        built = Path(scratch) / path.name
        job: dict[str, Any] = {"database": str(built), "files": [], "options": asdict(options), "skip": skip_unreadable}
        for number, file in enumerate(files):
            stored = Path(scratch) / f"content-{number}"
            _write_private(stored, file.content)
            job["files"].append({"name": file.name, "kind": file.kind, "path": str(stored)})
        tables, left_out = _convert(job)
        built.chmod(0o600)
        built.replace(path)
    return UploadedDatabase(path, tables, left_out)


def _convert(job: dict[str, Any]) -> tuple[tuple[UploadedTable, ...], tuple[str, ...]]:
    """What the process says: the tables and why files were left out, or an error that names the file it was at."""
    root = str(Path(__file__).parents[3])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "coderag_app.database.uploads.convert"]
    file, over_time = job["files"][0]["name"], False
    with subprocess.Popen(  # noqa: S603 - no shell; every argument is ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        try:
            said, complaint = process.communicate(json.dumps(job).encode(), timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            said, complaint = process.communicate()
            over_time = True
    lines = [json.loads(line) for line in said.splitlines() if line.startswith(b"{") and line.endswith(b"}")]
    last = lines[-1] if lines else {}
    if "tables" in last:
        lists = ("columns", "notes")
        tables = (UploadedTable(**each | {name: tuple(each[name]) for name in lists}) for each in last["tables"])
        return tuple(tables), tuple(last["left_out"])
    if "error" in last:
        raise IngestionError(last["error"])
    file = last.get("file", file)
    if over_time:
        raise IngestionError(f"{file} took more than {DEADLINE_S} s to read. Load it into a DuckDB file and open that.")
    logger.warning(
        "Reading ended with status %s: %s", process.returncode, complaint[-2_000:].decode("utf-8", "replace")
    )
    raise IngestionError(
        f"{file} cannot be read: it needs more than {MEMORY_MB:,} MB of memory, or it is damaged "
        f"(the process that read it ended with status {process.returncode})."
    )
