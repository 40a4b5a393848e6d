"""Text, SQL and rows of a database as Markdown that shows them as they are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from coderag_app.text.cell_text import cell_text, visible_text
from coderag_app.text.secrets_in_text import without_passwords

_ALL_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>()#+-!|~$&"})
# What could end a cell, begin HTML or code, or load an image from elsewhere: enough where a model reads the text too.
_UNSAFE_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`[<|"})


def plain_markdown(text: str, all_markup: bool = True) -> str:
    """One line of text that Markdown shows as it is.

    Args:
        text: Any text; passwords in URLs are taken out.
        all_markup: Escape every mark, not only those that could do harm.
    """
    shown = visible_text(" ".join(without_passwords(text).split()))
    return shown.translate(_ALL_MARKUP if all_markup else _UNSAFE_MARKUP)


def code_block(text: str, language: str) -> str:
    """A code block whose fence is longer than any in the text."""
    shown = visible_text(without_passwords(text), keep="\n\t")
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}{language}\n{shown}\n{fence}"


def markdown_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], max_cell_chars: int, all_markup: bool = True
) -> str:
    """A table with one line for each row; longer cells are cut."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(plain_markdown(cell, all_markup) for cell in cells)} |"

    cells = ([cell_text(value, max_cell_chars) for value in row] for row in rows)
    return "\n".join([line(columns), "|" + " --- |" * len(columns), *map(line, cells)])
