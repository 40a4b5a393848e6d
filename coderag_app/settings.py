"""Settings: one frozen object from defaults, files, ``CODERAG_*`` variables and arguments, each over the one before.

The files are the user's own and, over it, the ``coderag.toml`` of the current folder. A field that sends data elsewhere
or loads a model says in ``from_folders`` which values a folder may give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from coderag_app.errors import ConfigurationError
from coderag_app.settings_files import FROM_FOLDERS, folder_settings, user_settings

_NEVER: dict[str, Any] = {FROM_FOLDERS: ""}
_MOST_SHOWN = 80  # characters of a value that is refused


class AppConfig(BaseSettings):
    """Every setting of CodeRAG, with units in the names."""

    model_config = SettingsConfigDict(env_prefix="CODERAG_", frozen=True, extra="forbid")

    storage_dir: Path = Field(Path("storage"), description="Folder of the persisted index.")
    database: str = Field(
        "",
        description="Path or URL of the database to ask; empty for corpus-only mode.",
        json_schema_extra={FROM_FOLDERS: r"(?:(?:sqlite|duckdb)://)?(?:(?!://).)*"},
    )
    llm: str = Field(
        "auto",
        description="auto, bundled, a preset, a .gguf file, or openai-compatible.",
        json_schema_extra={FROM_FOLDERS: "auto|bundled"},
    )
    llm_base_url: str = Field(
        "", description="Base URL for openai-compatible, e.g. http://127.0.0.1:11434/v1", json_schema_extra=_NEVER
    )
    llm_model: str = Field(
        "", description="Model name to ask an openai-compatible server for.", json_schema_extra=_NEVER
    )
    llm_api_key: str = Field(
        "", description="Key for an openai-compatible server that wants one.", repr=False, json_schema_extra=_NEVER
    )
    embed_model: str = Field(
        "auto",
        description="auto, bundled, minilm, a folder, or a hub id.",
        json_schema_extra={FROM_FOLDERS: "auto|bundled|minilm"},
    )
    context_window_tokens: int = Field(4096, ge=256, description="Context window asked of a GGUF model.")
    max_new_tokens: int = Field(512, ge=16, description="Longest reply.")
    threads: int = Field(0, ge=0, description="CPU threads for a model; 0: as many as help it, of the CPUs there are.")
    similarity_top_k: int = Field(3, ge=0, le=50, description="Examples retrieved for a question.")
    max_repairs: int = Field(2, ge=0, le=5, description="Further attempts after SQL that was refused or failed.")
    samples: int | None = Field(
        None, ge=0, le=64, description="Further candidates sampled, to vote on results; unset: 4 of the bundled model."
    )
    sample_temperature: float = Field(0.7, gt=0, le=2, description="Temperature that candidates are sampled at.")
    decode_budget_ms: int = Field(0, ge=0, description="Time after which no further candidate is sampled; 0: no limit.")
    rank_candidates: bool = Field(True, description="Let the encoder's ranking of the candidates count in the vote.")
    reuse_examples: bool = Field(True, description="Let retrieved queries stand for election beside the model's own.")
    constrain: Literal["always", "repair", "never"] = Field(
        "repair", description="When a grammar holds the reply to the live schema, where model and runtime allow it."
    )
    abstain_below: float = Field(0.0, ge=0, le=1, description="Confidence below which an answer is held back.")
    link_schema: bool = Field(True, description="Of a schema that does not fit, show the tables a question needs.")
    schema_budget_tokens: int = Field(0, ge=0, description="Tokens of schema in the prompt; 0: part of the window.")
    sample_values: int = Field(3, ge=0, le=20, description="Sample values per column in the prompt; 0 for none.")
    match_values: bool = Field(True, description="Match the question's words to stored values.")
    unmatched_columns: tuple[str, ...] = Field(
        (), description="Columns whose values are neither matched nor shown as samples: customers.email, *.phone."
    )
    verified_dir: Path = Field(Path("verified"), description="Folder of the verified pairs, one SQL file per database.")
    timeout_s: float = Field(10.0, gt=0, description="Longest run of one query.")
    max_rows: int = Field(1000, ge=1, description="Most rows returned.")
    max_cell_bytes: int = Field(1_000_000, ge=1000, description="Longest value a query may make.")
    max_memory_mb: int = Field(512, ge=16, description="Most memory a query may take, where the database can be told.")

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
