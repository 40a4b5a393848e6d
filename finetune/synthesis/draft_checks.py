"""The checks that every draft passes, whoever made it, and the proof that a task's checks were carried out."""

from __future__ import annotations

import ast

from sqlglot.errors import SqlglotError

from coderag_app.sql.parsing import parse_one
from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.tasks import Task
from finetune.synthesis.text_checks import holds_code, require_readable, require_stands_alone

_LONGEST_LINE = 160
_TEXTUAL = ("stands_alone", "holds_code", "parses")


def check_draft(task: Task, draft: Draft, kind: str = "rule") -> tuple[str, ...]:
    """Names of all checks passed: those done here, and those that the generator carried out.

    A model's draft (``kind`` model) cannot be run against anything; the quality check stands in for running it.

    Raises:
        DroppedError: A check fails, or one that the task asks for was not carried out.
    """
    for text in (draft.query, draft.positive):
        require_readable(text)
    if draft.query.strip() == draft.positive.strip():
        raise DroppedError("query equals positive")
    passed = ["readable"]
    if "stands_alone" in task.checks:
        require_stands_alone(draft.query if task.query_side == "text" else draft.positive)
        passed.append("stands_alone")
    if "holds_code" in task.checks:
        if not holds_code(draft.query):
            raise DroppedError("query holds no code")
        passed.append("holds_code")
    if "parses" in task.checks or draft.language.startswith("sql"):
        _require_parsing(task, draft)
        passed.append("parses")
    passed.extend(name for name in draft.checks if name not in passed)
    needed = task.checks if kind == "rule" else ("quality", *(name for name in task.checks if name in _TEXTUAL))
    missing = [name for name in needed if name not in passed]
    if missing:
        raise DroppedError(f"not checked: {missing[0]}")
    return tuple(passed)


def _require_parsing(task: Task, draft: Draft) -> None:
    if task.query_side == "code":
        parse_code(draft.query, draft.language if draft.language == "python" else draft.language.split(":")[0])
    if task.positive_side == "code":
        parse_code(draft.positive, draft.language)


def parse_code(code: str, language: str) -> None:
    """Refuse code that does not parse; ``sql:tsql`` names a dialect, other languages than Python and SQL pass.

    Raises:
        DroppedError: It does not parse, or holds very long lines.
    """
    if language == "python":
        try:
            ast.parse(code)
        except (SyntaxError, ValueError) as error:
            raise DroppedError("does not parse") from error
        if max(map(len, code.split("\n"))) > _LONGEST_LINE:
            raise DroppedError("very long lines")
    elif language.split(":")[0] == "sql":
        try:
            parse_one(code, dialect=language.partition(":")[2] or "sqlite")
        except SqlglotError as error:
            raise DroppedError("does not parse") from error
