"""Ask every question in every arm, paired, and record each prediction at once."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from coderag_app.database import Database, Limits, open_database
from coderag_app.errors import CodeRAGError, DatabaseError
from coderag_app.types import QueryResult, RetrievedExample, SQLAnswer
from finetune.evaluation.arms import Arm, QuestionContext
from finetune.evaluation.datasets import EvalQuestion, Exclusion, ExclusionReason
from finetune.evaluation.engines import Engine, OpenEngine, linked_tables
from finetune.evaluation.example_pool import ExamplePool
from finetune.evaluation.gold import run_gold
from finetune.evaluation.leakage import Leaks
from finetune.evaluation.predictions import Prediction
from finetune.evaluation.retrieval import mrr_at_k, ndcg_at_k, recall_at_k, table_recall
from finetune.evaluation.run_directory import RunDirectory
from finetune.evaluation.scoring import Asked, score_answer
from finetune.evaluation.sql_form import read_form

logger = logging.getLogger(__name__)

# Results are compared completely, so many more rows are read than users see.
SCORING_LIMITS = Limits(timeout_s=30.0, max_rows=50_000)
_MAX_FAILURES_IN_A_ROW = 10


@dataclass(frozen=True)
class RunPlan:
    """Everything a run consists of.

    Attributes:
        questions: The questions to ask.
        arms: The arms, in the order they are asked in.
        pool: The examples of the arms.
        leaks: Examples that may not be shown; empty to keep them.
        open_engine: Opens an engine on a database.
        top_k: Examples shown for a question.
        keep_trivial: Score questions with an empty or trivial gold as well.
        on_progress: Called with the number of predictions done and the total.
    """

    questions: Sequence[EvalQuestion]
    arms: Sequence[Arm]
    pool: ExamplePool
    leaks: Leaks
    open_engine: OpenEngine
    top_k: int = 3
    keep_trivial: bool = False
    limits: Limits = SCORING_LIMITS
    on_progress: Callable[[int, int], None] = lambda done, total: None


@dataclass
class _Progress:
    """Predictions so far, and the engine's consecutive failures."""

    total: int
    report: Callable[[int, int], None]
    done: int = 0
    failures: int = 0

    def advance(self, steps: int) -> None:
        self.done += steps
        self.report(self.done, self.total)


@dataclass
class _Question:
    """One question while its arms are asked; answers are cached, since arms often choose the same examples."""

    question: EvalQuestion
    gold: QueryResult
    engine: Engine
    answers: dict[tuple[str, ...], tuple[SQLAnswer, float]] = field(default_factory=dict)

    def ask(self, examples: tuple[RetrievedExample, ...]) -> tuple[SQLAnswer, float]:
        """Return the answer with these examples, and how long it took the first time."""
        key = tuple(retrieved.example.example_id for retrieved in examples)
        if key not in self.answers:
            started = time.perf_counter()
            answer = self.engine.ask(self.question.question, examples)
            self.answers[key] = answer, time.perf_counter() - started
        return self.answers[key]


def sample_questions(questions: Sequence[EvalQuestion], limit: int | None, seed: int) -> tuple[EvalQuestion, ...]:
    """Draw a random part of the questions, in their own order; a larger limit includes the draw of a smaller one."""
    if limit is None or limit >= len(questions):
        return tuple(questions)
    order = list(range(len(questions)))
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, no secret
    return tuple(questions[i] for i in sorted(order[:limit]))


def run_predictions(plan: RunPlan, run: RunDirectory) -> list[Exclusion]:
    """Make every missing prediction of the run directory.

    Questions are taken database by database, and each is asked in all arms before the next, so that the arms of a
    stopped run are paired.

    Args:
        plan: What to run.
        run: Where predictions are appended.

    Returns:
        The questions that cannot be scored.

    Raises:
        CodeRAGError: The engine failed ten times in a row.
    """
    made = {prediction.key: prediction for prediction in run.read_predictions() if not prediction.engine_failed}
    progress = _Progress(len(plan.questions) * len(plan.arms), plan.on_progress)
    progress.advance(0)  # shown early: the first question waits for the examples' SQL to be parsed
    excluded: list[Exclusion] = []
    by_database = sorted(plan.questions, key=lambda question: question.database)
    for target, group in groupby(by_database, key=lambda question: question.database):
        questions = list(group)
        try:
            database, engine = open_database(target, plan.limits), plan.open_engine(target)
        except DatabaseError as error:
            excluded += [Exclusion(q.id, ExclusionReason.NO_DATABASE, str(error)) for q in questions]
            progress.advance(len(questions) * len(plan.arms))
            continue
        try:
            for question in questions:
                exclusion = _run_question(plan, run, question, database, engine, made, progress)
                excluded += [exclusion] if exclusion is not None else []
        finally:
            engine.close()
            database.close()
    return excluded


def _run_question(
    plan: RunPlan,
    run: RunDirectory,
    question: EvalQuestion,
    database: Database,
    engine: Engine,
    made: Mapping[tuple[str, str], Prediction],
    progress: _Progress,
) -> Exclusion | None:
    """Ask one question in the arms that are missing; returns why it cannot be scored, if so."""
    gold = run_gold(question, database, plan.keep_trivial)
    if isinstance(gold, Exclusion):
        progress.advance(len(plan.arms))
        return gold
    asking = _Question(question, gold, engine)
    for arm in plan.arms:
        if (arm.name, question.id) not in made:
            prediction = score_answer(_ask(plan, arm, asking, made), gold, database, engine.schema)
            run.append(prediction)
            _count_failures(prediction, progress)
        progress.advance(1)
    return None


def _count_failures(prediction: Prediction, progress: _Progress) -> None:
    progress.failures = progress.failures + 1 if prediction.engine_failed else 0
    if progress.failures >= _MAX_FAILURES_IN_A_ROW:
        raise CodeRAGError(
            f"The engine failed {progress.failures} times in a row, last with: {prediction.error} The run was stopped; "
            "it goes on where it stopped when it is started again with the same --run-dir."
        )


def _ask(plan: RunPlan, arm: Arm, asking: _Question, made: Mapping[tuple[str, str], Prediction]) -> Asked:
    """Choose examples and ask; an error of CodeRAG's becomes the prediction's error."""
    question, engine = asking.question, asking.engine
    excluded = plan.leaks.of(question.id)
    examples: tuple[RetrievedExample, ...] = ()
    waited: list[float] = []  # model time spent choosing, counted once at its first duration
    chosen_at = time.perf_counter()

    def preliminary_sql() -> str:
        earlier = made.get(("none", question.id))
        if earlier is not None:
            waited.append(earlier.latency_s)
            return earlier.predicted_sql
        started = time.perf_counter()
        answer, seconds = asking.ask(())
        waited.append(seconds - (time.perf_counter() - started))
        return answer.sql

    answer, error, ask_s = None, "", 0.0
    try:
        values = tuple(dict.fromkeys(v.text for match in engine.values.find(question.question) for v in match.values))
        context = QuestionContext(engine.schema, values, preliminary_sql)
        examples = arm.choose(question, context, plan.top_k, excluded)
        choose_s = time.perf_counter() - chosen_at + sum(waited)
        answer, ask_s = asking.ask(examples)
    except CodeRAGError as failure:
        logger.warning("Arm %s, question %s: %s", arm.name, question.id, failure)
        choose_s, error = time.perf_counter() - chosen_at, str(failure)
    needed, linked = read_form(question.gold_sql, engine.schema), linked_tables(engine, question.question)
    return Asked(
        arm=arm.name,
        question=question,
        answer=answer,
        error=error,
        examples=examples,
        choose_s=choose_s,
        ask_s=ask_s,
        table_recall=table_recall(needed.tables, linked) if needed is not None and linked is not None else None,
        retrieval=_retrieval(plan, question, examples, excluded, engine),
    )


def _retrieval(
    plan: RunPlan,
    question: EvalQuestion,
    examples: Sequence[RetrievedExample],
    excluded: frozenset[str],
    engine: Engine,
) -> dict[str, float] | None:
    """Measure how many of the shown examples have the gold's skeleton."""
    form = read_form(question.gold_sql, engine.schema)
    relevant = plan.pool.same_skeleton(form.skeleton, excluded) if form is not None and examples else frozenset()
    if not relevant:
        return None
    shown = [plan.pool.item_of[retrieved.example.example_id] for retrieved in examples]
    metrics = (("recall", recall_at_k), ("mrr", mrr_at_k), ("ndcg", ndcg_at_k))
    return {name: round(metric(shown, relevant, plan.top_k), 4) for name, metric in metrics}
