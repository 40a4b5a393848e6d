"""What each repair is worth: ``python -m finetune.evaluation.repair_worth demo ../shared/data/spider_dev --out FILE``.

Every question is asked as users ask it, and once more without each repair that changed one of its queries. The other
repairs could make no difference to it, so they cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from rich.console import Console
from rich.progress import track
from rich.table import Table

from coderag_app.database import open_database
from coderag_app.errors import CodeRAGError, DatabaseError
from coderag_app.events import RepairAppliedEvent
from coderag_app.settings import AppConfig
from coderag_app.sql.repairs import REPAIRS
from finetune.evaluation.datasets import EvalQuestion, Exclusion, load_dataset
from finetune.evaluation.engines import engine_opener
from finetune.evaluation.execution import Verdict, compare_results, is_ordered
from finetune.evaluation.gold import run_gold
from finetune.evaluation.run import SCORING_LIMITS, sample_questions

if TYPE_CHECKING:
    from coderag_app.database import Database
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.types import QueryResult


@dataclass(frozen=True, slots=True)
class Trial:
    """One question with all repairs, or the same without one that changed a query of it.

    Attributes:
        repair: What was left out; empty for the answer with all.
        right: Whether the rows are the gold query's.
    """

    dataset: str
    question_id: str
    repair: str
    sql: str
    right: bool


class AppliedRepairs(BaseEventHandler):
    """Notes the names of repairs that change a query."""

    _names: set[str] = PrivateAttr(default_factory=set)

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls the class."""
        return "AppliedRepairs"

    def handle(self, event: Any, **_kwargs: Any) -> None:
        """Note one event."""
        if isinstance(event, RepairAppliedEvent):
            self._names.add(event.name)

    def taken(self) -> list[str]:
        """The names since the last call, sorted."""
        names, self._names = sorted(self._names), set()
        return names


@contextmanager
def applied_repairs() -> Iterator[AppliedRepairs]:
    """Listen to repairs within the block."""
    root, listener = get_dispatcher(), AppliedRepairs()
    root.add_event_handler(listener)
    try:
        yield listener
    finally:
        root.event_handlers.remove(listener)


def read_trials(path: Path) -> list[Trial]:
    """Read what a run wrote; a line that a kill cut short is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Trial(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def try_repairs(dataset: str, questions: Iterable[EvalQuestion], config: AppConfig) -> Iterator[list[Trial]]:
    """The trials of each question in turn; none of one whose gold query says nothing.

    Raises:
        DatabaseError: A database cannot be opened.
    """
    by_database = groupby(sorted(questions, key=lambda each: each.database), key=lambda each: each.database)
    for target, group in by_database:
        opened = closing(open_database(target, SCORING_LIMITS)), closing(engine_opener(config)(target))
        with opened[0] as database, opened[1] as engine, applied_repairs() as applied:
            for question in group:
                gold = run_gold(question, database)
                if not isinstance(gold, Exclusion):
                    yield _trials(dataset, question, gold, engine, database, applied)


def _trials(
    dataset: str,
    question: EvalQuestion,
    gold: QueryResult,
    engine: TextToSQLQueryEngine,
    database: Database,
    applied: AppliedRepairs,
) -> list[Trial]:
    def trial(asked: TextToSQLQueryEngine, repair: str) -> Trial:
        sql = _answered(asked, question.question)
        return Trial(dataset, question.id, repair, sql, _is_right(sql, question, gold, database))

    applied.taken()
    found = [trial(engine, "")]
    return found + [trial(engine.with_settings(without_repairs=[name]), name) for name in applied.taken()]


def _answered(engine: TextToSQLQueryEngine, question: str) -> str:
    try:
        answer = engine.ask(question, ())
    except CodeRAGError:
        return ""
    return answer.sql if answer.ok else ""


def _is_right(sql: str, question: EvalQuestion, gold: QueryResult, database: Database) -> bool:
    try:
        result = database.execute(sql) if sql else None
    except DatabaseError:
        return False
    ordered = is_ordered(question.gold_sql, database.dialect)
    return result is not None and compare_results(gold, result, ordered) is Verdict.EQUAL


def worth_table(trials: Iterable[Trial]) -> Table:
    """A row for each repair and data set: questions whose SQL it changes, those it wins, and those it loses."""
    table = Table("repair", "data set", "asked", "SQL changed", "won", "lost")
    trials = list(trials)
    whole = {(each.dataset, each.question_id): each for each in trials if not each.repair}
    for repair in REPAIRS:
        for dataset in sorted({each.dataset for each in trials}):
            own = [each for each in trials if (each.repair, each.dataset) == (repair.name, dataset)]
            pairs = [(whole[dataset, each.question_id], each) for each in own]
            changed = [(full, without) for full, without in pairs if full.sql != without.sql]
            won = sum(full.right and not without.right for full, without in changed)
            lost = sum(without.right and not full.right for full, without in changed)
            asked = sum(key[0] == dataset for key in whole)
            table.add_row(repair.name, dataset, str(asked), str(len(changed)), str(won), str(lost))
    return table


def main(
    datasets: Annotated[list[str], typer.Argument(help="What `coderag evaluate` takes: demo, folders, files.")],
    out: Annotated[Path, typer.Option(help="File to append to; questions that it holds are not asked again.")],
    llm: Annotated[str, typer.Option(help="The model, as for `coderag ask`.")] = "bundled",
    samples: Annotated[int, typer.Option(help="Further candidates that vote.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Ask so many questions of each set, drawn at random.")] = None,
) -> None:
    """Ask with all repairs and without each that mattered, and print what each wins and loses.

    Example: python -m finetune.evaluation.repair_worth demo --out runs/repairs.jsonl
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    config = AppConfig.load(llm=llm, samples=samples)
    known = {(each.dataset, each.question_id) for each in read_trials(out)}
    with out.open("a", encoding="utf-8") as file:
        for dataset in datasets:
            loaded = load_dataset(dataset, work_dir=out.parent / "databases")
            drawn = sample_questions(loaded.questions, limit, 0)
            left = [each for each in drawn if (loaded.name, each.id) not in known]
            trials = try_repairs(loaded.name, left, config)
            for found in track(trials, loaded.name, total=len(left), console=Console(stderr=True)):
                file.writelines(json.dumps(asdict(trial)) + "\n" for trial in found)
                file.flush()
    Console().print(worth_table(read_trials(out)))


if __name__ == "__main__":
    typer.run(main)
