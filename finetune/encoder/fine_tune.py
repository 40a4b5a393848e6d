"""Fine-tune the bi-encoder: rows of anchor, positive and hard negatives in, a SentenceTransformer folder out.

``python -m finetune.encoder.fine_tune runs/encoder/text_to_sql.jsonl --output CodeRAG_encoder``
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.encoder.card import TrainingReport, write_card
from finetune.encoder.models import load_base, merged
from finetune.encoder.plan import PLAN_FILE, PRESETS, Stage, TrainingPlan, stages_of, with_preset
from finetune.encoder.training_rows import EncoderRow, read_rows, split_held_out

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger("finetune.encoder.fine_tune")  # its name too when it is run as a program

REPORT_FILE = "training.json"
_EASY_MARGIN = 0.3  # cosine by which a positive beats every negative in a row that has nothing left to teach


def train_encoder(plan: TrainingPlan) -> TrainingReport:
    """Run a training, or go on with it: the same plan picks up its last checkpoint.

    Raises:
        ConfigurationError: Data is missing, or the checkpoints belong to another plan.
        ModelError: The base encoder is missing or does not load.
    """
    import torch

    if plan.threads:
        torch.set_num_threads(plan.threads)
    training, held_out = split_held_out(read_rows(plan.data), plan.held_out)
    if not training:
        raise ConfigurationError(f"Got no training rows from {', '.join(map(str, plan.data))}; expected at least one.")
    _claim_checkpoints(plan)
    model, base = load_base(plan)
    scored = _spread(held_out, plan.most_held_out)
    task, before = _first_scores(model, scored, plan)
    kept = _kept(model, plan)
    stages: dict[str, dict[str, Any]] = {}
    for stage in stages_of(plan, training):
        stages[stage.name], model = _run_stage(model, stage, task, plan, kept)
    after = _scores(model, task, plan) if task is not None else {}
    report = TrainingReport(plan.output, base, len(training), len(held_out), before, after, stages)
    _write_output(merged(model, plan), plan, report)
    return report


def _claim_checkpoints(plan: TrainingPlan) -> None:
    """Start a folder of checkpoints for this plan, or take up the one that is there."""
    path = plan.checkpoints / PLAN_FILE
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))["fingerprint"]
        if plan.resume and found == plan.fingerprint:
            return
        if plan.resume:
            raise ConfigurationError(
                f"{plan.checkpoints} belongs to another training: got plan {found}, expected {plan.fingerprint}. "
                "Give another --output, or --no-resume to start over."
            )
        shutil.rmtree(plan.checkpoints)
    plan.checkpoints.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"fingerprint": plan.fingerprint, "plan": repr(plan)}, indent=2), encoding="utf-8")


def _spread(rows: list[EncoderRow], most: int) -> list[EncoderRow]:
    """At most so many rows, from everywhere."""
    step = max(len(rows) / most, 1.0) if most else 1.0
    return [rows[int(i * step)] for i in range(int(len(rows) / step))]


def _first_scores(
    model: SentenceTransformer, rows: list[EncoderRow], plan: TrainingPlan
) -> tuple[Any, dict[str, float]]:
    from finetune.encoder.scores import held_out_task

    if not rows:
        return None, {}
    path = plan.checkpoints / "before.json"
    task = held_out_task(rows, plan.prompts)
    if not path.is_file():
        path.write_text(json.dumps(_scores(model, task, plan)), encoding="utf-8")
    before: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    logger.info("Held-out before: %s", {name: round(value, 4) for name, value in before.items()})
    return task, before


def _kept(model: SentenceTransformer, plan: TrainingPlan) -> Any:
    """The texts to keep with the base's vectors, or None; asked before the first step."""
    from finetune.encoder.keeping import kept_dataset

    return kept_dataset(model, read_rows(plan.keep)) if plan.keep else None


def _scores(model: SentenceTransformer, task: Any, plan: TrainingPlan) -> dict[str, float]:
    from finetune.encoder.scores import ModelRanker, uses_bf16
    from finetune.evaluation.encoder_ranking import means, rank

    return means(rank(task, ModelRanker(model, uses_bf16(plan))))


def _run_stage(
    model: SentenceTransformer, stage: Stage, task: Any, plan: TrainingPlan, kept: Any
) -> tuple[dict[str, Any], SentenceTransformer]:
    """Train one stage, or load it where it is already done."""
    from safetensors.torch import load_model, save_model

    from finetune.encoder.encoder_trainer import train_stage

    folder = plan.checkpoints / stage.name
    done, weights = folder / "done.json", folder / "weights.safetensors"
    if done.is_file():
        load_model(model, weights)
        return json.loads(done.read_text(encoding="utf-8")), model
    rows = _without_easy(model, stage.rows) if stage.drop_easy else stage.rows
    logger.info("Stage %s: %d rows, %d%% of the budget", stage.name, len(rows), round(100 * stage.share))
    result = {"rows": len(rows), **train_stage(model, rows, task, plan, folder, stage.share, kept)}
    save_model(model, str(weights))
    done.write_text(json.dumps(result), encoding="utf-8")
    return result, model


def _without_easy(model: SentenceTransformer, rows: Any) -> list[EncoderRow]:
    """The rows whose positive does not yet stand clear of all their negatives."""
    from finetune.encoder.scores import ModelRanker

    ranker = ModelRanker(model, bf16=False)
    kept = []
    for row in rows:
        scores = ranker.scores([row.anchor], [row.positive, *row.negatives])[0]
        if len(scores) == 1 or scores[0] - scores[1:].max() < _EASY_MARGIN:
            kept.append(row)
    return kept or list(rows)


def _write_output(model: SentenceTransformer, plan: TrainingPlan, report: TrainingReport) -> None:
    """Write the encoder beside its place and swap it in; a plain SentenceTransformer folder with its card."""
    fresh = plan.output.with_name(plan.output.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    model.save_pretrained(str(fresh), create_model_card=False)
    write_card(fresh, plan, report)
    stages = {name: {k: v for k, v in result.items() if k != "log"} for name, result in report.stages.items()}
    facts = {
        "base": report.base, "data": [path.name for path in plan.data], "rows": report.rows, "seed": plan.seed,
        "held_out_before": report.before, "held_out_after": report.after, "stages": stages,
    }  # fmt: skip
    (fresh / REPORT_FILE).write_text(json.dumps(facts, indent=2), encoding="utf-8")
    shutil.rmtree(plan.output, ignore_errors=True)
    fresh.rename(plan.output)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def train(
    data: Annotated[list[Path], typer.Argument(help="JSONL or CSV files with query, pos, neg (and prompt).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the encoder.")] = Path("CodeRAG_encoder"),
    preset: Annotated[str, typer.Option(help=f"Values to start from: {', '.join(PRESETS)}.")] = "report",
    base: Annotated[str | None, typer.Option(help="minilm, bundled, a folder, or a hub id. [default: minilm]")] = None,
    epochs: Annotated[float | None, typer.Option(help="[default: 5]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="[default: 16]")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="[default: 2e-5]")] = None,
    max_seq_length: Annotated[int | None, typer.Option(help="Tokens of a text at most. [default: 512]")] = None,
    negatives: Annotated[int | None, typer.Option(help="Hard negatives per row. [default: 1]")] = None,
    scale: Annotated[float | None, typer.Option(help="One over the loss's temperature. [default: 20]")] = None,
    mini_batch_size: Annotated[
        int | None, typer.Option(help="Use the cached loss: big batches, computed so many rows at a time.")
    ] = None,
    neighbours: Annotated[int | None, typer.Option(help="Consecutive rows that stay in one batch.")] = None,
    held_out: Annotated[float | None, typer.Option(help="Share of databases set aside. [default: 0.02]")] = None,
    evaluate_every: Annotated[int | None, typer.Option(help="Steps between scores and checkpoints.")] = None,
    patience: Annotated[int | None, typer.Option(help="Scores without gain before it stops. [default: 5]")] = None,
    bf16: Annotated[bool | None, typer.Option(help="[default: where the processor has it]")] = None,
    threads: Annotated[int | None, typer.Option(help="Processor threads. [default: all]")] = None,
    minutes: Annotated[float | None, typer.Option(help="Time budget; the learning rate falls along it.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Step budget.")] = None,
    matryoshka: Annotated[str, typer.Option(help="Vector lengths that work on their own, e.g. 384,256,128.")] = "",
    curriculum: Annotated[bool, typer.Option("--curriculum", help="Text, then text and code, then hard code.")] = False,
    lora_rank: Annotated[int | None, typer.Option(help="Train LoRA of this rank; needs peft.")] = None,
    freeze_embeddings: Annotated[bool | None, typer.Option(help="Leave the token embeddings alone.")] = None,
    keep: Annotated[
        list[Path] | None, typer.Option(help="Rows whose texts shall stay where the base puts them; repeatable.")
    ] = None,
    prompts: Annotated[bool, typer.Option("--prompts", help="Put each row's prompt before its query.")] = False,
    seed: Annotated[int | None, typer.Option()] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint of the same training.")] = True,
) -> None:
    """Fine-tune the encoder that finds examples, on rows of query, positive and hard negatives."""
    given = {
        "base": base, "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "max_seq_length": max_seq_length, "negatives": negatives, "scale": scale, "mini_batch_size": mini_batch_size,
        "neighbours": neighbours, "held_out": held_out, "evaluate_every": evaluate_every, "patience": patience,
        "bf16": bf16, "threads": threads, "minutes": minutes, "max_steps": max_steps, "lora_rank": lora_rank,
        "freeze_embeddings": freeze_embeddings, "seed": seed,
    }  # fmt: skip
    plan = TrainingPlan(
        tuple(data), output, curriculum=curriculum, prompts=prompts, resume=resume, keep=tuple(keep or ()),
        matryoshka=tuple(int(length) for length in matryoshka.split(",") if length),
    )  # fmt: skip
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    logging.getLogger("finetune").setLevel(logging.INFO)
    report = train_encoder(replace(with_preset(plan, preset), **chosen))
    typer.echo(f"Base encoder: {report.base}")
    for metric, after in report.after.items():
        typer.echo(f"held-out {metric}: {report.before[metric]:.3f} -> {after:.3f}")
    typer.echo(f"Trained on {report.rows:,} rows; the encoder is in {report.output}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        app()
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
