"""Load questions with gold SQL and their databases, from the layouts of published data sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from coderag_app.bundled.integrity import BUNDLED, check_bundled
from coderag_app.database import open_database
from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.sql.lenient_reading import SQLKind, read_sql
from coderag_app.types import SQLExample
from finetune.evaluation.context_databases import build_context_database

DEMO_FOLDER = BUNDLED / "demo"
_QUESTION_FILES = ("questions.jsonl", "dev.json", "test.json", "train.json")
_SQL_KEYS = ("sql", "query", "SQL")
_DATABASE_PATHS = ("databases/{0}.sqlite", "database/{0}/{0}.sqlite", "dev_databases/{0}/{0}.sqlite")


class ExclusionReason(StrEnum):
    """Why a question is not scored."""

    NO_DATABASE = "its database cannot be opened"
    NO_CONTEXT_DATABASE = "its context does not build a database"
    NOT_A_QUERY = "its gold SQL is not a query"
    GOLD_ERROR = "its gold SQL fails"
    GOLD_TIMEOUT = "its gold SQL takes too long"
    GOLD_TRUNCATED = "its gold result is too large to compare"
    GOLD_EMPTY = "its gold result is empty"
    GOLD_TRIVIAL = "its gold result is a lone 0 or NULL"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A question that is not scored, and why."""

    question_id: str
    reason: ExclusionReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question with its gold SQL.

    Attributes:
        id: Unique within its data set.
        db_id: Name of its database.
        database: Path or URL of its database.
    """

    id: str
    db_id: str
    question: str
    gold_sql: str
    database: str


@dataclass(frozen=True)
class EvalDataset:
    """Questions, and the rows that could not become questions."""

    name: str
    questions: tuple[EvalQuestion, ...]
    excluded: tuple[Exclusion, ...] = ()


def load_dataset(spec: str | Path, database: str | None = None, work_dir: Path | None = None) -> EvalDataset:
    """Load a data set, recognising its layout.

    Args:
        spec: ``demo`` for the bundled questions; a folder in Spider's or BIRD's layout; a JSONL file of gretel rows;
            or a JSONL file of rows with ``question`` and ``sql``, which needs ``database``.
        database: Path or URL of the database, for a file of question-SQL pairs.
        work_dir: Where databases are built for gretel rows.

    Raises:
        ConfigurationError: It is none of these, or a row lacks a field.
    """
    if str(spec) == "demo":
        check_bundled(DEMO_FOLDER / "questions.jsonl", DEMO_FOLDER / "demo.sqlite")
        return load_pairs(DEMO_FOLDER / "questions.jsonl", str(DEMO_FOLDER / "demo.sqlite"), "demo")
    path = Path(spec).expanduser()
    if path.is_dir():
        return load_spider_layout(path)
    if not path.is_file():
        raise ConfigurationError(
            f"There is no data set at {path}. Expected demo, a folder with {_QUESTION_FILES[0]} and databases/, or a "
            ".jsonl file."
        )
    first = next(_rows(path), {})
    if "sql_context" in first:
        if work_dir is None:
            raise ConfigurationError(
                f"{path} holds rows with their own contexts; a folder for their databases is needed."
            )
        return load_gretel(path, work_dir)
    if database is None:
        raise ConfigurationError(
            f"{path} holds pairs of question and SQL, and no database was given to run them on. "
            "Add --database FILE_OR_URL."
        )
    return load_pairs(path, database)


def load_spider_layout(folder: Path, name: str = "") -> EvalDataset:
    """Load a folder with a file of questions and a folder of SQLite databases, as Spider and BIRD are published.

    Rows hold ``db_id``, ``question`` and ``sql`` (``query`` in Spider, ``SQL`` in BIRD).

    Raises:
        ConfigurationError: There is no file of questions, or a row lacks a field.
    """
    file = next((folder / file for file in _QUESTION_FILES if (folder / file).is_file()), None)
    if file is None:
        raise ConfigurationError(f"{folder} holds no questions; expected one of {', '.join(_QUESTION_FILES)}.")
    questions: list[EvalQuestion] = []
    excluded: list[Exclusion] = []
    for number, row in enumerate(_rows(file)):
        db_id = str(_field(row, ("db_id",), file, number))
        paths = [folder / path.format(db_id) for path in _DATABASE_PATHS]
        path = next((path for path in paths if path.is_file()), None)
        row_id = str(row.get("id", row.get("question_id", number)))
        if path is None:
            excluded.append(Exclusion(row_id, ExclusionReason.NO_DATABASE, f"no {paths[0]}"))
        else:
            questions.append(_question(row, file, number, row_id, db_id, str(path)))
    return EvalDataset(name or folder.name, tuple(questions), tuple(excluded))


def load_gretel(path: Path, work_dir: Path, name: str = "") -> EvalDataset:
    """Load rows that include their schema and data as SQL (``sql_prompt``, ``sql_context``, ``sql``).

    Each context becomes a SQLite file in ``work_dir``; equal contexts share one. Rows whose context does not run on
    SQLite, or whose SQL is not a query, are excluded.

    Raises:
        ConfigurationError: A row lacks a field.
    """
    questions: list[EvalQuestion] = []
    excluded: list[Exclusion] = []
    for number, row in enumerate(_rows(path)):
        row_id = str(row.get("id", number))
        sql = str(_field(row, _SQL_KEYS, path, number))
        if read_sql(sql).kind is not SQLKind.QUERY:
            excluded.append(Exclusion(row_id, ExclusionReason.NOT_A_QUERY, sql[:200]))
            continue
        try:
            database = build_context_database(str(_field(row, ("sql_context",), path, number)), work_dir)
        except DatabaseError as error:
            excluded.append(Exclusion(row_id, ExclusionReason.NO_CONTEXT_DATABASE, str(error)))
            continue
        text = str(_field(row, ("sql_prompt", "question"), path, number))
        questions.append(EvalQuestion(row_id, database.stem, text, sql, str(database)))
    return EvalDataset(name or path.stem, tuple(questions), tuple(excluded))


def load_pairs(path: Path, database: str, name: str = "") -> EvalDataset:
    """Load verified examples (``question``, ``sql``, and ``id`` if there is one) over a single database.

    Raises:
        ConfigurationError: A row lacks a field.
        DatabaseError: The database cannot be opened.
    """
    opened = open_database(database)
    db_id = opened.name
    opened.close()
    rows = enumerate(_rows(path))
    questions = tuple(_question(row, path, i, str(row.get("id", i)), db_id, database) for i, row in rows)
    repeated = [row_id for row_id, count in Counter(question.id for question in questions).items() if count > 1]
    if repeated:
        raise ConfigurationError(f"{path} uses the id {repeated[0]!r} more than once; expected unique ids, or none.")
    return EvalDataset(name or path.stem, questions)


def dataset_examples(dataset: EvalDataset) -> tuple[SQLExample, ...]:
    """Turn the data set's questions into examples to retrieve, each with the schema of its database."""
    contexts: dict[str, str] = {}
    for target in dict.fromkeys(question.database for question in dataset.questions):
        database = open_database(target)
        contexts[target] = database.read_schema(samples=0).to_ddl(samples=False)
        database.close()
    return tuple(
        SQLExample(q.question, q.gold_sql, contexts[q.database], q.db_id, source=f"{dataset.name}:{q.id}")
        for q in dataset.questions
    )


def _question(row: dict[str, Any], path: Path, number: int, row_id: str, db_id: str, database: str) -> EvalQuestion:
    text, sql = str(_field(row, ("question",), path, number)), str(_field(row, _SQL_KEYS, path, number))
    return EvalQuestion(row_id, db_id, text, sql, database)


def _field(row: dict[str, Any], keys: Iterable[str], path: Path, number: int) -> Any:
    value = next((row[key] for key in keys if row.get(key)), None)
    if value is None:
        raise ConfigurationError(
            f"{path}, row {number + 1}: got the fields {', '.join(row)}, expected {' or '.join(keys)} with a value."
        )
    return value


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a JSON list or of JSON lines."""
    try:
        with path.open(encoding="utf-8") as file:
            rows = json.load(file) if path.suffix == ".json" else (json.loads(line) for line in file if line.strip())
            for row in rows:
                if not isinstance(row, dict):
                    raise ConfigurationError(f"{path} holds a row that is a {type(row).__name__}, expected objects.")
                yield row
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from error
