"""What each part of the encoder's training brings: the same short training, each time without one of them.

``python -m finetune.encoder.ablate sql_rows.jsonl python_rows.csv --steps 40 --out runs/encoder/ablations``
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from coderag_app.encoders.encoder_loading import load_embed_model
from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.encoder.ablation_arms import ALL, ARMS, AblationArm, counts_of, draw_rows, find_arms
from finetune.encoder.ablation_table import ArmScores, ablation_table
from finetune.encoder.fine_tune import train_encoder
from finetune.encoder.plan import TrainingPlan
from finetune.encoder.training_rows import EncoderRow, read_rows, write_rows
from finetune.evaluation.encoder_ranking import EncoderRanker, LabelledDocument, RankingTask, rank, ranking_task
from finetune.evaluation.encoder_tasks import TASKS, load_task, spider_folder

logger = logging.getLogger("finetune.encoder.ablate")  # its name too when it is run as a program

BASE_ARM = "all-MiniLM-L6-v2"
TABLE_FILE = "ablations.md"
_SCORES_FILE = "scores.json"
_EVERY_DATABASE = 3  # of spider_train every third database in the order of names: a fixed part, a third of the time
_PYTHON_TASKS = ("mbpp", "humaneval")


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """The study.

    Attributes:
        data: JSONL or CSV files of rows; together they need every part of ``ablation_arms.MIXTURE``.
        out: Folder of the arms' encoders, their scores and the table; what is there already is not done again.
        benchmarks: The folder of benchmark data that arms are measured on.
        steps: Steps of every arm, so that none is compared by how fast its rows are.
    """

    data: tuple[Path, ...]
    out: Path
    benchmarks: Path
    steps: int = 40
    batch_size: int = 64
    learning_rate: float = 5e-5
    max_seq_length: int = 96
    threads: int = 0
    seed: int = 0


def ablate(plan: AblationPlan, arms: Sequence[AblationArm] = ARMS) -> Iterator[ArmScores]:
    """Train and measure the base and each arm in turn; arms that are done are read from their folder.

    Raises:
        ConfigurationError: Rows of a part of the mixture or benchmark data are missing.
    """
    rows = read_rows(plan.data)
    tasks = ablation_tasks(plan.benchmarks)
    plan.out.mkdir(parents=True, exist_ok=True)
    yield _base_scores(plan, tasks)
    for arm in arms:
        yield _scores_of_arm(arm, rows, plan, tasks)


def ablation_tasks(folder: Path) -> list[RankingTask]:
    """A fixed third of spider_train's databases, MBPP and HumanEval; spider_dev stays out of every choice.

    Raises:
        ConfigurationError: One of them is not there.
    """
    known = {source.name: source for source in TASKS}
    if missing := known["spider_train"].missing(folder):
        raise ConfigurationError(f"The ablation is measured on {', '.join(missing)}; got none in {folder}.")
    names = sorted(path.stem for path in (folder / "spider_train/databases").glob("*.sqlite"))
    part = ranking_task("spider_train", _of_databases(folder, set(names[::_EVERY_DATABASE])))
    return [part, *(load_task(known[name], folder) for name in _PYTHON_TASKS)]


def _of_databases(folder: Path, names: set[str]) -> Iterator[LabelledDocument]:
    for document in spider_folder(folder / "spider_train"):
        if isinstance(document.meaning, tuple) and document.meaning[0] in names:
            yield document


def _base_scores(plan: AblationPlan, tasks: Sequence[RankingTask]) -> ArmScores:
    folder = plan.out / BASE_ARM
    fingerprint = _fingerprint("minilm", tasks)
    if (found := _stored(folder, fingerprint)) is not None:
        return found
    return _measured(ArmScores(BASE_ARM, 0, 0.0, {}, 0, {}, {}), "minilm", tasks, folder, fingerprint)


def _scores_of_arm(
    arm: AblationArm, rows: Sequence[EncoderRow], plan: AblationPlan, tasks: Sequence[RankingTask]
) -> ArmScores:
    folder = plan.out / arm.folder_name
    drawn = draw_rows(rows, arm, plan.steps * plan.batch_size, plan.seed)
    write_rows(drawn, folder / "rows.jsonl")
    training = _training_plan(arm, plan, folder)
    fingerprint = _fingerprint(training.fingerprint, tasks)
    if (found := _stored(folder, fingerprint)) is not None:
        return found
    logger.info("Arm %s: %s", arm.name, counts_of(drawn))
    report = train_encoder(training)
    trained = ArmScores(
        arm.name,
        sum(stage["steps"] for stage in report.stages.values()),
        sum(stage["seconds"] for stage in report.stages.values()),
        counts_of(drawn),
        len({(row.anchor, row.positive) for row in drawn}),
        {},
        {},
    )
    scores = _measured(trained, str(training.output), tasks, folder, fingerprint)
    shutil.rmtree(training.checkpoints)  # several times the encoder's size, and the scores are safe now
    return scores


def _training_plan(arm: AblationArm, plan: AblationPlan, folder: Path) -> TrainingPlan:
    """The recipe of the bundled encoder's first stage, for a number of steps and with nothing held out."""
    return TrainingPlan(
        (folder / "rows.jsonl",), folder / "encoder", epochs=1.0, max_steps=plan.steps, batch_size=plan.batch_size,
        learning_rate=plan.learning_rate, max_seq_length=plan.max_seq_length, negatives=arm.negatives,
        neighbours=arm.neighbours, held_out=0.0, evaluate_every=20, freeze_embeddings=True, threads=plan.threads,
        seed=plan.seed,
    )  # fmt: skip


def _measured(
    trained: ArmScores, encoder: str, tasks: Sequence[RankingTask], folder: Path, fingerprint: str
) -> ArmScores:
    ranker = EncoderRanker(trained.arm, load_embed_model(encoder))
    for task in tasks:
        values = rank(task, ranker)
        trained.first_right[task.name] = [value > 0 for value in values["recall_at_1"]]
        trained.mrr[task.name] = sum(values["mrr_at_10"]) / len(values["mrr_at_10"])
    folder.mkdir(parents=True, exist_ok=True)
    document = {"fingerprint": fingerprint, "scores": asdict(trained)}
    (folder / _SCORES_FILE).write_text(json.dumps(document), encoding="utf-8")
    return trained


def _stored(folder: Path, fingerprint: str) -> ArmScores | None:
    path = folder / _SCORES_FILE
    if not path.is_file():
        return None
    document = json.loads(path.read_text(encoding="utf-8"))
    return ArmScores(**document["scores"]) if document["fingerprint"] == fingerprint else None


def _fingerprint(training: str, tasks: Sequence[RankingTask]) -> str:
    """Hash over a training and the texts it is measured on."""
    digest = sha256(training.encode())
    for task in tasks:
        digest.update(repr((task.name, task.queries, task.documents)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def main(
    data: Annotated[list[Path], typer.Argument(help="JSONL or CSV files of rows, all four categories together.")],
    out: Annotated[Path, typer.Option(help="Folder of encoders, scores and the table; resumes what is there.")],
    benchmarks: Annotated[Path, typer.Option(help="Folder of the benchmark data.")] = Path("../shared/data"),
    arm: Annotated[
        list[str] | None, typer.Option(help=f"Only this arm, repeatable: {', '.join(arm.name for arm in ARMS)}.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps of every arm.")] = 40,
    batch_size: Annotated[int, typer.Option(help="Rows of a step.")] = 64,
    learning_rate: Annotated[float, typer.Option()] = 5e-5,
    max_seq_length: Annotated[int, typer.Option(help="Tokens of a text at most.")] = 96,
    threads: Annotated[int, typer.Option(help="Processor threads; 0 for all.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses rows and their order.")] = 0,
) -> None:
    """Train the encoder without each category, without hard negatives, without neighbours; write a Markdown table."""
    logging.getLogger("finetune").setLevel(logging.INFO)
    plan = AblationPlan(tuple(data), out, benchmarks, steps, batch_size, learning_rate, max_seq_length, threads, seed)
    scores: list[ArmScores] = []
    for result in ablate(plan, find_arms(arm or ())):
        scores.append(result)
        rows = ", ".join(f"{count} {part}" for part, count in result.rows.items()) or "none"
        typer.echo(
            f"{result.arm}: {result.steps} steps, {result.seconds:.0f} s; rows: {rows}; {result.distinct} distinct"
        )
        if any(found.arm == ALL.name for found in scores):
            (out / TABLE_FILE).write_text(ablation_table(scores, ALL.name, seed) + "\n", encoding="utf-8")
    typer.echo((out / TABLE_FILE).read_text(encoding="utf-8"))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        typer.run(main)
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
