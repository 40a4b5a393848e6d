"""The reader for Spider's layout: questions that name a database, and the databases beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from coderag_app.database import open_database
from coderag_app.errors import DatabaseError, IngestionError
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from ingestion.readers.columns import ColumnMap
from ingestion.readers.records import count_records, iter_records
from ingestion.readers.source_rows import RawFields, Rejection, Row, RowLimits, example_row

_SPLITS = {
    "train": ("questions.jsonl", "train_spider.json", "train_others.json"),
    "dev": ("dev.json",),
    "test": ("test.json",),
}


@dataclass(frozen=True)
class SpiderReader:
    """Rows of a folder in Spider's layout.

    Either ``questions.jsonl`` with ``databases/<db_id>.sqlite``, or Spider's own files: ``train_spider.json``,
    ``dev.json``, ``tables.json`` and ``database/<db_id>/<db_id>.sqlite``. The context of a row is the schema of its
    database file, or what ``tables.json`` says where there is no file.

    Attributes:
        folder: The folder.
        split: train, dev or test. ``questions.jsonl`` is read as train.
        limits: Longest texts.
    """

    folder: Path
    split: str = "train"
    limits: RowLimits = field(default_factory=RowLimits)

    @property
    def label(self) -> str:
        """The folder and split."""
        return f"{self.folder} ({self.split})"

    def total_rows(self) -> int | None:
        """How many questions there are."""
        return sum(count_records(path) or 0 for path in self.question_files())

    def question_files(self) -> list[Path]:
        """The files of the split that exist.

        Raises:
            IngestionError: There are none.
        """
        if self.split not in _SPLITS:
            raise IngestionError(f"Got the split {self.split!r}; expected one of {', '.join(_SPLITS)}.")
        names = _SPLITS[self.split]
        found = [self.folder / name for name in names if (self.folder / name).is_file()]
        if not found:
            raise IngestionError(f"{self.folder} is not in Spider's layout: expected {' or '.join(names)} in it.")
        return found

    def __iter__(self) -> Iterator[Row]:
        """Every row.

        Raises:
            IngestionError: The folder is not in Spider's layout, or its files lack the question, SQL or db_id.
        """
        contexts = _Contexts(self.folder)
        for path in self.question_files():
            columns: ColumnMap | None = None
            for record in iter_records(path):
                if record.fields is None:
                    yield Row(record.line, path.name, rejection=record.rejection, detail=record.detail)
                    continue
                columns = columns or _columns(list(record.fields), str(path))
                yield self._row(path.name, record.line, columns.pick(record.fields), contexts.of)

    def _row(self, name: str, line: int, fields: RawFields, context_of: Callable[[str], tuple[str, str]]) -> Row:
        if not isinstance(fields.db_id, str) or not fields.db_id.strip():
            return Row(line, name, rejection=Rejection.MISSING_CONTEXT, detail="db_id is empty")
        context, problem = context_of(fields.db_id)
        if problem:
            return Row(line, name, rejection=Rejection.MISSING_CONTEXT, detail=problem)
        checked = RawFields(fields.question, fields.sql, context, fields.db_id)
        return example_row(name, line, checked, "sqlite", self.limits)


def _columns(found: list[str], source: str) -> ColumnMap:
    # Spider's own files hold the SQL text in "query" and its parse in "sql".
    sql = "query" if "query" in found else "sql"
    wanted = ColumnMap(question="question", sql=sql, db_id="db_id")
    return wanted.resolve(found, source, needs_context=False)


class _Contexts:
    """The CREATE TABLE statements of each database, read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[str, str]] = {}

    def of(self, db_id: str) -> tuple[str, str]:
        """The database's context, or an empty text and what is wrong."""
        if db_id not in self._known:
            try:
                self._known[db_id] = (self._read(db_id), "")
            except (DatabaseError, ValueError, LookupError, TypeError) as error:
                self._known[db_id] = ("", f"no schema of database {db_id!r}: {error}")
        return self._known[db_id]

    def _read(self, db_id: str) -> str:
        if Path(db_id).name != db_id:  # a db_id is a name; "../x" would leave the folder
            raise ValueError("its name is no file name")
        nested = self._folder / "database" / db_id / f"{db_id}.sqlite"
        for path in (self._folder / "databases" / f"{db_id}.sqlite", nested):
            if path.is_file():
                database = open_database(path)
                try:
                    return database.read_schema(samples=0).to_ddl(samples=False)
                finally:
                    database.close()
        if db_id in self._tables:
            return schema_from_spider(self._tables[db_id]).to_ddl(samples=False)
        raise LookupError("neither a database file nor an entry in tables.json")

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        path = self._folder / "tables.json"
        if not path.is_file():
            return {}
        return {entry["db_id"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}


def schema_from_spider(entry: dict[str, Any]) -> Schema:
    """A schema from one entry of Spider's ``tables.json``; columns are numbered through all tables."""
    columns, types = entry["column_names_original"], entry["column_types"]
    names = entry["table_names_original"]
    flat = [key for keys in entry["primary_keys"] for key in (keys if isinstance(keys, list) else [keys])]
    tables = []
    for number, name in enumerate(names):
        own = [position for position, (table, _) in enumerate(columns) if table == number]
        keys = tuple(
            ForeignKey((columns[child][1],), names[columns[parent][0]], (columns[parent][1],))
            for child, parent in entry["foreign_keys"]
            if child in own
        )
        described = tuple(Column(columns[position][1], types[position].upper(), position in flat) for position in own)
        tables.append(Table(name, described, keys))
    return Schema(tuple(tables), "sqlite")
