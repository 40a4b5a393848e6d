"""The whole evaluation: load, measure leaks, ask, score, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.database import open_database
from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.schema.tables import Schema
from coderag_app.settings import AppConfig
from finetune.evaluation.arms import ARM_NAMES, build_arms
from finetune.evaluation.datasets import EvalQuestion, Exclusion, load_dataset
from finetune.evaluation.engines import OpenEngine, encoder_loader, engine_opener
from finetune.evaluation.example_sources import load_pool
from finetune.evaluation.execution import Convention
from finetune.evaluation.leakage import NEAR_THRESHOLD, Leaks, find_leaks
from finetune.evaluation.provenance import environment, require_packages, run_identity
from finetune.evaluation.report import write_reports
from finetune.evaluation.run import RunPlan, run_predictions, sample_questions
from finetune.evaluation.run_directory import SUMMARY_FILE, RunDirectory, open_run
from finetune.evaluation.summary import Summary, summarise
from finetune.evaluation.vector_cache import VectorCache, default_cache_dir

if TYPE_CHECKING:
    from coderag_app.llm.llm_loading import LoadedEncoder


@dataclass(frozen=True)
class EvaluationSettings:
    """What to measure, and how.

    Attributes:
        arms: Names out of ``ARM_NAMES``.
        convention: Which convention the headline figures follow; both are recorded.
        limit: Number of questions, drawn at random; None for all.
        seed: Seed of the draw, of the random examples and of the bootstrap.
        keep_leaks: Show examples that give the question away, to measure their effect.
        keep_trivial: Score questions whose gold result is empty, or a lone 0 or NULL.
        near_threshold: Similarity of the words from which a question counts as nearly the same.
    """

    arms: tuple[str, ...] = ARM_NAMES
    convention: Convention = Convention.SPIDER
    limit: int | None = None
    seed: int = 0
    keep_leaks: bool = False
    keep_trivial: bool = False
    near_threshold: float = NEAR_THRESHOLD


@dataclass(frozen=True)
class Evaluation:
    """A finished run.

    Attributes:
        run_dir: Folder of predictions and reports.
        excluded: Questions that are not scored, and why.
        unavailable: Arms that could not be run, and why.
    """

    run_dir: Path
    summary: Summary
    leaks: Leaks
    excluded: tuple[Exclusion, ...]
    unavailable: Mapping[str, str]


def evaluate(
    dataset: str | Path,
    run_dir: str | Path,
    examples: str | Path | None = None,
    database: str | None = None,
    settings: EvaluationSettings | None = None,
    config: AppConfig | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    open_engine: OpenEngine | None = None,
    load_encoder: Callable[[str], LoadedEncoder] | None = None,
    vectors_dir: Path | None = None,
) -> Evaluation:
    """Measure how often answers are right, with and without retrieved examples, and write a run directory.

    The same call resumes a run that was stopped; arms and questions may be added.

    Args:
        dataset: ``demo``, a folder in Spider's or BIRD's layout, a JSONL file of gretel rows, or a JSONL file of
            verified examples (see ``load_dataset``).
        run_dir: Folder of the run.
        examples: What arms choose from (see ``load_pool``); ``same`` for the data set's own questions.
        database: Path or URL of the database, for a file of pairs.
        settings: What to measure.
        config: The engine's settings; ``similarity_top_k`` examples are shown, ``max_repairs`` bounds repairs.
        on_progress: Called with the current activity (embedding the examples, asking the questions), the number done
            and the total.
        open_engine: Opens an engine on a database; None for the configured models.
        load_encoder: Loads the encoder of the arms ``base`` and ``tuned``; None for the configured ones.
        vectors_dir: Where the examples' vectors are kept for the next run; None for the user's cache folder.

    Raises:
        ConfigurationError: The data set, the examples or the arms cannot be used, or the folder holds another run.
        ModelError: The LLM cannot be loaded.
        CodeRAGError: The engine failed ten times in a row; the run can be resumed.

    Example:
        >>> evaluation = evaluate("demo", "runs/demo", settings=EvaluationSettings(arms=("none",)))  # doctest: +SKIP
        >>> evaluation.summary.arm("none").accuracy.mean  # doctest: +SKIP
        0.65
    """
    require_packages()
    settings, config, folder = settings or EvaluationSettings(), config or AppConfig.load(), Path(run_dir)
    open_engine, tell = open_engine or engine_opener(config), on_progress or (lambda stage, done, total: None)
    cache = VectorCache(vectors_dir or default_cache_dir(), partial(tell, "Embedding examples"))
    work_dir = folder / "databases"
    loaded = load_dataset(dataset, database, work_dir)
    if not loaded.questions:
        raise ConfigurationError(
            f"{dataset} holds no question that can be asked; {len(loaded.excluded)} were excluded."
        )
    pool = load_pool(examples, loaded, config, work_dir)
    scored = {name: getattr(settings, name) for name in ("keep_leaks", "near_threshold", "keep_trivial", "seed")}
    identity = run_identity(loaded, pool, config, open_engine, scored)
    arms, unavailable = build_arms(settings.arms, pool, load_encoder or encoder_loader(config), settings.seed, cache)
    questions = sample_questions(loaded.questions, settings.limit, settings.seed)
    leaks = find_leaks(questions, pool.examples, _schemas(questions), settings.near_threshold)
    described = {
        "identity": identity,
        "settings": asdict(settings),
        "arms": {arm.name: arm.fingerprint for arm in arms},
        "unavailable": unavailable,
        "environment": environment(),
    }
    run = open_run(folder, described)
    try:
        plan = RunPlan(
            questions=questions,
            arms=arms,
            pool=pool,
            leaks=Leaks({}, leaks.examples, leaks.questions) if settings.keep_leaks else leaks,
            open_engine=open_engine,
            top_k=config.similarity_top_k,
            keep_trivial=settings.keep_trivial,
            on_progress=partial(tell, "Asking questions"),
        )
        excluded = (*loaded.excluded, *run_predictions(plan, run))
        summary = _finish(run, settings, leaks, excluded)
    finally:
        run.close()
    return Evaluation(folder, summary, leaks, excluded, unavailable)


def _finish(run: RunDirectory, settings: EvaluationSettings, leaks: Leaks, excluded: Sequence[Exclusion]) -> Summary:
    """Write exclusions, figures and reports from the predictions."""
    run.write_excluded(excluded)
    summary = summarise(run.read_predictions(), settings.convention, settings.seed)
    extra = {
        "excluded": dict(Counter(exclusion.reason.value for exclusion in excluded)),
        "leaks": {kind.value: counts for kind, counts in leaks.counts().items()},
        "leaks_kept": settings.keep_leaks,
    }
    run.write_json(SUMMARY_FILE, summary.to_json() | extra)
    write_reports(run)
    return summary


def _schemas(questions: Iterable[EvalQuestion]) -> dict[str, Schema]:
    """Read the schema of each database that opens."""
    schemas: dict[str, Schema] = {}
    for target in dict.fromkeys(question.database for question in questions):
        try:
            opened = open_database(target)
        except DatabaseError:
            continue  # its questions are excluded, with the reason, when they are run
        schemas[target] = opened.read_schema(samples=0)
        opened.close()
    return schemas
