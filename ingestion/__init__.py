"""Ingestion: readers (rows -> examples), documents, vectorbase (Documents -> index), repository (code -> units)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOME = {
    "progress_bar": "ingestion.progress",
    "IngestReport": "ingestion.ingestion_report",
    "Progress": "ingestion.ingestion_report",
    "ingest": "ingestion.vectorbase",
    "remove_examples": "ingestion.vectorbase",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: code search needs none of the libraries behind the examples."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME.get(name, "ingestion.readers")), name)
