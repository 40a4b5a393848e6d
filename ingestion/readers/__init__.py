"""Readers: turn every kind of input into a stream of rows, each with an example or the reason for having none."""

from ingestion.readers.columns import ColumnMap
from ingestion.readers.hub import DEFAULT_DATASET, HubReader
from ingestion.readers.live_database import DatabaseReader
from ingestion.readers.local_files import FileReader
from ingestion.readers.source_rows import Reader, Rejection, Row, RowLimits
from ingestion.readers.spider import SpiderReader

__all__ = [
    "DEFAULT_DATASET",
    "ColumnMap",
    "DatabaseReader",
    "FileReader",
    "HubReader",
    "Reader",
    "Rejection",
    "Row",
    "RowLimits",
    "SpiderReader",
]
