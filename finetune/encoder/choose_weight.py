"""How much of a fine-tuned encoder's difference to its base to ship, chosen on data that no figure is reported on.

``python -m finetune.encoder.choose_weight CodeRAG_encoder --rows searches_held_out.jsonl --weight 0.35 --weight 0.5``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.encoders.encoder_loading import has_cpu_bf16, load_full_encoder, transformer_of
from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.encoder.ablate import ablation_tasks
from finetune.encoder.scores import ModelRanker, held_out_task
from finetune.encoder.training_rows import read_rows
from finetune.evaluation.encoder_ranking import RankingTask, means, rank

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WEIGHTS = (0.35, 0.5, 0.65, 0.8, 1.0)


@dataclass(frozen=True)
class WeightScores:
    """R@1 by task, with this much of the difference added to the base."""

    weight: float
    recall_at_1: dict[str, float]

    @property
    def mean(self) -> float:
        """The tasks' mean: each counts alike, however many queries it has."""
        return sum(self.recall_at_1.values()) / len(self.recall_at_1)


def score_weights(
    tuned_folder: Path, tasks: Sequence[RankingTask], weights: Sequence[float] = WEIGHTS
) -> Iterator[WeightScores]:
    """Measure the base, then the base with each share of the difference added (WiSE-FT, Wortsman et al. 2022).

    Args:
        tuned_folder: A SentenceTransformer trained from all-MiniLM-L6-v2.
        tasks: What to measure on.
        weights: Shares of the difference.

    Raises:
        ModelError: The folder does not load.
    """
    (model, _), (tuned, _) = load_full_encoder("minilm", "cpu"), load_full_encoder(str(tuned_folder), "cpu")
    base = {name: tensor.detach().clone() for name, tensor in transformer_of(model).named_parameters()}
    for weight in (0.0, *weights):
        for name, parameter in transformer_of(model).named_parameters():
            moved = dict(transformer_of(tuned).named_parameters())[name].detach()
            parameter.data.copy_(base[name] + weight * (moved - base[name]))
        yield WeightScores(weight, _recalls(model, tasks))


def best_weight(scores: Sequence[WeightScores]) -> float:
    """The weight with the best mean, the base aside; of equal ones the smallest."""
    return max((found for found in scores if found.weight > 0), key=lambda found: (found.mean, -found.weight)).weight


def _recalls(model: SentenceTransformer, tasks: Sequence[RankingTask]) -> dict[str, float]:
    ranker = ModelRanker(model, has_cpu_bf16())
    return {task.name: means(rank(task, ranker))["recall_at_1"] for task in tasks}


def _tasks(benchmarks: Path, rows: Sequence[Path]) -> list[RankingTask]:
    made = [ablation_tasks(benchmarks)[0]]
    for path in rows:
        task = held_out_task(read_rows([path]))
        made.append(RankingTask(path.stem, task.queries, task.documents, task.items, task.relevant))
    return made


def main(
    tuned: Annotated[Path, typer.Argument(help="Folder of the fine-tuned encoder.")],
    rows: Annotated[list[Path] | None, typer.Option(help="Rows never trained on; a task for each file.")] = None,
    weight: Annotated[list[float] | None, typer.Option(help="Share of the difference; repeatable.")] = None,
    benchmarks: Annotated[Path, typer.Option(help="Folder of the benchmark data.")] = Path("../shared/data"),
) -> None:
    """Print R@1 of each weight on a third of spider_train and on held-out rows, and the weight that is best."""
    if weight and not all(0 < share <= 1 for share in weight):
        raise ConfigurationError(f"Got weights {weight}; expected numbers above 0, 1 at most.")
    tasks = _tasks(benchmarks, rows or ())
    names = [f"{task.name} ({len(task.queries)})" for task in tasks]
    typer.echo(f"| weight | {' | '.join(names)} | mean |\n{'|---' * (len(names) + 2)}|")
    scores = []
    for found in score_weights(tuned, tasks, weight or WEIGHTS):
        scores.append(found)
        cells = " | ".join(f"{value:.3f}" for value in found.recall_at_1.values())
        typer.echo(f"| {found.weight:g} | {cells} | {found.mean:.4f} |")
    typer.echo(f"Best mean: {best_weight(scores):g}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
