"""`coderag ask`: questions in, answers out, with the models loaded once."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.cli import options as opt
from coderag_app.cli.questions import read_questions
from coderag_app.errors import CodeRAGError

if TYPE_CHECKING:
    from coderag_app.query_engine import TextToSQLQueryEngine
    from coderag_app.types import SQLAnswer


def ask(
    question: Annotated[list[str] | None, typer.Argument(help="The question, in quotes.", show_default=False)] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Questions, one a line (- for standard input), or JSONL with `question`."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a question, nothing else.")] = False,
    database: opt.DatabaseOption = None,
    demo: opt.DemoOption = False,
    storage_dir: opt.StorageOption = None,
    llm: opt.LLMOption = None,
    llm_base_url: opt.BaseURLOption = None,
    llm_model: opt.ServerModelOption = None,
    embed_model: opt.EmbedModelOption = None,
    top_k: opt.TopKOption = None,
    sample_values: opt.SamplesOption = None,
    timeout_s: opt.TimeoutOption = None,
    max_rows: opt.MaxRowsOption = None,
) -> None:
    """Ask a database one question or many."""
    questions = read_questions(question or [], file)
    options = opt.EngineOptions(
        opt.chosen_database(database, demo), storage_dir, llm, llm_base_url, llm_model, embed_model,
        top_k, sample_values, timeout_s, max_rows,
    )  # fmt: skip
    several = not question
    out = sys.stdout
    # Whatever a library prints must not mix with the answers.
    with contextlib.redirect_stdout(sys.stderr):
        engine = opt.open_engine(options)
        try:
            failures = 0
            for text in questions:
                answer = answer_of(engine, text)
                failures += not answer.ok
                with contextlib.redirect_stdout(out):
                    _print_json(answer) if as_json else _print_answer(answer, several)
        finally:
            engine.close()
    raise typer.Exit(1 if failures else 0)


def answer_of(engine: TextToSQLQueryEngine, question: str) -> SQLAnswer:
    """The answer, with the step shown on standard error; an error of the project becomes a failed answer."""
    from coderag_app.cell_text import visible_text
    from coderag_app.cli.console import error_console
    from coderag_app.step_labels import STEP_LABELS
    from coderag_app.types import AnswerStatus, SQLAnswer

    written = ""
    try:
        with error_console().status("Asking…") as status:
            for event in engine.stream(question):
                if event.answer is not None:
                    return event.answer
                written = written + event.text if event.step == "generate" else ""
                tail = visible_text(written)[-40:]
                status.update(f"{STEP_LABELS.get(event.step, event.step)}… {tail}")
        raise CodeRAGError("The engine ended without an answer.")
    except CodeRAGError as error:
        return SQLAnswer(question=question, sql="", status=AnswerStatus.FAILED, error=str(error), model=engine.llm_name)


def _print_json(answer: SQLAnswer) -> None:
    from coderag_app.answer_json import answer_line

    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    sys.stdout.write(answer_line(answer, ascii_only=encoding != "utf8") + "\n")
    sys.stdout.flush()


def _print_answer(answer: SQLAnswer, with_question: bool) -> None:
    from coderag_app.cli.answer_view import answer_view
    from coderag_app.cli.console import output_console

    console = output_console()
    console.print(answer_view(answer, console.width, with_question))
    sys.stdout.flush()
