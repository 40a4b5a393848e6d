"""`coderag ask --output`: the rows of an answer as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.errors import CodeRAGError, ConfigurationError

if TYPE_CHECKING:
    from coderag_app.types import SQLAnswer

OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the rows to a new .csv, .parquet or .xlsx.")
]
KeepFormulasOption = Annotated[
    bool,
    typer.Option("--keep-formulas", help="In CSV, write texts such as =A1 as they are, without the ' before them."),
]
_SUFFIXES = (".csv", ".parquet", ".xlsx")


def check_output(output: Path | None, alone: bool) -> None:
    """Say before any model is loaded what cannot be written.

    Args:
        output: The file, if one is wanted.
        alone: Whether a single question is asked.

    Raises:
        ConfigurationError: Another kind of file, one that is there, or rows of several questions.
    """
    if output is None:
        return
    if output.suffix.lower() not in _SUFFIXES:
        raise ConfigurationError(f"Got --output {output}, expected a file that ends in {', '.join(_SUFFIXES)}.")
    if output.exists():
        raise ConfigurationError(f"{output} exists; choose another name.")
    if not alone:
        raise ConfigurationError("--output takes the rows of one question; use --json for several.")


def write_output(output: Path, answer: SQLAnswer, keep_formulas: bool) -> None:
    """Write the rows of an answer that has some.

    Raises:
        CodeRAGError: The file cannot be written.
    """
    from coderag_app.answers.result_files import to_csv, to_excel, to_parquet

    suffix = output.suffix.lower()
    if suffix == ".csv":
        content = to_csv(answer.columns, answer.rows, keep_formulas)
    else:
        content = (to_parquet if suffix == ".parquet" else to_excel)(answer.columns, answer.rows)
    try:
        with output.open("xb") as out:
            out.write(content)
    except OSError as error:
        raise CodeRAGError(f"{output} cannot be written: {error.strerror}.") from error
