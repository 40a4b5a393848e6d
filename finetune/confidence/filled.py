"""Make databases with rows from published schemas without rows, so that answers to their questions can be compared.

A confidence that is fitted on one kind of database holds on that kind alone. WikiSQL's tables are wide, single and
named as people name columns, IMDB's and EHRSQL's are others again, EHRSQL asks what its databases can't answer, and
Spider-Syn avoids the schema's words. None of them has rows here: each column is filled with the values its questions
compare it with and with those of columns of the same name.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import ConfigurationError
from coderag_app.sql.parsing import parse_one
from finetune.sql_model.pretrained.public_sets import json_rows

_ROWS = 30  # a table has these, and one for each of its questions
_LEAST_QUESTIONS = 3  # of a WikiSQL table, so that its columns have values worth choosing between
_MOST_VALUES = 12  # of a column: few, so that joins and conditions meet
_MOST_OF_A_DATABASE = 60

Value = str | int | float


@dataclass(frozen=True)
class FilledColumn:
    """A column; ``references`` names the table and column it points at."""

    name: str
    is_number: bool
    is_key: bool = False
    references: tuple[str, str] | None = None


@dataclass(frozen=True)
class FilledDatabase:
    """One database to fill, with its questions as rows of ``questions.jsonl``."""

    db_id: str
    tables: Mapping[str, Sequence[FilledColumn]]
    questions: Sequence[dict[str, Any]]


@dataclass
class Pool:
    """Values by the name of their column, and those that questions compare a database's own columns with."""

    by_name: dict[str, list[Value]] = field(default_factory=lambda: defaultdict(list))

    def add(self, question: str, sql: str) -> None:
        """Take the values of a query's conditions, as the question spells them."""
        for condition in conditions(sql):
            for name, value in condition.items():
                self.by_name[name].append(spelled(value, question))

    def values(self, column: FilledColumn, own: Sequence[Value], rng: random.Random) -> list[Value]:
        """A few values for a column: its own, then those of its namesakes, then made ones."""
        others = [value for value in self.by_name.get(column.name.lower(), ()) if _fits(value, column)]
        drawn = [*own, *rng.sample(others, min(len(others), _MOST_VALUES))]
        while len(set(drawn)) < _MOST_VALUES // 2:
            drawn.append(_made(column, rng))
        return list(dict.fromkeys(drawn))[: max(_MOST_VALUES, len(own))]


def conditions(sql: str) -> list[dict[str, Value]]:
    """The comparisons of a query with literals, as values by lower-case column name that make each true.

    >>> conditions("SELECT a FROM t WHERE b = 'x' AND c > 3")
    [{'b': 'x', 'c': 4}]
    """
    try:
        tree = parse_one(sql, dialect="sqlite")
    except SqlglotError:
        return []
    found: dict[str, Value] = {}
    for node in tree.find_all(exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE):
        column, literal = node.this, node.expression
        if isinstance(column, exp.Column) and isinstance(literal, exp.Literal):
            value = _number(literal.this) if literal.is_number else literal.this
            if isinstance(value, int | float):
                value += isinstance(node, exp.GT) - isinstance(node, exp.LT)
            found[column.name.lower()] = value
    return [found] if found else []


def spelled(value: Value, question: str) -> Value:
    """A text as the question spells it: some sets keep their queries in lower case."""
    if not isinstance(value, str) or not value:
        return value
    found = re.search(re.escape(value), question, re.IGNORECASE)
    return found.group() if found else value


def respelled(sql: str, question: str) -> str:
    """A query whose texts are spelled as in the question, as they are stored here.

    >>> respelled("SELECT a FROM t WHERE b = 'modern'", "Which a has a b of Modern?")
    "SELECT a FROM t WHERE b = 'Modern'"
    """
    try:
        tree = parse_one(sql, dialect="sqlite")
    except SqlglotError:
        return sql
    for literal in list(tree.find_all(exp.Literal)):
        if literal.is_string:
            literal.replace(exp.Literal.string(str(spelled(literal.this, question))))
    return tree.sql(dialect="sqlite")


def write_database(path: Path, source: FilledDatabase, pool: Pool, rng: random.Random) -> None:
    """Write one SQLite file with the tables of a source, filled."""
    own = _own_values(source)
    with closing(sqlite3.connect(path)) as connection:
        keys: dict[tuple[str, str], list[Value]] = {}
        for table, columns in _parents_first(source.tables):
            declared = ", ".join(map(_declaration, columns))
            connection.execute(f'CREATE TABLE "{table}" ({declared})')
            values = {c.name: pool.values(c, own.get(c.name.lower(), ()), rng) for c in columns}
            wanted = [w for q in source.questions for w in (conditions(q["sql"]) if q["sql"] else ())]
            rows = [_row(columns, values, keys, table, number, rng) for number in range(_ROWS)]
            if len(source.tables) == 1:  # of one table, each question finds a row that meets all its conditions
                rows += [_row(columns, values, keys, table, _ROWS + n, rng, w) for n, w in enumerate(wanted)]
            for place, column in enumerate(columns):
                keys[table.lower(), column.name.lower()] = [row[place] for row in rows]
            holes = ", ".join("?" * len(columns))
            connection.executemany(f'INSERT OR IGNORE INTO "{table}" VALUES ({holes})', rows)
        connection.commit()


def _own_values(source: FilledDatabase) -> dict[str, list[Value]]:
    own: dict[str, list[Value]] = defaultdict(list)
    for question in source.questions:
        for condition in conditions(question["sql"]) if question["sql"] else ():
            for name, value in condition.items():
                own[name].append(spelled(value, question["question"]))
    return own


def _parents_first(tables: Mapping[str, Sequence[FilledColumn]]) -> Iterator[tuple[str, Sequence[FilledColumn]]]:
    left, done = dict(tables), set[str]()
    while left:
        ready = [t for t, cs in left.items() if all(c.references is None or c.references[0] in done | {t} for c in cs)]
        for table in ready or list(left)[:1]:  # a circle starts anywhere
            done.add(table)
            yield table, left.pop(table)


def _declaration(column: FilledColumn) -> str:
    kind = "NUMERIC" if column.is_number else "TEXT"
    reference = f' REFERENCES "{column.references[0]}" ("{column.references[1]}")' if column.references else ""
    return f'"{column.name}" {kind}{" PRIMARY KEY" if column.is_key else ""}{reference}'


def _row(
    columns: Sequence[FilledColumn],
    values: Mapping[str, Sequence[Value]],
    keys: Mapping[tuple[str, str], Sequence[Value]],
    table: str,
    number: int,
    rng: random.Random,
    wanted: Mapping[str, Value] | None = None,
) -> list[Value]:
    """A row of a table; ``wanted`` are values it must have, by lower-case name of the column."""
    row: list[Value] = []
    for column in columns:
        parents = keys.get((column.references[0].lower(), column.references[1].lower())) if column.references else None
        if wanted and column.name.lower() in wanted:
            name = column.name.lower()
            same = [v for v in values[column.name] if str(v).casefold() == str(wanted[name]).casefold()]
            row.append(same[0] if same else wanted[name])
        elif column.is_key and not parents:
            row.append(number + 1 if column.is_number else f"{table[:3]}{number + 1}")
        else:
            row.append(rng.choice(parents or values[column.name]))
    return row


def _fits(value: Value, column: FilledColumn) -> bool:
    return isinstance(value, int | float) == column.is_number


def _made(column: FilledColumn, rng: random.Random) -> Value:
    name = column.name.lower()
    if not column.is_number:
        return f"{column.name.replace('_', ' ').title()} {rng.randint(1, 40)}"
    if "year" in name or "season" in name:
        return rng.randint(1950, 2020)
    return rng.randint(1, rng.choice((10, 100, 5000)))


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


# --- the published sets ---


def wikisql_sources(folder: Path, count: int, rng: random.Random) -> tuple[list[FilledDatabase], Pool]:
    """Single wide tables of WikiSQL with about ``count`` questions, and the values of all its questions."""
    columns = {row["table"]: row["columns"] for row in json_rows(folder / "wikisql_tables.jsonl.gz")}
    by_table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    pool = Pool()
    for row in json_rows(folder / "wikisql.jsonl.gz"):
        by_table[row["table"]].append(row)
        pool.add(row["question"], row["sql"])
    sources: list[FilledDatabase] = []
    names = sorted(table for table, rows in by_table.items() if len(rows) >= _LEAST_QUESTIONS)
    for table in rng.sample(names, len(names)):
        if sum(len(source.questions) for source in sources) >= count:
            break
        made = [FilledColumn(name, kind == "number") for name, kind in columns[table]]
        name = _table_name(made)
        db_id = f"wikisql_{table.replace('-', '_')}"
        questions = [
            {**row, "db_id": db_id, "sql": respelled(row["sql"].replace("{table}", f'"{name}"'), row["question"])}
            for row in by_table[table]
        ]
        sources.append(FilledDatabase(db_id, {name: made}, questions))
    return sources, pool


def _table_name(columns: Sequence[FilledColumn]) -> str:
    """A name for a table that has none: its first text column's, as a plural."""
    first = next((column.name for column in columns if not column.is_number), columns[0].name)
    name = f"{first}s" if not first.endswith("s") else f"{first}_list"
    return name if name.isidentifier() else f"t_{re.sub(r'[^0-9a-z_]', '', name)}"


def schema_sources(folder: Path, names: Iterable[str], rng: random.Random) -> list[FilledDatabase]:
    """Databases of several tables with the questions of ``questions.jsonl.gz``; unanswerable ones have no query."""
    schemas = {row["db_id"]: row for row in json_rows(folder / "schemas.jsonl.gz")}
    questions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json_rows(folder / "questions.jsonl.gz"):
        if row["source"] in names:
            questions[row["db_id"]].append(row)
    sources = []
    for db_id, rows in questions.items():
        schema = schemas[db_id]
        points = {(t.lower(), c.lower()): (other, key) for t, c, other, key in schema["foreign_keys"]}
        tables = {
            table["name"]: [
                FilledColumn(
                    column["name"],
                    column["type"] == "number",
                    bool(column.get("primary_key")),
                    points.get((table["name"].lower(), column["name"].lower())),
                )
                for column in table["columns"]
            ]
            for table in schema["tables"]
        }
        tables = {name: _one_key(columns) for name, columns in tables.items()}
        sources.append(FilledDatabase(db_id, tables, rng.sample(rows, min(len(rows), _MOST_OF_A_DATABASE))))
    return sources


def _one_key(columns: Sequence[FilledColumn]) -> list[FilledColumn]:
    """A key of several columns is none of a single one."""
    if sum(column.is_key for column in columns) <= 1:
        return list(columns)
    return [FilledColumn(column.name, column.is_number, False, column.references) for column in columns]


def main(
    data: Annotated[Path, typer.Argument(help="Folder with wikisql.jsonl.gz, questions.jsonl.gz, schemas.jsonl.gz.")],
    out: Annotated[Path, typer.Argument(help="Folder to make, in Spider's layout.")],
    real: Annotated[Path | None, typer.Option(help="Spider's training databases, which Spider-Syn asks too.")] = None,
    wikisql: Annotated[int, typer.Option(help="About so many questions of WikiSQL.")] = 600,
    seed: Annotated[int, typer.Option(help="Seed.")] = 11,
) -> None:
    """Write databases/<name>.sqlite and questions.jsonl.

    Example: python -m finetune.confidence.filled ../shared/data/text2sql_train runs/filled
    """
    rng = random.Random(seed)
    if not (data / "wikisql.jsonl.gz").exists():
        raise ConfigurationError(f"Got {data}, which has no wikisql.jsonl.gz; expected the folder of text-to-SQL sets.")
    databases = out / "databases"
    databases.mkdir(parents=True, exist_ok=True)
    sources, pool = wikisql_sources(data, wikisql, rng)
    sources += schema_sources(data, ("imdb", "ehrsql"), rng)
    questions = [question for source in sources for question in source.questions]
    for source in track(sources, description="databases", console=Console(stderr=True)):
        path = databases / f"{source.db_id}.sqlite"
        path.unlink(missing_ok=True)
        write_database(path, source, pool, rng)
    for row in json_rows(data / "questions.jsonl.gz") if real is not None else ():
        original = real / "databases" / f"{row['db_id']}.sqlite" if real is not None else Path()
        if row["source"] == "spider_syn" and original.exists():
            if not (databases / original.name).exists():
                shutil.copyfile(original, databases / original.name)
            questions.append(row)
    lines = [json.dumps(question, ensure_ascii=False) for question in questions]
    (out / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    typer.echo(f"{len(questions)} questions over {len(list(databases.glob('*.sqlite')))} databases in {out}")


if __name__ == "__main__":
    typer.run(main)
