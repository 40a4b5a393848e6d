"""Record what was run, on what data, with which versions."""

from __future__ import annotations

import hashlib
import platform
import sqlite3
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.settings import AppConfig
from finetune.evaluation.datasets import EvalDataset
from finetune.evaluation.engines import Engine, OpenEngine, model_fingerprint
from finetune.evaluation.example_pool import ExamplePool

_PACKAGES = (
    "coderag llama-index-core llama-cpp-python sentence-transformers transformers torch sqlglot numpy scipy rank-bm25"
).split()
_NEEDED = ("jinja2", "matplotlib", "rank_bm25", "scipy")
# Settings that affect paths or speed, not answers.
_NOT_IDENTITY = {"storage_dir", "database", "llm_api_key", "threads", "similarity_top_k"}


def run_identity(
    dataset: EvalDataset, pool: ExamplePool, config: AppConfig, open_engine: OpenEngine, settings: dict[str, Any]
) -> dict[str, Any]:
    """Identify a run. Arms and the number of questions are not part of it, since both may be added to.

    Args:
        dataset: The data set.
        pool: The examples.
        config: The engine's settings.
        open_engine: Opens an engine, to read the LLM's name.
        settings: The evaluation's own settings that change what is answered or scored.

    Raises:
        ConfigurationError: No database of the data set can be opened.
    """
    engine = _first_engine(dataset, open_engine)
    try:
        llm, samples = {"name": engine.llm_name, "fingerprint": model_fingerprint(engine)}, engine.samples
    finally:
        engine.close()
    return {
        "dataset": dataset.name,
        "questions": len(dataset.questions),
        "questions_sha256": _sha256(f"{q.id}\t{q.db_id}\t{q.question}\t{q.gold_sql}" for q in dataset.questions),
        "examples": len(pool),
        "examples_sha256": _sha256(sorted(pool.ids)),
        "llm": llm,
        "similarity_top_k": config.similarity_top_k,
        "engine": config.model_dump(mode="json", exclude=_NOT_IDENTITY) | {"samples": samples},
        **settings,
    }


def _first_engine(dataset: EvalDataset, open_engine: OpenEngine) -> Engine:
    failure: DatabaseError | None = None
    for target in dict.fromkeys(question.database for question in dataset.questions):
        try:
            return open_engine(target)
        except DatabaseError as error:
            failure = failure or error
    raise ConfigurationError(f"No database of the data set can be opened; the first: {failure}")


def require_packages() -> None:
    """Check the optional packages before the work starts.

    Raises:
        ConfigurationError: A package that reports or statistics need is not installed.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f'Evaluating needs {", ".join(missing)}, which is not installed. Run: pip install "coderag[evaluate]"'
        )


def environment() -> dict[str, Any]:
    """Describe versions and machine."""
    versions: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
        "packages": versions,
    }


def _sha256(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()[:16]
