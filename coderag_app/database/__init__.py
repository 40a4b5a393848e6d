"""Read-only databases: one Protocol, and one class for each kind of connection."""

from coderag_app.database.base import Database, Limits
from coderag_app.database.opening import open_database

__all__ = ["Database", "Limits", "open_database"]
