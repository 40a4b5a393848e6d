"""The one door to the parser: what it reads, and that no text keeps it busy."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import SQLRejectedError
from coderag_app.sql import parsing
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.explanation import explain_sql
from coderag_app.sql.guard import check_sql
from coderag_app.sql.lenient_reading import SQLKind, read_sql
from coderag_app.sql.parsing import MAX_NESTING, SQLBoundsError, parse, parse_one, tokenize

ROOT = Path(__file__).parents[3]
DIALECTS = ("sqlite", "duckdb", "postgres", "mysql")
TYPE_NAMES = ("date", "text", "decimal", "char", "STRUCT", "ROW", "timestamp", "MAP", "nullable", "varchar")
LEVELS = 40


def nested(name: str) -> str:
    return "SELECT " + f"{name}(" * LEVELS + "1" + ")" * LEVELS


def test_a_query_is_read_as_sqlglot_reads_it():
    tree = parse_one("SELECT a, date(b) FROM t WHERE c > 3", "sqlite")
    assert isinstance(tree, exp.Select)
    assert tree.sql("sqlite") == "SELECT a, DATE(b) FROM t WHERE c > 3"
    assert [statement.key for statement in parse("SELECT 1; SELECT 2", "sqlite")] == ["select", "select"]


def test_nothing_but_comments_is_no_statement():
    with pytest.raises(SqlglotError, match="No SQL"):
        parse_one("-- nothing", "sqlite")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", TYPE_NAMES)
def test_nested_calls_end_after_a_bounded_number_of_steps(name, dialect, monkeypatch):
    steps = 0
    advance = parsing.Parser._advance

    def counted(self, times=1):
        nonlocal steps
        steps += 1
        advance(self, times)

    monkeypatch.setattr(parsing.Parser, "_advance", counted)
    with suppress(SqlglotError):
        parse_one(nested(name), dialect)
    assert 0 < steps < 25_000


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "ARRAY[" * LEVELS + "1" + "]" * LEVELS,
        "SELECT x" + "::INT[1" * LEVELS + "]" * LEVELS,
        "SELECT CAST(1 AS " + "STRUCT<a " * LEVELS + "INT" + ">" * LEVELS + ")",
        "SELECT " + "{'a': " * LEVELS + "1" + "}" * LEVELS,
        "SELECT " + "CASE WHEN date(1) THEN " * 200 + "1" + " END" * 200,
        "SELECT " + "x -> " * 2000 + "y",
        "SELECT " + "NOT " * 3000 + "1",
        "SELECT " + "- " * 3000 + "1",
        "SELECT * FROM " + "(SELECT * FROM " * 50 + "t" + ")" * 50,
        "SELECT 1" + " UNION SELECT 1" * 900,
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_any_text_is_read_or_refused(text, dialect):
    with suppress(SqlglotError):
        assert parse(text, dialect)


@pytest.mark.parametrize("brackets", ["()", "[]", "{}"])
def test_brackets_of_every_kind_are_bounded(brackets):
    text = f"SELECT {brackets[0] * (MAX_NESTING + 1)}1{brackets[1] * (MAX_NESTING + 1)}"
    with pytest.raises(SQLBoundsError, match=f"nests {MAX_NESTING + 1} brackets; expected at most {MAX_NESTING}"):
        tokenize(text, "duckdb")


def test_a_text_of_megabytes_is_not_read():
    with pytest.raises(SQLBoundsError, match=r"3000000 characters; expected at most"):
        tokenize("x" * 3_000_000, "sqlite")


def test_every_reader_of_stored_sql_survives_hostile_text():
    schema = schema_from_ddl("CREATE TABLE t (a INT)")
    for name in TYPE_NAMES:
        with pytest.raises(SQLRejectedError):
            check_sql(nested(name), schema, "sqlite")
        assert read_sql(nested(name)).kind in (SQLKind.UNREADABLE, SQLKind.QUERY)
        assert isinstance(explain_sql(nested(name), "sqlite"), str)


def test_nobody_reads_sql_past_the_door():
    past = re.compile(r"sqlglot\.(parse|parse_one|tokenize|transpile)\(|\.parser\(\)|get_or_raise\(\w+\)\.\w+\(")
    for package in ("coderag_app", "ingestion", "finetune", "ui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if ">>>" not in line]
            if path.name != "parsing.py":
                assert not past.search("\n".join(lines)), path
