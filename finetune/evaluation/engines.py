"""What a run needs from a query engine, and how to open engines database by database, loading the models once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.settings import AppConfig
from coderag_app.types import RetrievedExample, SQLAnswer

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.llm.llm_loading import LoadedEncoder

_HASHED_BYTES = 500_000_000  # larger model files are identified by their size


class Engine(Protocol):
    """The part of ``TextToSQLQueryEngine`` that a run uses."""

    @property
    def schema(self) -> Schema | None:
        """The schema of the engine's database."""
        ...

    @property
    def values(self) -> ValueIndex:
        """Its stored text values."""
        ...

    @property
    def llm_name(self) -> str:
        """Name and origin of the LLM."""
        ...

    @property
    def samples(self) -> int:
        """How many further candidates vote."""
        ...

    def ask(self, question: str, examples: tuple[RetrievedExample, ...] | None = None) -> SQLAnswer:
        """Answer a question with these examples."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


OpenEngine = Callable[[str], Engine]


def engine_opener(config: AppConfig, verified: bool = False) -> Callable[[str], TextToSQLQueryEngine]:
    """Return a function that opens the engine users ask, on a database without an index: arms choose the examples.

    The engines link large schemas with the configured encoder, as they do for users.

    Args:
        config: The engines' settings.
        verified: Answer by verified examples too. They are left out by default: what somebody taught about a database
            of a benchmark would give its questions away.
    """

    def open_engine(target: str) -> TextToSQLQueryEngine:
        from coderag_app.encoders.query_encoder import load_encoder_for_queries
        from coderag_app.index.store import ExampleIndex
        from coderag_app.loading import load_query_engine

        encoder = load_encoder_for_queries(config.query_encoder, config.embed_model, config.threads)
        return load_query_engine(
            database=target,
            embed_model=encoder.embed_model,
            config=config,
            index=ExampleIndex.empty(encoder.info),
            verified=verified,
        )

    return open_engine


def encoder_loader(config: AppConfig) -> Callable[[str], LoadedEncoder]:
    """A function that loads ``base``, ``tuned`` or ``asking``.

    They are all-MiniLM-L6-v2, the configured encoder (else the bundled one), and what embeds the questions for that.
    """

    def load_encoder(role: str) -> LoadedEncoder:
        from coderag_app.encoders.encoder_loading import load_embed_model
        from coderag_app.encoders.query_encoder import load_encoder_for_queries

        if role == "base":
            return load_embed_model("minilm")
        tuned = config.embed_model if config.embed_model not in ("auto", "minilm") else "bundled"
        encoder = load_embed_model(tuned)
        if role == "asking":
            return load_encoder_for_queries(config.query_encoder, tuned, config.threads, encoder.info)
        return encoder

    return load_encoder


def model_fingerprint(engine: Engine) -> str:
    """Hash of the LLM's file (16 hex digits), its size if it is very large, or nothing for a server."""
    path = Path(str(getattr(getattr(engine, "llm", None), "model_path", None) or ""))
    if not path.is_file():
        return ""
    if path.stat().st_size > _HASHED_BYTES:
        return f"{path.stat().st_size} bytes"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def linked_tables(engine: Engine, question: str) -> tuple[str, ...] | None:
    """Tables that schema linking keeps for a question; None if the engine doesn't report them."""
    linked_schema: Callable[[str], Any] | None = getattr(engine, "linked_schema", None)
    linked = linked_schema(question) if linked_schema is not None else None
    return tuple(table.name for table in linked.tables) if linked is not None else None
