"""`coderag evaluate`: how often the answers are right, with and without retrieved examples."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.options import Settings, database_option, with_settings

if TYPE_CHECKING:
    from coderag_app.settings import AppConfig
    from finetune.evaluation.evaluate import Evaluation
    from finetune.evaluation.execution import Convention

_WHAT = "What to measure"


@with_settings("storage_dir", "models", "limits", "writing", "without_repairs")
def evaluate(
    settings: Settings,
    dataset: Annotated[
        str, typer.Argument(help="demo, a folder in Spider's or BIRD's layout, or JSONL of gretel rows or of pairs.")
    ] = "demo",
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the run; a stopped run goes on there. Default: runs/DATASET."),
    ] = None,
    examples: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", rich_help_panel=_WHAT, help="Index folder, JSONL, demo, or same. Default: the index."
        ),
    ] = None,
    database: Annotated[str | None, database_option("Database of a file of pairs.", _WHAT)] = None,
    arms: Annotated[
        str, typer.Option(metavar="NAMES", rich_help_panel=_WHAT, help="Arms, separated by commas, or all of them.")
    ] = "none,base",
    limit: Annotated[
        int | None, typer.Option(min=1, rich_help_panel=_WHAT, help="Questions, drawn at random. Default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(rich_help_panel=_WHAT, help="Seed of every draw.")] = 0,
    convention: Annotated[
        str, typer.Option(rich_help_panel=_WHAT, help="Which convention decides: spider or bird.")
    ] = "spider",
    keep_leaks: Annotated[
        bool, typer.Option("--keep-leaks", rich_help_panel=_WHAT, help="Show examples that give the question away.")
    ] = False,
    keep_trivial: Annotated[
        bool, typer.Option("--keep-trivial", rich_help_panel=_WHAT, help="Score golds that are empty, 0 or NULL, too.")
    ] = False,
    conversations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WHAT,
            help="Conversations (JSONL) over the databases of DATASET, or of the folder databases beside FILE.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as one JSON document.")] = False,
) -> None:
    """Measure execution accuracy on questions with known answers."""
    from coderag_app.settings import AppConfig
    from ui.cli.console import error_console

    config = AppConfig.load(**settings)
    if conversations is not None:
        folder = run_dir or Path("runs") / conversations.stem
        _evaluate_conversations(conversations, dataset, folder, config, limit, seed, as_json)
        return
    console = error_console()
    with contextlib.redirect_stdout(sys.stderr):  # whatever a library prints must not mix with the figures
        with console.status("Loading…"):
            from finetune.evaluation.arms import ARM_NAMES
            from finetune.evaluation.evaluate import EvaluationSettings
            from finetune.evaluation.evaluate import evaluate as measure
            from finetune.evaluation.progress_bar import progress_bar

        names = ARM_NAMES if arms == "all" else tuple(name.strip() for name in arms.split(","))
        plan = EvaluationSettings(
            names, _convention(convention), limit, seed, keep_leaks=keep_leaks, keep_trivial=keep_trivial
        )
        folder = run_dir or _default_folder(dataset, keep_leaks)
        with progress_bar(console) as on_progress:
            found = measure(dataset, folder, examples, database, plan, config, on_progress)
    if as_json:
        facts = {"run_dir": str(found.run_dir), "excluded": _excluded(found), "unavailable": dict(found.unavailable)}
        sys.stdout.write(json.dumps({**found.summary.to_json(), **facts}, default=str) + "\n")
    else:
        _print_figures(found)


def _evaluate_conversations(
    file: Path, dataset: str, run_dir: Path, config: AppConfig, limit: int | None, seed: int, as_json: bool
) -> None:
    from finetune.evaluation.conversations import evaluate_conversations, report_markdown
    from finetune.evaluation.progress_bar import progress_bar
    from ui.cli.console import error_console

    databases = (file.parent if dataset == "demo" else Path(dataset)) / "databases"
    with contextlib.redirect_stdout(sys.stderr), progress_bar(error_console()) as on_progress:
        tables = evaluate_conversations(file, databases, run_dir, config, limit, seed, on_progress)
    if as_json:
        figures = {table.title: [dict(zip(table.header, row, strict=True)) for row in table.rows] for table in tables}
        sys.stdout.write(json.dumps({"run_dir": str(run_dir), **figures}) + "\n")
        return
    sys.stdout.write(report_markdown(tables))


def _default_folder(dataset: str, keep_leaks: bool) -> Path:
    """A run with leaks has a folder of its own, so that `coderag compare` can show what they are worth."""
    return Path("runs") / ((Path(dataset).stem or "dataset") + ("_leaks_kept" if keep_leaks else ""))


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of the earlier run.")],
    after: Annotated[Path, typer.Argument(help="Folder of the later run, over the same questions.")],
    convention: Annotated[str, typer.Option(help="Which convention decides: spider or bird.")] = "spider",
) -> None:
    """Print, as Markdown, which questions two runs answer differently."""
    from finetune.evaluation.compare import compare_runs, comparison_markdown

    flips = compare_runs(before, after, _convention(convention))
    sys.stdout.write(comparison_markdown(flips) + "\n")


def _convention(name: str) -> Convention:
    from coderag_app.errors import ConfigurationError
    from finetune.evaluation.execution import Convention

    try:
        return Convention(name)
    except ValueError:
        raise ConfigurationError(f"Got --convention {name!r}, expected {' or '.join(Convention)}.") from None


def _excluded(found: Evaluation) -> dict[str, int]:
    return dict(Counter(exclusion.reason.value for exclusion in found.excluded))


def _print_figures(found: Evaluation) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from coderag_app.text.cell_text import visible_text
    from finetune.evaluation.report_tables import accuracy_table
    from ui.cli.console import output_console

    console = output_console()
    figures = accuracy_table(found.summary)
    table = Table(*figures.header, box=box.SIMPLE_HEAD)
    for row in figures.rows:
        table.add_row(*(Text(visible_text(cell)) for cell in row))
    console.print(table, Text(figures.note, style="dim"))
    for reason, count in _excluded(found).items():
        console.print(f"Not scored, {reason}: {count}")
    for arm, reason in found.unavailable.items():
        console.print(visible_text(f"Arm {arm} was not run: {reason}"))
    console.print(visible_text(f"Report: {found.run_dir / 'report.md'}"))
