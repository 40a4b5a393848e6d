"""The reader for a live database and a file of verified questions with their SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from coderag_app.database import Database
from coderag_app.database.base import OverLimitError
from coderag_app.errors import DatabaseError, SQLRejectedError
from coderag_app.sql.guard import check_sql
from coderag_app.types import SQLExample
from ingestion.readers.columns import ColumnMap
from ingestion.readers.local_files import FileReader
from ingestion.readers.source_rows import Row, RowLimits


@dataclass(frozen=True)
class DatabaseReader:
    """Rows of a pairs file, with the schema of an open database as their context.

    A pair is rejected whose SQL the guard refuses (a table or column that the database does not have, another
    database's SQL), or that fails when it is run.

    Attributes:
        database: The open database; its name becomes the rows' ``db_id``.
        pairs: JSONL, JSON, CSV, TSV or Parquet with a question and an SQL column.
        columns: Which column holds what; the usual names are found without.
        limits: Longest texts.
    """

    database: Database
    pairs: Path
    columns: ColumnMap = field(default_factory=ColumnMap)
    limits: RowLimits = field(default_factory=RowLimits)

    @property
    def label(self) -> str:
        """The database's name and the file."""
        return f"{self.database.name} with {self.pairs}"

    def total_rows(self) -> int | None:
        """About how many pairs there are."""
        return self._file_reader(context="").total_rows()

    def __iter__(self) -> Iterator[Row]:
        """Every pair.

        Raises:
            DatabaseError: The schema cannot be read.
            IngestionError: The file cannot be read, or a column is missing.
        """
        schema = self.database.read_schema(samples=0)

        def problem_with(example: SQLExample) -> str:
            try:
                self.database.execute(check_sql(example.sql, schema, self.database.dialect).sql)
            except OverLimitError:  # it runs, but not in the time or the memory that a question has
                return ""
            except (SQLRejectedError, DatabaseError) as error:
                return str(error)
            return ""

        yield from replace(self._file_reader(schema.to_ddl(samples=False)), check=problem_with)

    def _file_reader(self, context: str) -> FileReader:
        return FileReader(
            self.pairs,
            columns=self.columns,
            context=context,
            db_id=self.database.name,
            dialect=self.database.dialect,
            limits=self.limits,
        )
