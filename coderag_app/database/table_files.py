"""CSV, TSV, Parquet and Excel files as a database: read once, by their content, into a DuckDB file in the cache."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.errors import DatabaseError, FileRefusedError, IngestionError
from coderag_app.files import file_sha256, private_folder, read_bytes, read_json, system_message, write_atomically
from coderag_app.text.cell_text import visible_text

if TYPE_CHECKING:
    from coderag_app.database.uploads.column_types import ReadingOptions

logger = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".parquet", ".xlsx", ".xlsm")

_MOST_MB = 1_000  # of all files together, which are held in memory while they are read
_MOST_NOTES = 20
_MOST_NAME_CHARS = 60
_MADE = "made.json"  # beside the database: what was decided about the files
_FORGOTTEN_S = 30 * 86_400  # after which the copy of files that nobody opens is removed


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The DuckDB file that table files became, and what was decided about them."""

    path: Path
    notes: tuple[str, ...]


def read_table_files(target: str | Path, reading: ReadingOptions | None = None) -> ReadFiles | None:
    """Make CSV, TSV, Parquet and Excel files a database, unless that was done before; None where the target is none.

    A file that cannot be read is left out while another one can. What was decided is also logged, when it is decided.

    Args:
        target: Path of a file, of several separated by commas, or of a folder of them.
        reading: How to read them; decided by their values when None.

    Raises:
        DatabaseError: They cannot be read, one is missing, or the cache cannot be written.
    """
    try:
        files = _table_files(str(target))
        if not files:
            return None
        from coderag_app.database.uploads.column_types import ReadingOptions

        _check_sizes(files)
        options, name = reading or ReadingOptions(), _name_of(str(target), files)
        home = default_files_folder() / _digest([str(path.absolute()) for path in files])
        state = _digest([_code(), repr(options), name, *(f"{path.name} {file_sha256(path)}" for path in files)])
        return _made_before(home, state) or _make(files, options, name, home, state)
    except (IngestionError, FileRefusedError) as error:
        raise DatabaseError(str(error)) from error
    except OSError as error:
        raise DatabaseError(system_message(error)) from error


def table_files_stamp(target: str) -> tuple[int, ...]:
    """What changes when table files do: their times of change, in nanoseconds; empty where the target is none.

    Raises:
        DatabaseError: One of several files is missing, or a folder holds none.
        OSError: One may not be read.
    """
    return tuple(path.stat().st_mtime_ns for path in _table_files(target))


def default_files_folder() -> Path:
    """Where the databases made of files lie: in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("coderag") / "files"


def _table_files(target: str) -> list[Path]:
    """One file, several separated by commas, or those of a folder; none where the target is a database, or nothing."""
    whole = Path(target)
    if os.path.isdir(target):  # noqa: PTH112 - False where a name is too long, not an error
        return _files_of_folder(whole)
    if os.path.exists(target):  # noqa: PTH110
        return [whole] if _holds_tables(whole) else []
    parts = [Path(part.strip()) for part in target.split(",") if part.strip()]
    if len(parts) < 2 or not all(part.suffix.lower() in SUFFIXES for part in parts):
        return []
    for part in parts:
        if not part.is_file():
            raise DatabaseError(f"{part} does not exist; expected files separated by commas.")
    return parts


def _files_of_folder(folder: Path) -> list[Path]:
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$")) and path.is_file()
    )
    if not found:
        raise DatabaseError(f"The folder {folder} holds no {', '.join(SUFFIXES)} file; expected at least one.")
    return found


def _holds_tables(path: Path) -> bool:
    """Whether a file is read by its ending; one that is a database, whatever it is called, is not."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(16)
    return not head.startswith(b"SQLite format 3\x00") and head[8:12] != b"DUCK"


def _check_sizes(files: Sequence[Path]) -> None:
    """Refuse what would not fit in memory, before any of it is read."""
    if (total := sum(path.stat().st_size for path in files) // 1_000_000) > _MOST_MB:
        raise DatabaseError(
            f"The {len(files)} files have {total:,} MB; expected at most {_MOST_MB:,} MB. Load larger data into a "
            "DuckDB file and open that."
        )


def _made_before(home: Path, state: str) -> ReadFiles | None:
    with suppress(OSError, FileRefusedError, KeyError, TypeError):
        made = read_json(home / _MADE, 1_000_000)
        path = home / made["path"]
        if made["state"] == state and path.is_file():
            (home / _MADE).touch()
            return ReadFiles(path, tuple(map(str, made["notes"])))
    return None


def _make(files: Sequence[Path], options: ReadingOptions, name: str, home: Path, state: str) -> ReadFiles:
    from coderag_app.database.uploads.limits import MAX_UPLOAD_MB
    from coderag_app.database.uploads.upload_tables import tables_to_duckdb

    private_folder(home.parent)
    private_folder(home)
    _tidy(home.parent)
    most_bytes = MAX_UPLOAD_MB * 1_000_000 + 1  # one more: the size is refused with the file's name
    contents = [(path.name, read_bytes(path, max(most_bytes, path.stat().st_size))) for path in files]
    made = tables_to_duckdb(contents, home, options, name, skip_unreadable=len(files) > 1)
    _say(made.notes)
    content = {"state": state, "path": str(made.path.relative_to(home)), "notes": made.notes}
    write_atomically(home / _MADE, json.dumps(content))
    for old in home.iterdir():  # of the files as they were; who has it open keeps it
        if old.is_dir() and old != made.path.parent:
            shutil.rmtree(old, ignore_errors=True)
    return ReadFiles(made.path, made.notes)


def _say(notes: Sequence[str]) -> None:
    for note in notes[:_MOST_NOTES]:
        logger.warning("%s", visible_text(note))
    if len(notes) > _MOST_NOTES:
        logger.warning("... and %d more decisions.", len(notes) - _MOST_NOTES)
    if notes:
        logger.warning("To read them otherwise: --file-header, --file-decimal, --file-dates.")


def _name_of(target: str, files: Sequence[Path]) -> str:
    """What the database is called: as the folder, or as its files."""
    from coderag_app.database.uploads.headers import table_name, usable_name

    if Path(target).is_dir():
        return usable_name(Path(target).resolve().name, "files")
    return "_".join(table_name(path.name) for path in files)[:_MOST_NAME_CHARS].strip("_")


def _tidy(folder: Path) -> None:
    for made in folder.glob(f"*/{_MADE}"):
        with suppress(OSError):
            if time.time() - made.stat().st_mtime > _FORGOTTEN_S:
                shutil.rmtree(made.parent)


@cache
def _code() -> str:
    """A digest of the code that reads files: another version reads them anew."""
    here = Path(__file__).parent
    schema = here.parent / "schema"
    parts = [*sorted((here / "uploads").glob("*.py")), schema / "profile.py", schema / "profile_words.yaml"]
    return _digest([file_sha256(part) for part in parts])


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
