"""A progress bar for ingestion: rows, kept, rejected, rate, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from ingestion.ingestion_report import Progress


@contextmanager
def progress_bar(console: Console | None = None) -> Iterator[Callable[[Progress], None]]:
    """Show a bar while the block runs; pass what it yields to ``ingest`` as ``on_progress``."""
    columns = (
        TextColumn("Embedding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console or Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, facts="")

        def show(progress: Progress) -> None:
            total = None if progress.total is None else max(progress.total, progress.done)
            bar.update(task, completed=progress.done, total=total, facts=describe(progress))

        yield show


def describe(progress: Progress) -> str:
    """Rate, kept, rejected and time left in words."""
    left = "" if progress.eta_s is None else f", {_duration(progress.eta_s)} left"
    return f"{progress.rows_per_s:.0f} rows/s, {progress.kept} kept, {progress.rejected} rejected{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
