"""Ingestion: readers (rows -> examples), documents (examples -> Documents), vectorbase (Documents -> index)."""

from ingestion.ingestion_report import IngestReport, Progress
from ingestion.progress import progress_bar
from ingestion.readers import ColumnMap, DatabaseReader, FileReader, HubReader, Reader, SpiderReader
from ingestion.vectorbase import ingest, remove_examples

__all__ = [
    "ColumnMap",
    "DatabaseReader",
    "FileReader",
    "HubReader",
    "IngestReport",
    "Progress",
    "Reader",
    "SpiderReader",
    "ingest",
    "progress_bar",
    "remove_examples",
]
