"""Settings: one frozen object from defaults, files, ``CODERAG_*`` variables and arguments, each over the one before.

The files are the user's own and, over it, the ``coderag.toml`` of the current folder. A field that sends data elsewhere
or loads a model says in ``from_folders`` which values a folder may give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from coderag_app.errors import ConfigurationError
from coderag_app.settings_files import ENV_PREFIX, FROM_FOLDERS, folder_settings, user_settings

_NEVER: dict[str, Any] = {FROM_FOLDERS: ""}
_MOST_SHOWN = 80  # characters of a value that is refused


@dataclass(frozen=True)
class CommandOption:
    """How the command line spells a setting, in the annotation of its field; the field itself says the rest.

    Args:
        group: Commands take options one by one or by group; the help shows a group in a panel.
        names: Other names than ``--field-name``: ``"--top-k", "-k"``, or ``"--rank/--no-rank"``.
        metavar: What the help calls the value.
        switch: The two values that ``--x`` and ``--no-x`` stand for, where the field is not a bool.
    """

    group: str = ""
    names: tuple[str, ...] = ()
    metavar: str | None = None
    switch: tuple[str, str] | None = None


class AppConfig(BaseSettings):
    """Every setting of CodeRAG, with units in the names.

    This is the only place that describes them: command-line options (``ui.cli.options``), variables, ``coderag.toml``
    and the table of docs/cli.md (``python -m ui.cli.settings_table``) are made from these fields. A setting without a
    ``CommandOption`` has no option.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    storage_dir: Annotated[Path, CommandOption(names=("--storage-dir", "-s"), metavar="DIR")] = Field(
        Path("storage"), description="Folder of the index of examples."
    )
    database: Annotated[str, CommandOption("database", ("--database", "-d"), "FILE_OR_URL")] = Field(
        "",
        description="SQLite or DuckDB file; CSV, TSV, Parquet or Excel file, several separated by commas, or their "
        "folder; or a SQLAlchemy URL. Without one: corpus-only mode, from the index alone.",
        json_schema_extra={FROM_FOLDERS: r"(?:(?:sqlite|duckdb)://)?(?:(?!://).)*"},
    )
    schemas: Annotated[str, CommandOption("database", ("--schema",), "NAMES")] = Field(
        "",
        description="Schemas of PostgreSQL or DuckDB, or databases of a MySQL or MariaDB server, to read, separated by "
        "commas; bare names are looked up in this order. Unset: those of the role's search path, main, or the "
        "URL's database.",
    )
    file_header: Annotated[Literal["auto", "yes", "no"], CommandOption("database")] = Field(
        "auto", description="Whether the first line of CSV, TSV and Excel files names the columns."
    )
    file_decimal: Annotated[Literal["auto", ",", "."], CommandOption("database")] = Field(
        "auto", description="Decimal mark in CSV, TSV and Excel files."
    )
    file_dates: Annotated[Literal["auto", "day", "month"], CommandOption("database")] = Field(
        "auto", description="What comes first in dates of CSV, TSV and Excel files such as 03/04/2024."
    )
    refresh: Annotated[bool, CommandOption("database", ("--refresh/--no-refresh",))] = Field(
        False, description="Read anew what the columns hold, instead of what an earlier opening found out."
    )
    llm: Annotated[str, CommandOption("models", ("--llm", "-m"), "MODEL")] = Field(
        "auto",
        description="auto, bundled, smollm2-sql, a preset of `coderag models`, a .gguf file, or openai-compatible.",
        json_schema_extra={FROM_FOLDERS: "auto|bundled"},
    )
    second_opinion: Annotated[str, CommandOption("models", ("--second-opinion",), "MODEL")] = Field(
        "",
        description="A further model, as for --llm, that is asked once for each question: where both return the same "
        "rows, the answer is surer. Unset: none.",
        json_schema_extra={FROM_FOLDERS: "bundled|smollm2-sql|"},
    )
    llm_base_url: Annotated[str, CommandOption("models", metavar="URL")] = Field(
        "",
        description="Server of an openai-compatible LLM, such as http://127.0.0.1:11434/v1",
        json_schema_extra=_NEVER,
    )
    llm_model: Annotated[str, CommandOption("models", metavar="NAME")] = Field(
        "", description="Model to ask that server for.", json_schema_extra=_NEVER
    )
    # No option: a command line can be read by every user of the machine.
    llm_api_key: str = Field(
        "", description="Key for that server, if it wants one.", repr=False, json_schema_extra=_NEVER
    )
    embed_model: Annotated[str, CommandOption("models", metavar="MODEL")] = Field(
        "auto",
        description="Encoder: auto, bundled, minilm, a folder, or a hub id. An index needs the one that built it.",
        json_schema_extra={FROM_FOLDERS: "auto|bundled|minilm"},
    )
    query_encoder: Annotated[str, CommandOption("models", metavar="KIND")] = Field(
        "auto",
        description="What embeds questions: auto (as full), full, compact, external, "
        "internal, static, or a folder of `coderag train-query-encoder`.",
        json_schema_extra={FROM_FOLDERS: "auto|full|compact|external|internal|static"},
    )
    threads: Annotated[int, CommandOption("models", metavar="N")] = Field(
        0, ge=0, description="CPU threads for a model; 0: as many as help it, within the available CPUs."
    )
    context_window_tokens: int = Field(4096, ge=256, description="Context window of a GGUF model, in tokens.")
    max_new_tokens: int = Field(512, ge=16, description="Longest reply, in tokens.")
    similarity_top_k: Annotated[int, CommandOption("limits", ("--top-k", "-k"), "N")] = Field(
        3, ge=0, le=50, description="Examples to retrieve for a question."
    )
    sample_values: Annotated[int, CommandOption("limits", metavar="N")] = Field(
        3, ge=0, le=20, description="Sample values per column that the LLM sees; 0 for none."
    )
    timeout_s: Annotated[float, CommandOption("limits", metavar="SECONDS")] = Field(
        10.0, gt=0, description="Seconds that one query may run."
    )
    max_rows: Annotated[int, CommandOption("limits", metavar="N")] = Field(1000, ge=1, description="Most rows to read.")
    max_cell_bytes: Annotated[int, CommandOption("limits", metavar="BYTES")] = Field(
        1_000_000, ge=1000, description="Longest value that a query may make, in bytes."
    )
    max_memory_mb: Annotated[int, CommandOption("limits", metavar="MB")] = Field(
        512, ge=16, description="Megabytes of memory that a query may take, where the database can limit it."
    )
    samples: Annotated[int | None, CommandOption("writing", metavar="N")] = Field(
        None,
        ge=0,
        le=64,
        description="Sample up to N further replies and vote on their results; unset: 4 of the bundled model, 0 of "
        "others.",
    )
    sample_temperature: float = Field(0.7, gt=0, le=2, description="Temperature at which further replies are sampled.")
    decode_budget_ms: Annotated[int, CommandOption("writing", metavar="MS")] = Field(
        0,
        ge=0,
        description="Milliseconds after which no further reply is sampled and the one being written is dropped; 0: no "
        "limit.",
    )
    without_repairs: Annotated[tuple[str, ...], CommandOption(names=("--without",), metavar="NAME")] = Field(
        (), description="Repair of a model's SQL to leave out, by its name in docs/repairs.md; may be given again."
    )
    rank_candidates: Annotated[bool, CommandOption("writing", ("--rank/--no-rank",))] = Field(
        True, description="Let the encoder's similarity of question and SQL count in the vote."
    )
    reuse_examples: Annotated[bool, CommandOption("writing", ("--reuse/--no-reuse",))] = Field(
        True, description="Let retrieved queries compete with the model's own."
    )
    constrain: Annotated[
        Literal["always", "repair", "never"],
        CommandOption("writing", ("--constrain/--no-constrain",), switch=("always", "never")),
    ] = Field(
        "repair",
        description="Let a grammar hold replies to the schema: always, never, or in repairs alone (repair).",
    )
    link_schema: Annotated[bool, CommandOption("writing", ("--link/--no-link",))] = Field(
        True, description="If the schema does not fit, show the tables the question needs instead of the first ones."
    )
    schema_budget_tokens: int = Field(
        0, ge=0, description="Tokens of schema in the prompt; 0: part of the context window."
    )
    max_repairs: Annotated[int, CommandOption("writing", ("--repairs",), "N")] = Field(
        2, ge=0, le=5, description="Further attempts after SQL that was refused or failed."
    )
    abstain_below: Annotated[float, CommandOption("writing", metavar="SCORE")] = Field(
        0.0,
        ge=0,
        le=1,
        description="Hold back answers whose confidence is below this: their SQL is shown, not their rows.",
    )
    infer_keys: bool = Field(
        True,
        description="Infer the foreign keys that nobody declared, from names and values; false: declared ones alone.",
    )
    match_values: bool = Field(True, description="Match the question's words with stored values.")
    unmatched_columns: tuple[str, ...] = Field(
        (), description="Columns whose values are neither matched nor shown, such as customers.email or *.phone."
    )
    profiles_dir: Path | None = Field(
        None,
        description="Folder of what was found out about the columns of databases; unset: in the user's cache.",
        json_schema_extra=_NEVER,
    )
    verified_dir: Annotated[Path, CommandOption(metavar="DIR")] = Field(
        Path("verified"), description="Folder of the verified examples, one SQL file per database."
    )

    @property
    def schema_names(self) -> tuple[str, ...]:
        """The names in ``schemas``."""
        return tuple(name for part in self.schemas.split(",") if (name := part.strip()))

    @property
    def file_reading(self) -> tuple[str, str, str]:
        """How to read table files, in the order of ``ReadingOptions``."""
        return self.file_header, self.file_decimal, self.file_dates

    @field_validator("without_repairs")
    @classmethod
    def _in_any_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Sort the names: runs that leave out the same repairs are the same run."""
        return tuple(sorted(set(names)))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the folder's file, that over the user's."""
        fields = settings_cls.model_fields
        folder = InitSettingsSource(settings_cls, init_kwargs=folder_settings(fields))
        user = InitSettingsSource(settings_cls, init_kwargs=user_settings(fields))
        return init_settings, env_settings, folder, user

    @classmethod
    def load(cls, **overrides: Any) -> AppConfig:
        """Read the settings; an override of None counts as not given.

        Raises:
            ConfigurationError: A file cannot be read, a value is of the wrong type or out of range, or a name is
                unknown.
        """
        try:
            return cls(**{name: value for name, value in overrides.items() if value is not None})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, problem['loc']))}: got {_shown(problem)}, {problem['msg'].lower()}"
                for problem in error.errors()
            )
            raise ConfigurationError(f"The settings cannot be used: {problems}") from error
        except (ValueError, RecursionError) as error:  # a variable that should hold JSON
            raise ConfigurationError(f"The CODERAG_* variables cannot be read: {str(error)[:200]}") from error


def _shown(problem: Mapping[str, Any]) -> str:
    """The value that is refused, cut short; never a key."""
    if "llm_api_key" in problem["loc"]:
        return "a value that is not shown"
    text = repr(problem["input"])
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
