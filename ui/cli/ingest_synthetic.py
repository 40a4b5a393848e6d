"""`coderag ingest --synthesize`: examples for a database that nobody has asked yet."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from coderag_app.examples.synthetic import ColdStartProgress
    from ui.cli.options import Settings

_STEPS = {"make": "Making pairs", "embed": "Embedding"}
_TIMEOUT_S = 2.0  # for one candidate: a slow one is no loss, there are thousands


def synthesize_into_index(target: str, settings: Settings, limit: int | None, seed: int, as_json: bool) -> None:
    """Make the examples, with progress on standard error and the report on standard output."""
    from coderag_app.database import Limits, open_database
    from coderag_app.examples.synthetic import DEFAULT_LIMIT, add_synthetic_examples
    from coderag_app.examples.unmatched_columns import UnmatchedColumns
    from coderag_app.settings import AppConfig
    from coderag_app.text.cell_text import visible_text
    from ui.cli.console import error_console, output_console

    config = AppConfig.load(**settings)
    console = error_console()
    limits = Limits(min(_TIMEOUT_S, config.timeout_s), config.max_rows, config.max_cell_bytes, config.max_memory_mb)
    database = open_database(target, limits)
    try:
        with console.status("Loading the encoder…"):
            from coderag_app.encoders.encoder_loading import load_embed_model

            encoder = load_embed_model(config.embed_model)
        with _progress_bar(console) as show:
            report = add_synthetic_examples(
                database, config.storage_dir, encoder, limit or DEFAULT_LIMIT, seed, show,
                unread=UnmatchedColumns.of_database(database.name, config).patterns(),
            )  # fmt: skip
    finally:
        database.close()
    encoder_name = encoder.name
    if as_json:
        sys.stdout.write(json.dumps({**asdict(report), "encoder": encoder_name}, default=str) + "\n")
        return
    for line in [*report.lines(), f"Encoder: {encoder_name}"]:
        output_console().print(visible_text(line))


@contextmanager
def _progress_bar(console: Console) -> Iterator[Callable[[ColdStartProgress], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        tasks = {step: bar.add_task(label, total=None, facts="", visible=False) for step, label in _STEPS.items()}

        def show(progress: ColdStartProgress) -> None:
            dropped = sum(progress.drops.values())
            bar.update(
                tasks[progress.step], completed=progress.done, total=progress.total, visible=True,
                facts=f"{dropped} dropped" if dropped else "",
            )  # fmt: skip

        yield show
