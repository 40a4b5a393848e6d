"""Options that several commands share, and the engine that they describe."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.errors import ConfigurationError

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine

_DATABASE = "The database"
_MODELS = "Models"
_LIMITS = "Limits"
_WRITING = "How SQL is written"

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database", "-d", metavar="FILE_OR_URL", rich_help_panel=_DATABASE,
        help="SQLite or DuckDB file, or a SQLAlchemy URL. Without one: corpus-only mode, from the index alone.",
    ),
]  # fmt: skip
DemoOption = Annotated[bool, typer.Option("--demo", rich_help_panel=_DATABASE, help="Ask the bundled demo database.")]
StorageOption = Annotated[
    Path | None,
    typer.Option(
        "--storage-dir", "-s", metavar="DIR", help="Folder of the index of examples. Default: storage, if it has one."
    ),
]
StorageFolderOption = Annotated[
    Path | None, typer.Option("--storage-dir", "-s", metavar="DIR", help="Folder of the index. Default: storage.")
]
LLMOption = Annotated[
    str | None,
    typer.Option(
        "--llm", "-m", metavar="MODEL", rich_help_panel=_MODELS,
        help="auto, bundled, a preset of `coderag models`, a .gguf file, or openai-compatible. Default: auto.",
    ),
]  # fmt: skip
BaseURLOption = Annotated[
    str | None,
    typer.Option(metavar="URL", rich_help_panel=_MODELS, help="Server of an openai-compatible LLM, ending in /v1."),
]
ServerModelOption = Annotated[
    str | None, typer.Option(metavar="NAME", rich_help_panel=_MODELS, help="Model to ask that server for.")
]
EmbedModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL", rich_help_panel=_MODELS,
        help="Encoder: auto, bundled, minilm, a folder, or a hub id. It must be the index's. Default: auto.",
    ),
]  # fmt: skip
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads", min=0, metavar="N", rich_help_panel=_MODELS,
        help="CPU threads for a model; 0: as many as help it, of the CPUs there are. Default: 0.",
    ),
]  # fmt: skip
TopKOption = Annotated[
    int | None,
    typer.Option("--top-k", "-k", min=0, max=50, rich_help_panel=_LIMITS, help="Examples to retrieve. Default: 3."),
]
SamplesOption = Annotated[
    int | None,
    typer.Option(
        min=0, max=20, rich_help_panel=_LIMITS,
        help="Sample values per column that the LLM sees; 0 for none. Default: 3.",
    ),
]  # fmt: skip
TimeoutOption = Annotated[
    float | None,
    typer.Option(rich_help_panel=_LIMITS, help="Seconds that one query may run. Default: 10."),
]
MaxRowsOption = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=_LIMITS, help="Rows to read at most. Default: 1000.")
]

CandidatesOption = Annotated[
    int | None,
    typer.Option(
        "--samples", min=0, max=64, metavar="N", rich_help_panel=_WRITING,
        help="Sample up to N further replies and vote on their results. Default: 4 of the bundled model, 0 of others.",
    ),
]  # fmt: skip
BudgetOption = Annotated[
    int | None,
    typer.Option(
        "--decode-budget-ms", min=0, metavar="MS", rich_help_panel=_WRITING,
        help="Milliseconds after which no further reply is sampled; 0 for no limit. Default: 0.",
    ),
]  # fmt: skip
RankOption = Annotated[
    bool | None,
    typer.Option(
        "--rank/--no-rank", rich_help_panel=_WRITING, show_default=False,
        help="Let the encoder's ranking of sampled replies count beside the vote. Default: rank.",
    ),
]  # fmt: skip
ReuseOption = Annotated[
    bool | None,
    typer.Option(
        "--reuse/--no-reuse", rich_help_panel=_WRITING, show_default=False,
        help="Let retrieved queries stand for election beside the model's own. Default: reuse.",
    ),
]  # fmt: skip
ConstrainOption = Annotated[
    bool | None,
    typer.Option(
        "--constrain/--no-constrain", rich_help_panel=_WRITING, show_default=False,
        help="Hold every reply to the schema by a grammar, or none. Default: repairs alone.",
    ),
]  # fmt: skip
LinkOption = Annotated[
    bool | None,
    typer.Option(
        "--link/--no-link", rich_help_panel=_WRITING, show_default=False,
        help="Of a schema that does not fit, show the tables the question needs, or the first ones. Default: link.",
    ),
]  # fmt: skip
RepairsOption = Annotated[
    int | None,
    typer.Option(
        "--repairs", min=0, max=5, metavar="N", rich_help_panel=_WRITING,
        help="Further attempts after SQL that was refused or failed. Default: 2.",
    ),
]  # fmt: skip
AbstainOption = Annotated[
    float | None,
    typer.Option(
        "--abstain-below", min=0, max=1, metavar="SCORE", rich_help_panel=_WRITING,
        help="Hold back answers whose confidence is below this. Default: 0.",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class EngineOptions:
    """What the command line says about the engine; None leaves a setting to ``coderag.toml`` and the environment."""

    database: str | None = None
    storage_dir: Path | None = None
    llm: str | None = None
    llm_base_url: str | None = None
    llm_model: str | None = None
    embed_model: str | None = None
    similarity_top_k: int | None = None
    sample_values: int | None = None
    timeout_s: float | None = None
    max_rows: int | None = None
    samples: int | None = None
    decode_budget_ms: int | None = None
    rank_candidates: bool | None = None
    reuse_examples: bool | None = None
    constrain: str | None = None
    link_schema: bool | None = None
    max_repairs: int | None = None
    abstain_below: float | None = None
    threads: int | None = None

    def settings(self) -> dict[str, Any]:
        """The settings that were given, by their names in AppConfig."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def constrain_setting(constrain: bool | None) -> str | None:
    """What ``--constrain`` or ``--no-constrain`` says, as AppConfig has it."""
    return {True: "always", False: "never", None: None}[constrain]


def chosen_database(database: str | None, demo: bool) -> str | None:
    """The database that ``--database`` or ``--demo`` names.

    Raises:
        ConfigurationError: Both are given.
    """
    if not demo:
        return database
    if database is not None:
        raise ConfigurationError("Got both --database and --demo, expected one of them.")
    from coderag_app.bundled.demo.files import DEMO_DATABASE
    from coderag_app.bundled.integrity import check_bundled

    check_bundled(DEMO_DATABASE)
    return str(DEMO_DATABASE)


def open_engine(options: EngineOptions) -> TextToSQLQueryEngine:
    """The engine, with a spinner on standard error while models load."""
    from ui.cli.console import error_console

    with error_console().status("Loading models and index…"):
        from coderag_app.loading import load_query_engine

        return load_query_engine(**options.settings())
