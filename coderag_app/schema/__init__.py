"""What a database holds: tables, keys, joins and values, and which of them a question needs."""

from coderag_app.schema.tables import Column, ForeignKey, Schema, Table

__all__ = ["Column", "ForeignKey", "Schema", "Table"]
