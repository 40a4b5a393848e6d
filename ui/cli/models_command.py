"""`coderag models`: which LLMs and encoders there are, and which of them are on this disk."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from coderag_app.llm.catalog import ModelStatus


def models(
    as_json: Annotated[bool, typer.Option("--json", help="The same as one JSON document.")] = False,
) -> None:
    """List the LLMs and encoders."""
    from coderag_app.llm.catalog import encoder_table, model_table
    from ui.cli.console import output_console

    llms, encoders = model_table(), encoder_table()
    if as_json:
        document = {"llms": [asdict(model) for model in llms], "encoders": [asdict(model) for model in encoders]}
        sys.stdout.write(json.dumps(document) + "\n")
        return
    console = output_console()
    console.print(_table("LLMs (--llm)", llms), _table("Encoders (--embed-model)", encoders))
    console.print(
        "auto takes the row marked >. Other values of --llm: FILE.gguf, or openai-compatible with --llm-base-url and "
        "--llm-model; of --embed-model: a folder or a hub id.\n"
        "Accuracy: published execution accuracy on Spider dev, in percent, of the unquantised model."
    )


def _table(title: str, statuses: list[ModelStatus]) -> Table:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("", width=1),
        Column("name", no_wrap=True),
        Column("on disk"),
        Column("size", justify="right"),
        Column("licence", no_wrap=True),
        Column("accuracy", justify="right"),
        Column("note", overflow="fold"),
        title=title,
        title_justify="left",
        box=box.SIMPLE,
    )
    for status in statuses:
        table.add_row(
            Text(">" if status.automatic else "", style="bold green"),
            Text(status.spec, style="bold" if status.on_disk else ""),
            "yes" if status.on_disk else "no",
            _size_text(status.size_gb),
            status.licence,
            status.spider_dev,
            Text(status.note),
        )
    return table


def _size_text(size_gb: float | None) -> str:
    if size_gb is None:
        return ""
    return f"{size_gb:.1f} GB" if size_gb >= 1 else f"{size_gb * 1000:.0f} MB"
