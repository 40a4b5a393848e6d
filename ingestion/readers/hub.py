"""The reader for data sets of the Hugging Face hub, streamed: nothing is downloaded whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from coderag_app.errors import IngestionError
from ingestion.readers.columns import ColumnMap
from ingestion.readers.source_rows import Row, RowLimits, example_row

DEFAULT_DATASET = "gretelai/synthetic_text_to_sql"


@dataclass(frozen=True)
class HubReader:
    """Rows of a hub data set.

    Attributes:
        name: The data set's id, or a local folder in the hub's layout.
        split: Which split.
        revision: Branch, tag or commit; None for the newest. Name a commit for a build that can be repeated.
        columns: Which column holds what; the usual names are found without.
        dialect: sqlglot dialect that SQL must parse in; empty accepts the common ones.
        limits: Longest texts.
    """

    name: str = DEFAULT_DATASET
    split: str = "train"
    revision: str | None = None
    columns: ColumnMap = field(default_factory=ColumnMap)
    dialect: str = ""
    limits: RowLimits = field(default_factory=RowLimits)

    @property
    def label(self) -> str:
        """The data set's id, revision and split."""
        return f"{self.name}{f'@{self.revision}' if self.revision else ''} ({self.split})"

    def total_rows(self) -> int | None:
        """The size of the split, where the hub knows it."""
        splits = self._dataset.info.splits or {}
        return splits[self.split].num_examples or None if self.split in splits else None

    def __iter__(self) -> Iterator[Row]:
        """Every row.

        Raises:
            IngestionError: The data set cannot be reached, has no such split or revision, or lacks a column.
        """
        columns: ColumnMap | None = None
        rows = iter(self._dataset)
        number = 0
        while True:
            try:
                fields = next(rows)
            except StopIteration:
                return
            except Exception as error:  # network and parsing errors of a dozen libraries
                raise IngestionError(f"{self.label} broke off after row {number}: {_shown(error)}") from error
            number += 1
            columns = columns or self.columns.resolve(list(fields), self.label)
            yield example_row(self.name, number, columns.pick(fields), self.dialect, self.limits)

    @cached_property
    def _dataset(self) -> Any:
        from datasets import load_dataset

        try:
            return load_dataset(self.name, split=self.split, revision=self.revision, streaming=True)
        except Exception as error:  # the hub client raises a dozen kinds; each means: not available
            raise IngestionError(
                f"The data set {self.label} could not be opened ({_shown(error)}). Check its name, --split and "
                "--revision, and the network; or download it and pass the file: coderag ingest --file FILE"
            ) from error


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
