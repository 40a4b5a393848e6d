"""The reader for local files with a question, SQL and context in each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from coderag_app.types import SQLExample
from ingestion.readers.columns import ColumnMap
from ingestion.readers.records import Record, count_records, iter_records
from ingestion.readers.source_rows import Rejection, Row, RowLimits, example_row

# Columns are looked for in the first records, since a JSON object may leave out what is null.
_RECORDS_TO_FIND_COLUMNS = 50


@dataclass(frozen=True)
class FileReader:
    """Rows of a JSONL, JSON, CSV, TSV or Parquet file.

    Attributes:
        path: The file.
        columns: Which column holds what; the usual names are found without.
        context: The database context of all rows, for a file without one.
        db_id: The database of all rows; empty takes it from the ``db_id`` column, if there is one.
        dialect: sqlglot dialect that SQL must parse in; empty accepts the common ones.
        limits: Longest texts.
        check: A further check of an example; returns what is wrong, or an empty string.
    """

    path: Path
    columns: ColumnMap = field(default_factory=ColumnMap)
    context: str | None = None
    db_id: str = ""
    dialect: str = ""
    limits: RowLimits = field(default_factory=RowLimits)
    check: Callable[[SQLExample], str] | None = None

    @property
    def label(self) -> str:
        """The file's path."""
        return str(self.path)

    def total_rows(self) -> int | None:
        """About how many rows the file has."""
        return count_records(self.path)

    def __iter__(self) -> Iterator[Row]:
        """Every row.

        Raises:
            IngestionError: The file cannot be read, or a column is missing.
        """
        records = iter_records(self.path)
        while first := list(islice(records, _RECORDS_TO_FIND_COLUMNS)):
            names = list(dict.fromkeys(name for record in first for name in record.fields or ()))
            if not names:  # nothing but malformed rows so far
                yield from (self._row(record, self.columns) for record in first)
                continue
            columns = self.columns.resolve(names, str(self.path), needs_context=self.context is None)
            yield from (self._row(record, columns) for record in chain(first, records))

    def _row(self, record: Record, columns: ColumnMap) -> Row:
        name = self.path.name
        if record.fields is None:
            return Row(record.line, name, rejection=record.rejection, detail=record.detail)
        fields = columns.pick(record.fields, self.context, self.db_id)
        row = example_row(name, record.line, fields, self.dialect, self.limits)
        if row.example is not None and self.check is not None:
            problem = self.check(row.example)
            if problem:
                return Row(record.line, name, rejection=Rejection.DOES_NOT_FIT, detail=problem)
        return row
