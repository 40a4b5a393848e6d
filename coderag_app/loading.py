"""From settings to a query engine: opens the database, the index and the models, each once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.bundled.integrity import check_bundled
from coderag_app.database import Database, Limits, open_database
from coderag_app.database.uploads.column_types import ReadingOptions
from coderag_app.encoders.encoder_loading import LoadedEncoder, describe_embed_model
from coderag_app.encoders.query_encoder import load_encoder_for_queries
from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.errors import ConfigurationError, DatabaseError, IndexStoreError
from coderag_app.examples import VerifiedExamples, VerifiedStore
from coderag_app.examples.retriever import ExampleRetriever
from coderag_app.examples.synthetic import staleness
from coderag_app.examples.unmatched_columns import UnmatchedColumns, without_samples
from coderag_app.index.generations import read_manifest
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.llm.compact.format import CompactFormat
from coderag_app.llm.joinless_format import JoinlessFormat
from coderag_app.llm.llm_loading import BUNDLED_NAME, SQL_ADAPTER_NAME, LoadedLLM, load_llm
from coderag_app.llm.prompts import InstructFormat, PromptFormat
from coderag_app.schema.inferred_keys import with_inferred_keys
from coderag_app.schema.name_words import shared_prefix
from coderag_app.schema.nested_values import read_nested
from coderag_app.schema.profile_cache import ProfileCache, default_profiles_folder
from coderag_app.schema.profiling import with_profiles
from coderag_app.schema.value_index import ValueIndex, is_unmatched
from coderag_app.settings import AppConfig
from coderag_app.sql.repairs import check_repair_names
from coderag_app.vote.decoding import SecondModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM

    from coderag_app.database.base import DataState
    from coderag_app.schema.tables import Schema
    from coderag_app.types import EncoderInfo

logger = logging.getLogger(__name__)

PROMPT_FORMATS: dict[str, PromptFormat] = {
    form.name: form for form in (InstructFormat(), CompactFormat(), JoinlessFormat())
}


def load_query_engine(
    database: str | Path | list[str | Path] | Database | None = None,
    storage_dir: str | Path | None = None,
    llm: str | LLM | None = None,
    embed_model: str | BaseEmbedding | None = None,
    config: AppConfig | None = None,
    index: ExampleIndex | None = None,
    verified: bool = True,
    streaming: bool = False,
    **settings: Any,
) -> TextToSQLQueryEngine:
    """Open everything a question needs.

    Args:
        database: Path of a SQLite or DuckDB file, of a CSV, TSV, Parquet or Excel file, of several (in a list, or
            separated by commas), or of a folder of them; an SQLAlchemy URL; or an open Database. None: corpus-only
            mode.
        storage_dir: Folder of a persisted index. When it is not given and the default one holds no index, the engine
            works without examples.
        llm: What ``models.load_llm`` takes, or any LlamaIndex LLM.
        embed_model: What ``models.load_embed_model`` takes, or any LlamaIndex embedding object.
        config: Settings to start from instead of file and environment.
        index: An index in memory instead of a persisted one; ``embed_model`` must be the encoder that made it.
        verified: Answer by the database's verified examples (setting ``verified_dir``); an evaluation does without.
        streaming: Whether ``query`` gives a StreamingResponse.
        **settings: Any other field of AppConfig, such as ``similarity_top_k=5``.

    Raises:
        ConfigurationError: A setting cannot be used, or there is neither a database nor an index.
        DatabaseError: The database cannot be opened.
        IndexStoreError: The index is damaged, or was made with another encoder.
        ModelError: A model cannot be loaded.
        TeachingError: The file of verified examples cannot be read.

    Example:
        >>> engine = load_query_engine(database="shop.sqlite")  # doctest: +SKIP
        >>> engine.ask("How many customers are there?").rows  # doctest: +SKIP
        ((260,),)
    """
    if isinstance(database, list):
        database = ",".join(map(str, database))
    settings |= {
        "storage_dir": storage_dir,
        "database": str(database) if isinstance(database, str | Path) else None,
        "llm": llm if isinstance(llm, str) else None,
        "embed_model": embed_model if isinstance(embed_model, str) else None,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    config = AppConfig.load(**((config.model_dump() if config is not None else {}) | given))
    check_repair_names(config.without_repairs)
    opened = _open_database(config) if database is None or isinstance(database, str | Path) else database
    unread = UnmatchedColumns.of_database(opened.name, config).patterns() if opened is not None else ()
    cache, schema = ProfileCache.of_nothing(), None
    if opened is not None:
        state = opened.data_state()  # before anything is read: what changes meanwhile is read anew next time
        schema = _visible_schema(opened, config, unread)
        cache = _kept_profiles(state, schema, config, unread)
        schema = _with_keys(schema, opened, config, unread, cache)
    load_encoder = partial(_load_encoder, config, embed_model)
    index, encoder = _open_index(config, index, load_encoder, required=storage_dir is not None)
    if opened is None and index is None:
        raise ConfigurationError(
            f"There is nothing to ask: no database was given, and {config.storage_dir} holds no index. "
            "Give a database (--database FILE_OR_URL), or build an index (coderag ingest --help)."
        )
    if index is not None and opened is not None and schema is not None:
        # Only a file's path is repeated: a URL may hold a password.
        target = "" if "://" in str(config.database) else str(config.database or "")
        if stale := staleness(index.synthesis, opened.name, schema, target):
            logger.warning(stale)
    values = ValueIndex()
    if opened is not None and schema is not None:
        run = partial(_rows_of, opened)
        nested = read_nested(schema, run, unread)
        if config.match_values:
            inside = {place: column.values for place, column in nested.items()}
            values = ValueIndex.from_database(schema, opened.texts_of, unread, run, inside)
        forms = {place: column.form for place, column in nested.items()}
        schema = with_profiles(schema, values, run, unread, known=cache.kept.tables, nested=forms)
        cache.write()
    taught = _open_verified(config, opened, schema, values) if verified else None
    if llm is None or isinstance(llm, str):
        loaded = load_llm(config)
    else:
        window = min(llm.metadata.context_window, config.context_window_tokens)
        loaded = LoadedLLM(llm, llm.metadata.model_name, "given", "instruct", window)
    return TextToSQLQueryEngine(
        llm=loaded.llm,
        prompt_format=PROMPT_FORMATS[loaded.prompt_format],
        config=config,
        database=opened,
        schema=schema,
        values=values,
        retriever=ExampleRetriever(
            index,
            encoder.embed_model if encoder is not None else None,
            config.similarity_top_k,
            verified=taught,
            encoder_name=encoder.name if encoder is not None else "",
            load_encoder=load_encoder,
        ),
        verified=taught,
        llm_name=f"{loaded.name} ({loaded.origin})",
        context_window_tokens=loaded.context_window,
        streaming=streaming,
        second=_second_model(config, loaded),
    )


def _second_model(config: AppConfig, first: LoadedLLM) -> SecondModel | None:
    if not config.second_opinion:
        return None
    loaded = load_llm(config, config.second_opinion)
    fitted = (first.name, loaded.name) == (BUNDLED_NAME, SQL_ADAPTER_NAME)
    return SecondModel(loaded.llm, PROMPT_FORMATS[loaded.prompt_format], loaded.context_window, may_win=fitted)


def _visible_schema(database: Database, config: AppConfig, unread: Sequence[str]) -> Schema:
    """The schema as the database declares it, read before any model loads.

    Raises:
        DatabaseError: There is nothing in it to ask about; what was left out has been named by warnings.
    """
    schema = without_samples(database.read_schema(config.sample_values), unread)
    if not any(table.columns for table in schema.tables):
        raise DatabaseError(
            f"The database {database.name!r} shows no table or view, so there is nothing to ask. Check that it is the "
            "right one, that the role may read its tables, and that they are in its default schema (others: --schema)."
        )
    return replace(schema, prefix=shared_prefix([table.name for table in schema.tables]))


def _kept_profiles(state: DataState | None, schema: Schema, config: AppConfig, unread: Sequence[str]) -> ProfileCache:
    """What an earlier opening found out about the same data, as far as it may still be used."""
    if state is None:
        return ProfileCache.of_nothing()
    depends_on = (state.version, schema.fingerprint, *sorted(unread), str((config.match_values, config.sample_values)))
    folder = config.profiles_dir or default_profiles_folder()
    return ProfileCache.read(folder, state.place, depends_on, state.max_age_s, config.refresh)


def _with_keys(
    schema: Schema, database: Database, config: AppConfig, unread: Sequence[str], cache: ProfileCache
) -> Schema:
    """The schema with the keys that nobody declared, unless they are not wanted."""
    if not config.infer_keys:
        return schema
    patterns = [pattern.lower() for pattern in unread]
    unmatched = partial(is_unmatched, patterns)
    return with_inferred_keys(schema, partial(_rows_of, database), unmatched, cache.kept.checked)


def _rows_of(database: Database, sql: str, timeout_s: float | None = None) -> tuple[tuple[Any, ...], ...]:
    return database.execute(sql, timeout_s).rows


def _open_database(config: AppConfig) -> Database | None:
    if not config.database:
        return None
    if "://" not in config.database:
        check_bundled(Path(config.database))  # the page opens the demo by its path
    limits = Limits(
        timeout_s=config.timeout_s,
        max_rows=config.max_rows,
        max_cell_bytes=config.max_cell_bytes,
        max_memory_mb=config.max_memory_mb,
        schemas=config.schema_names,
    )
    return open_database(config.database, limits, ReadingOptions(*config.file_reading))


def _open_verified(
    config: AppConfig, database: Database | None, schema: Schema | None, values: ValueIndex
) -> VerifiedExamples | None:
    if database is None or schema is None:
        return None
    store = VerifiedStore(config.verified_dir, database.name, database.dialect)
    verified = VerifiedExamples(store, database, schema, values)
    verified.refresh()  # a file that cannot be read is told now, not with the first question
    return verified


def _open_index(
    config: AppConfig, given: ExampleIndex | None, load_encoder: Callable[[EncoderInfo], LoadedEncoder], required: bool
) -> tuple[ExampleIndex | None, LoadedEncoder | None]:
    """The index with its encoder; neither where there is no index."""
    if given is not None:
        return given, load_encoder(given.encoder)
    if not index_exists(config.storage_dir):
        if required:
            raise IndexStoreError(
                f"There is no index in {config.storage_dir}: it has no manifest. Build one: "
                f"coderag ingest --file EXAMPLES.jsonl --storage-dir {config.storage_dir}"
            )
        return None, None
    encoder = load_encoder(read_manifest(config.storage_dir).encoder)
    return ExampleIndex.load(config.storage_dir, expect_encoder=encoder.info), encoder


def _load_encoder(
    config: AppConfig, embed_model: str | BaseEmbedding | None, made_with: EncoderInfo | None = None
) -> LoadedEncoder:
    if embed_model is None or isinstance(embed_model, str):
        return load_encoder_for_queries(config.query_encoder, config.embed_model, config.threads, made_with)
    return LoadedEncoder(embed_model, describe_embed_model(embed_model), "")
