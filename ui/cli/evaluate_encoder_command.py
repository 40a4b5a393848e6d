"""`coderag evaluate-encoder`: how well the encoder finds the right example, beside BM25 and its base."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from finetune.evaluation.encoder_report import EncoderReport

DEFAULT_DATA = Path("../shared/data")
_HEADINGS = {
    "recall_at_1": "R@1", "recall_at_3": "R@3", "recall_at_10": "R@10", "mrr_at_10": "MRR@10", "ndcg_at_10": "nDCG@10",
}  # fmt: skip


def evaluate_encoder(
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder",
            "-e",
            metavar="MODEL",
            help="Encoder beside the base: a folder, a hub id, bundled. May be repeated. [default: the bundled one]",
        ),
    ] = None,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the benchmark data.")] = DEFAULT_DATA,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", "-t", help="spider_train, spider_dev, gretel, cosqa, mbpp, humaneval. [default: all]"),
    ] = None,
    bm25: Annotated[bool, typer.Option(help="Measure BM25, too.")] = True,
    base: Annotated[bool, typer.Option(help="Measure all-MiniLM-L6-v2 as it is, too.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The same as one JSON document.")] = False,
) -> None:
    """Measure recall, MRR and nDCG with 95% bootstrap intervals."""
    from ui.cli.console import error_console, output_console

    with error_console().status("Loading encoders…") as status:
        from finetune.evaluation.encoder_report import evaluate_rankers, load_rankers

        rankers = load_rankers([*(["minilm"] if base else []), *(encoder or ["auto"])], bm25)
        status.update("Ranking…")
        report = evaluate_rankers(
            rankers, data, task or (), seed, on_score=lambda score: status.update(f"{score.task}: {score.ranker} done…")
        )
    if as_json:
        document = {"scores": [asdict(score) for score in report.scores], "skipped": report.skipped}
        sys.stdout.write(json.dumps(document) + "\n")
        return
    output_console().print(_table(report))
    for name, files in report.skipped.items():
        error_console().print(f"Skipped {name}: {files} not in {data}.")


def _table(report: EncoderReport) -> Table:
    from rich import box
    from rich.table import Column, Table

    columns = [Column("task", no_wrap=True), Column("ranker", overflow="fold"), Column("queries", justify="right")]
    headings = [Column(heading, justify="right", no_wrap=True) for heading in _HEADINGS.values()]
    table = Table(*columns, Column("documents", justify="right"), *headings, box=box.SIMPLE)
    previous = ""
    for score in report.scores:
        if previous and previous != score.task:
            table.add_section()
        cells = [
            _cell(score.metrics[metric].mean, score.metrics[metric].low, score.metrics[metric].high)
            for metric in _HEADINGS
        ]
        shown = score.task if previous != score.task else ""
        table.add_row(shown, score.ranker, f"{score.queries:,}", f"{score.documents:,}", *cells)
        previous = score.task
    return table


def _cell(mean: float, low: float, high: float) -> str:
    """Mean with its interval, e.g. ``.679 .66-.70``."""
    return f"{_short(mean, 3)} {_short(low, 2)}-{_short(high, 2)}"


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0") else text
