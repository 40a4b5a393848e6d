"""The command line of the synthesis: ``coderag synthesize``, or ``python -m finetune.synthesis``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.synthesis.dataset import SynthesizedFiles, synthesize_dataset
from finetune.synthesis.pipeline import Maker, SynthesisPlan, SynthesisProgress
from finetune.synthesis.rule_maker import RuleMaker
from finetune.synthesis.sql_runner import Databases
from finetune.synthesis.tasks import CATEGORIES, find_tasks


def synthesize_command(
    output: Annotated[Path, typer.Option(help="Folder for the data set and its checkpoint.")] = Path("synthetic"),
    limit: Annotated[int, typer.Option(min=1, help="Rows to keep.")] = 2000,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="Use no language model.")] = False,
    llm: Annotated[str, typer.Option(help="auto, bundled, a preset, a .gguf file, or openai-compatible.")] = "auto",
    corpus: Annotated[list[Path] | None, typer.Option(help="Code repository to take code from; repeatable.")] = None,
    tasks: Annotated[list[str] | None, typer.Option("--task", help="Task or category; repeatable.")] = None,
    seed: Annotated[int, typer.Option(help="Decides every choice.")] = 0,
    databases: Annotated[int, typer.Option(min=1, help="Synthetic databases to draw.")] = 60,
    select: Annotated[int, typer.Option(min=0, help="Rows per category for CodeRAG_Dataset.csv; 0 for none.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what the folder holds.")] = False,
    brainstorm: Annotated[
        str, typer.Option(metavar="CATEGORY", help="Only ask the model for further tasks of a category, and show them.")
    ] = "",
) -> None:
    """Make training pairs for code retrieval. A run that was stopped goes on where it was."""
    console = Console()
    if brainstorm:
        show_proposals(brainstorm, llm, console)
        return
    files = run(output, limit, rules_only, llm, corpus or [], tasks or [], seed, databases, select, restart, console)
    _show(files, console)


def run(
    output: Path,
    limit: int,
    rules_only: bool,
    llm: str,
    corpus: list[Path],
    tasks: list[str],
    seed: int,
    databases: int,
    select: int,
    restart: bool,
    console: Console,
) -> SynthesizedFiles:
    """What the command does, with its settings spelled out.

    Raises:
        ConfigurationError: A setting cannot be used.
    """
    if rules_only and corpus:
        raise ConfigurationError(
            "Got --corpus and --rules-only, expected one of them: a rule keeps a pair only if running both sides shows "
            "that they fit, and foreign code is not run. Leave out --rules-only to have a model write from the corpus."
        )
    plan = SynthesisPlan(limit, find_tasks(tasks), seed)
    command = f"coderag synthesize {'--rules-only ' if rules_only else ''}--limit {limit} --seed {seed}"
    command += f" --databases {databases}" + (f" --select {select}" if select else "")
    rules = RuleMaker.create(seed, databases)
    drawn: Databases | None = rules.sources.databases
    try:
        maker: Maker = rules if rules_only else _model_maker(llm, corpus)
        with _bar(limit, console) as show:
            files = synthesize_dataset(
                plan, maker, output, drawn, select, restart=restart, command=command, on_progress=show
            )
        _show_cost(maker, console)
        return files
    finally:
        rules.close()


def _model_maker(llm: str, corpus: list[Path]) -> Maker:
    from coderag_app.llm.llm_loading import load_llm
    from coderag_app.settings import AppConfig
    from finetune.synthesis.corpus import read_corpus
    from finetune.synthesis.llm_generators import ModelMaker
    from finetune.synthesis.seed_functions import load_seeds

    snippets = [snippet for folder in corpus for snippet in read_corpus(folder).snippets]
    if corpus and not snippets:
        raise ConfigurationError(
            f"Got no usable code from {', '.join(map(str, corpus))}; expected functions or classes"
        )
    loaded = load_llm(AppConfig.load(llm=llm))
    return ModelMaker.create(loaded.llm, loaded.name, snippets, load_seeds())


def show_proposals(category: str, llm: str, console: Console) -> None:
    """Print tasks that a model proposes for a category, in the form of ``tasks.yaml``: a person decides on them.

    Raises:
        ConfigurationError: There is no such category.
    """
    from coderag_app.llm.llm_loading import load_llm
    from coderag_app.settings import AppConfig
    from finetune.synthesis.llm_generators import AskedModel, brainstorm

    if category not in CATEGORIES:
        raise ConfigurationError(f"Got category {category!r}, expected one of {', '.join(CATEGORIES)}.")
    known = [task.name for task in find_tasks([]) if task.category == category]
    proposals = brainstorm(AskedModel(load_llm(AppConfig.load(llm=llm)).llm), category, known)
    for name, instruction in proposals:
        console.print(f"{name}: {instruction}", markup=False, highlight=False)
    if not proposals:
        console.print(f"The model proposed no further task of {category} in a form that can be read.", markup=False)


class SynthesisBar(ProgressBar):
    """A progress bar with a line below it: what was made, and why candidates were dropped."""

    told = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        """The bar and the line."""
        yield self.make_tasks_table(self.tasks)
        yield Text(self.told, style="dim")


@contextmanager
def _bar(limit: int, console: Console) -> Iterator[Callable[[SynthesisProgress], None]]:
    columns = (TextColumn("Kept"), BarColumn(), MofNCompleteColumn(), TextColumn("ETA"), TimeRemainingColumn())
    with SynthesisBar(*columns, console=console) as bar:
        shown = bar.add_task("rows", total=limit)

        def update(progress: SynthesisProgress) -> None:
            drops = ", ".join(f"{count} {reason}" for reason, count in progress.drops.most_common(4))
            bar.told = f"made {progress.made}, {progress.rate:.1f} rows/s" + (f"; dropped: {drops}" if drops else "")
            bar.update(shown, completed=len(progress.rows))

        yield update


def _show_cost(maker: Maker, console: Console) -> None:
    """What the language model took; rules cost nothing."""
    cost = getattr(getattr(maker, "model", None), "cost", None)
    if cost is not None:
        console.print(
            f"Asked the model {cost.calls} times ({cost.failed_calls} failed) for {cost.seconds:.0f} s: "
            f"{cost.prompt_characters:,} characters read, {cost.reply_characters:,} written.",
            highlight=False,
        )


def _show(files: SynthesizedFiles, console: Console) -> None:
    progress = files.progress
    table = Table("dropped because", "candidates", title="Dropped candidates")
    for reason, count in progress.drops.most_common():
        table.add_row(reason, str(count))
    if progress.drops:
        console.print(table)
    resumed = f" ({progress.resumed_rows} of them from before)" if progress.resumed_rows else ""
    console.print(f"Kept {len(progress.rows)} rows{resumed} of {progress.made} candidates.")
    for path in (files.rows, files.csv, files.card, files.selected):
        if path is not None:
            console.print(f"  {path}", highlight=False)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(synthesize_command)


def main() -> None:
    """Run the command."""
    try:
        app(prog_name="python -m finetune.synthesis")
    except CodeRAGError as error:
        Console(stderr=True).print(f"[red]Error:[/red] {escape(str(error))}", highlight=False)
        sys.exit(1)
