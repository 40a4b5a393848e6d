"""The process that turns files into tables; `python -m` of this module takes a job on standard input.

Memory, time and disk are bounded by the system, so that what the limits on the files let through ends this process
and not the one that people work with. It answers in lines of JSON: the file it is at; at the end the tables or an
error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.database.sampling import quoted
from coderag_app.database.uploads.column_types import ReadingOptions
from coderag_app.database.uploads.from_csv import load_csv
from coderag_app.database.uploads.from_excel import load_sheet, sheets
from coderag_app.database.uploads.from_parquet import load_parquet
from coderag_app.database.uploads.headers import distinct_names, table_name, usable_name
from coderag_app.database.uploads.limits import DISK_MB, DUCKDB_MB, MEMORY_MB, limit_this_process
from coderag_app.database.uploads.upload_tables import UploadedTable
from coderag_app.errors import CodeRAGError, IngestionError

if TYPE_CHECKING:
    import duckdb


def main() -> None:
    """Read the job, make the database, say what came of it."""
    job = json.load(sys.stdin)
    limit_this_process()
    try:
        tables, left_out = _converted(job, Path(job["database"]))
        _say({"tables": [asdict(table) for table in tables], "left_out": left_out})
    except MemoryError:
        _say({"error": f"{job['at']} needs more than {MEMORY_MB:,} MB of memory to be read."})
    except (CodeRAGError, OSError) as error:
        _say({"error": str(error)})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _converted(job: dict[str, Any], path: Path) -> tuple[list[UploadedTable], list[str]]:
    """Load the files; the tables, and why files were left out.

    Raises:
        IngestionError: A file cannot be read, and none may be left out, or none is left.
    """
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{DUCKDB_MB}MB",
        "max_temp_directory_size": f"{DISK_MB}MB",
        "temp_directory": str(path.parent),
        "threads": 2,
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(str(path), config=settings)
    tables: list[UploadedTable] = []
    left_out: list[str] = []
    options = ReadingOptions(**job["options"])
    for each in job["files"]:
        job["at"] = each["name"]
        _say({"file": each["name"]})
        taken = [table.name for table in tables]
        try:
            tables += _load(connection, each["name"], Path(each["path"]), each["kind"], taken, options)
        except (duckdb.Error, IngestionError) as error:
            reason = str(error)
            if isinstance(error, duckdb.Error):
                reason = f"{each['name']} cannot be read: {reason.splitlines()[0].replace(str(path.parent), '')}"
            if not job["skip"]:
                raise IngestionError(reason) from error
            left_out.append(reason)
            _drop_all_but(connection, taken)
    connection.close()
    if not tables:
        raise IngestionError(left_out[0])
    return tables, left_out


def _drop_all_but(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    """Remove what an unreadable file left behind."""
    for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall():
        if name not in tables:
            connection.execute(f"DROP TABLE {quoted(name)}")


def _load(
    connection: duckdb.DuckDBPyConnection, file: str, path: Path, kind: str, taken: list[str], options: ReadingOptions
) -> list[UploadedTable]:
    """Create the tables of one file."""
    stem = table_name(file)
    if kind == "excel":
        found = list(sheets(file, path, options))
        if not found:
            raise IngestionError(f"{file} holds no sheet with a header and rows; expected at least one.")
        titles = [stem if len(found) == 1 else f"{stem}_{usable_name(sheet.title, 'sheet')}" for sheet in found]
        names = distinct_names(titles, taken)
        notes = [load_sheet(connection, name, sheet, options) for name, sheet in zip(names, found, strict=True)]
    elif kind == "parquet":
        names, notes = distinct_names([stem], taken), [[]]
        load_parquet(connection, file, path, names[0])
    else:
        names = distinct_names([stem], taken)
        notes = [load_csv(connection, file, path, names[0], options)]
    described = [_described(connection, name, file) for name in names]
    return [replace(table, notes=tuple(said)) for table, said in zip(described, notes, strict=True)]


def _described(connection: duckdb.DuckDBPyConnection, table: str, file: str) -> UploadedTable:
    listed = connection.execute(f"DESCRIBE {quoted(table)}").fetchall()
    count = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()[0][0]
    return UploadedTable(table, file, count, tuple(row[0] for row in listed))


if __name__ == "__main__":
    main()
