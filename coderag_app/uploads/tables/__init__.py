"""The earlier address of ``coderag_app.database.uploads.upload_tables``."""

from coderag_app.database.uploads.upload_tables import tables_to_duckdb

__all__ = ["tables_to_duckdb"]
