"""`coderag ask`: questions in, answers out, with the models loaded once."""

from __future__ import annotations

import contextlib
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.errors import CodeRAGError
from ui.cli import options as opt
from ui.cli.questions import read_questions
from ui.cli.result_output import KeepFormulasOption, OutputOption, check_output, write_output

if TYPE_CHECKING:
    from coderag_app.answers.clarification import Clarification
    from coderag_app.chat.conversation import Conversation
    from coderag_app.types import SQLAnswer


@opt.with_settings("storage_dir", "database", "demo", "models", "limits", "writing")
def ask(
    settings: opt.Settings,
    question: Annotated[list[str] | None, typer.Argument(help="The question, in quotes.", show_default=False)] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Questions, one a line (- for standard input), or JSONL with `question`."),
    ] = None,
    follow_up: Annotated[
        list[str] | None,
        typer.Option(
            "--follow-up", "-F", metavar="TEXT", help='Ask this next, in the light of the answer: "and by city?"'
        ),
    ] = None,
    conversation: Annotated[
        bool, typer.Option("--conversation", help="Each question of --file may refer to those before it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a question, nothing else.")] = False,
    output: OutputOption = None,
    keep_formulas: KeepFormulasOption = False,
) -> None:
    """Ask a database one question or many."""
    questions = read_questions(question or [], file)
    check_output(output, alone=bool(question) and not follow_up)
    from coderag_app.answers.clarification import clarify

    several = not question or bool(follow_up)
    _refuse_what_cannot_be_asked(question or [], as_json)
    out = sys.stdout
    # Whatever a library prints must not mix with the answers.
    with contextlib.redirect_stdout(sys.stderr):
        engine = opt.open_engine(settings)
        try:
            failures = 0
            talk = engine.conversation()
            for text in chain(questions, follow_up or ()):
                if not (conversation or follow_up):
                    talk.turns = ()
                before = len(talk.turns)
                answer = answer_of(talk, text)
                note = talk.turns[-1].note if len(talk.turns) > before else ""
                failures += not answer.ok
                unclear = clarify(answer, engine.schema, engine.values)
                with contextlib.redirect_stdout(out):
                    if as_json:
                        _print_json(answer, note, unclear)
                    else:
                        _print_answer(answer, several, note, unclear)
                if output is not None and answer.executed:
                    write_output(output, answer, keep_formulas)
        finally:
            engine.close()
    raise typer.Exit(1 if failures else 0)


def _refuse_what_cannot_be_asked(questions: list[str], as_json: bool) -> None:
    """End before a model is loaded where a question of the command line is empty or too long."""
    from coderag_app.text.untrusted_text import checked_question
    from coderag_app.types import AnswerStatus, SQLAnswer

    for question in questions:
        try:
            checked_question(question)
        except CodeRAGError as error:
            if not as_json:
                raise
            _print_json(SQLAnswer(question=question, sql="", status=AnswerStatus.FAILED, error=str(error)), "", None)
            raise typer.Exit(1) from None


def answer_of(talk: Conversation, question: str) -> SQLAnswer:
    """The answer, with the step shown on standard error; an error of the project becomes a failed answer."""
    from coderag_app.answers.step_labels import STEP_LABELS
    from coderag_app.text.cell_text import visible_text
    from coderag_app.types import AnswerStatus, SQLAnswer
    from ui.cli.console import error_console

    written = ""
    try:
        with error_console().status("Asking…") as status:
            for event in talk.stream(question):
                if event.answer is not None:
                    return event.answer
                written = written + event.text if event.step == "generate" else ""
                tail = visible_text(written)[-40:]
                status.update(f"{STEP_LABELS.get(event.step, event.step)}… {tail}")
        raise CodeRAGError("The engine ended without an answer.")
    except CodeRAGError as error:
        model = talk.engine.llm_name
        return SQLAnswer(question=question, sql="", status=AnswerStatus.FAILED, error=str(error), model=model)


def _print_json(answer: SQLAnswer, note: str, unclear: Clarification | None) -> None:
    from coderag_app.answers.as_json import answer_line

    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    sys.stdout.write(answer_line(answer, encoding != "utf8", note, unclear) + "\n")
    sys.stdout.flush()


def _print_answer(answer: SQLAnswer, with_question: bool, note: str, unclear: Clarification | None) -> None:
    from coderag_app.text.cell_text import visible_text
    from ui.cli.answer_view import answer_view
    from ui.cli.console import output_console

    console = output_console()
    if note:
        console.print(visible_text(note), style="dim", soft_wrap=True)
    console.print(answer_view(answer, console.width, with_question))
    if unclear is not None:
        console.print(visible_text(unclear.text), style="dim", soft_wrap=True)
    sys.stdout.flush()
