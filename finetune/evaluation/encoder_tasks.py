"""The ranking tasks that encoders are measured on, read from a folder of benchmark data."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderag_app.database import open_database
from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.index.embed_view import embed_view
from coderag_app.schema.tables import Schema
from coderag_app.sql.ddl import schema_from_ddl
from finetune.evaluation.encoder_ranking import LabelledDocument, RankingTask, ranking_task
from finetune.evaluation.sql_form import read_form


@dataclass(frozen=True, slots=True)
class TaskSource:
    """A task and its files.

    Attributes:
        name: Its name on the command line.
        files: Files it needs, relative to the data folder.
        read: Reads its labelled documents.
    """

    name: str
    files: tuple[str, ...]
    read: Callable[[Path], Iterator[LabelledDocument]]

    def missing(self, folder: Path) -> list[str]:
        """The missing files."""
        return [name for name in self.files if not (folder / name).exists()]


def load_task(source: TaskSource, folder: Path) -> RankingTask:
    """Read one task.

    Raises:
        ConfigurationError: Its data is missing, or holds no query.
    """
    if missing := source.missing(folder):
        raise ConfigurationError(f"The task {source.name} needs {', '.join(missing)} in {folder}.")
    task = ranking_task(source.name, source.read(folder))
    if not task.queries:
        raise ConfigurationError(f"The data of the task {source.name} in {folder} holds no query.")
    return task


def spider_folder(folder: Path) -> Iterator[LabelledDocument]:
    """Questions over every database of a folder; a document is the embed view of a gold query."""
    schemas: dict[str, Schema] = {}
    for row in _json_lines(folder / "questions.jsonl"):
        db_id, sql = row["db_id"], row["sql"]
        if db_id not in schemas:
            with closing(open_database(folder / "databases" / f"{db_id}.sqlite")) as database:
                schemas[db_id] = database.read_schema(samples=0)
        context = schemas[db_id].to_ddl(samples=False)
        yield LabelledDocument(embed_view(sql, context), (db_id, _meaning(sql, schemas[db_id])), row["question"])


def gretel(path: Path) -> Iterator[LabelledDocument]:
    """Rows of gretelai/synthetic_text_to_sql, each with a schema of its own."""
    for row in _json_lines(path):
        sql, context = row["sql"], row["sql_context"]
        try:
            schema = schema_from_ddl(context)
        except DatabaseError:
            schema = None
        yield LabelledDocument(embed_view(sql, context), (context, _meaning(sql, schema)), row["sql_prompt"])


def cosqa(folder: Path) -> Iterator[LabelledDocument]:
    """Web queries over all Python functions of the corpus."""
    functions = {row["id"]: row["code"] for row in _json_lines(folder / "cosqa_corpus.jsonl")}
    for code_id, code in functions.items():
        yield LabelledDocument(code, code_id)
    for row in _json_lines(folder / "cosqa_dev.jsonl"):
        yield LabelledDocument(functions[row["code_id"]], row["code_id"], row["query"])


def descriptions(path: Path) -> Iterator[LabelledDocument]:
    """Descriptions over the solutions of the same file, without their docstrings, which repeat the description."""
    for row in _json_lines(path):
        yield LabelledDocument(_without_docstrings(row["code"]), row["id"], row["query"])


def _without_docstrings(code: str) -> str:
    """Remove the docstrings of functions, keeping the code as written; unchanged if it doesn't parse."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return code
    lines = code.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            for number in range(docstring.lineno - 1, docstring.end_lineno or docstring.lineno):
                lines[number] = ""
    return "\n".join(line for line in lines if line.strip())


def _meaning(sql: str, schema: Schema | None) -> str:
    form = read_form(sql, schema)
    return form.canonical if form is not None else " ".join(sql.split()).lower()


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


TASKS = (
    TaskSource(
        "spider_train", ("spider_train/questions.jsonl",), lambda folder: spider_folder(folder / "spider_train")
    ),
    TaskSource("spider_dev", ("spider_dev/questions.jsonl",), lambda folder: spider_folder(folder / "spider_dev")),
    TaskSource("gretel", ("gretel_sample.jsonl",), lambda folder: gretel(folder / "gretel_sample.jsonl")),
    TaskSource(
        "cosqa",
        ("code_search/cosqa_dev.jsonl", "code_search/cosqa_corpus.jsonl"),
        lambda folder: cosqa(folder / "code_search"),
    ),
    TaskSource("mbpp", ("code_search/mbpp.jsonl",), lambda folder: descriptions(folder / "code_search/mbpp.jsonl")),
    TaskSource(
        "humaneval",
        ("code_search/humaneval.jsonl",),
        lambda folder: descriptions(folder / "code_search/humaneval.jsonl"),
    ),
)
