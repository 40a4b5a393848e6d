"""CodeRAG: ask a database questions in plain language, on your own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.loading import load_query_engine
    from coderag_app.settings import AppConfig
    from coderag_app.types import SQLAnswer

__all__ = ["AppConfig", "SQLAnswer", "TextToSQLQueryEngine", "load_query_engine"]

_HOME = {
    "AppConfig": "coderag_app.settings",
    "SQLAnswer": "coderag_app.types",
    "TextToSQLQueryEngine": "coderag_app.engine",
    "load_query_engine": "coderag_app.loading",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts without the heavy libraries."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
