"""Values and rows that databases return: what has no Python value is a text, and what is large is counted and cut."""

import datetime
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from coderag_app.database import Limits, open_database
from coderag_app.database.base import OverLimitError
from coderag_app.database.duckdb import DuckDBDatabase
from coderag_app.database.messages import pack, unpacker
from coderag_app.database.processes import LocalSession
from coderag_app.database.rows import collect_rows
from coderag_app.database.sqlite import SQLiteDatabase
from coderag_app.errors import DatabaseError

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("values") / "empty.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t (day DATE); INSERT INTO t VALUES ('2020-01-02'), ('infinity'), ('9999-12-31')"
        )
    return path


def value_of(path, expression):
    with closing(open_database(path)) as database:
        return database.execute(f"SELECT {expression}").rows[0][0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("INTERVAL 5000000 YEARS", "5000000 years"),
        ("INTERVAL '-5000000 years'", "-5000000 years"),
        ("[INTERVAL 5000000 YEARS]", "[5000000 years]"),
        ("{'a': INTERVAL 5000000 YEARS}", "{'a': 5000000 years}"),
        ("INTERVAL 3 MONTH", datetime.timedelta(days=90)),
        ("DATE 'infinity'", "infinity"),
        ("DATE '-infinity'", "-infinity"),
        ("DATE '9999-12-31'", datetime.date(9999, 12, 31)),
        ("DATE '0001-01-01'", datetime.date(1, 1, 1)),
        ("TIMESTAMP 'infinity'", "infinity"),
        ("TIMESTAMPTZ '-infinity'", "-infinity"),
        ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
        ("TIMESTAMP '0044-03-15 (BC) 01:00:00'", "0044-03-15 (BC) 01:00:00"),
        ("TIMESTAMP '20000-01-01'", "20000-01-01 00:00:00"),
        ("TIME '24:00:00'", "24:00:00"),
        ("TIMETZ '12:00:00-05:30'", datetime.time.fromisoformat("12:00:00-05:30")),
        ("TIMESTAMPTZ '2020-01-01 00:00:00+02'", datetime.datetime.fromisoformat("2019-12-31T22:00:00+00:00")),
        ("'101'::BIT", "101"),
        ("170141183460469231731687303715884105727::HUGEINT", 2**127 - 1),
        ("340282366920938463463374607431768211455::UHUGEINT", 2**128 - 1),
        ("'1e400'::DOUBLE", float("inf")),
        ("'calm'::ENUM ('calm', 'loud')", "calm"),
        ("MAP {'a': 1}", {"a": 1}),
        ("MAP {DATE '2020-01-01': 1}", {datetime.date(2020, 1, 1): 1}),
        ("union_value(a := 1)", 1),
        ("{'a': 1, 'b': [1, 2]}", {"a": 1, "b": [1, 2]}),
        ("row(1, 2)", (1, 2)),
        ("[1, 2]::INTEGER[2]", (1, 2)),
        ("'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::UUID", uuid.UUID("4ac7a9e9-607c-4c8a-84f3-843f0191e3fd")),
        ("1.50::DECIMAL(6, 2)", Decimal("1.50")),
        ("'ab'::BLOB", b"ab"),
        ("NULL", None),
    ],
)
def test_every_value_of_duckdb_arrives(empty, expression, value):
    found = value_of(empty, expression)
    assert (type(found), found) == (type(value), value)


def test_not_a_number_arrives(empty):
    assert str(value_of(empty, "'nan'::DOUBLE")) == "nan"


def test_one_infinite_date_leaves_the_others_dates(empty):
    with closing(open_database(empty)) as database:
        result = database.execute("SELECT day, 1 AS one FROM t -- all")
    assert result.columns == ("day", "one")
    assert [row[0] for row in result.rows] == [datetime.date(2020, 1, 2), "infinity", datetime.date(9999, 12, 31)]
    assert [row[1] for row in result.rows] == [1, 1, 1]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1e400", float("inf")),
        ("-1e400", float("-inf")),
        ("1e400 - 1e400", None),
        ("9223372036854775807 + 1", 9223372036854775808.0),
        ("char(55296)", "\ufffd" * 3),
        ("CAST(x'ff' AS TEXT)", "\ufffd"),
        ("date('-4713-11-24')", None),
        ("time('24:00')", "24:00:00"),
        ("x'00ff'", b"\x00\xff"),
    ],
)
def test_every_value_of_sqlite_arrives(tmp_path, expression, value):
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert value_of(tmp_path / "a.db", expression) == value


@pytest.mark.parametrize(
    "sql",
    ["SELECT '\ud800'", "SELECT " + "[" * 3000 + "1" + "]" * 3000, "SELECT " + " + ".join(["1"] * 20_000), "\0"],
    ids=["surrogate", "brackets", "sum", "zero"],
)
def test_odd_sql_ends_in_an_error_of_ours(empty, sql):
    with closing(open_database(empty, Limits(timeout_s=2))) as database:
        with pytest.raises(DatabaseError):
            database.execute(sql)
        assert database.execute("SELECT 1").rows == ((1,),)


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30))),
        datetime.datetime.max,
        datetime.timedelta.min,
        datetime.time(1, 2, 3, 4, tzinfo=datetime.UTC),
        Decimal("NaN"),
        Decimal("1E+500"),
        10**300,
        -(2**64),
        {"a": [(1, {"b": None}), 2.5, b"\x00", True]},
        {(1, "a"): 2},
        "\ud800",
        "",
    ],
    ids=str,
)
def test_messages_carry_every_value(value):
    reader = unpacker()
    reader.feed(pack(["cells", [value]]))
    ((_, (found,)),) = list(reader)
    assert (type(found), str(found)) == (type(value), str(value))


def test_messages_carry_what_they_do_not_know_as_text():
    reader = unpacker()
    reader.feed(pack([slice(1, 2)]))
    assert list(reader) == [["slice(1, 2, None)"]]


# Sizes


def memory_of(rows) -> int:
    def size(value):
        if isinstance(value, dict):
            return sys.getsizeof(value) + sum(size(part) for pair in value.items() for part in pair)
        return sys.getsizeof(value) + (sum(map(size, value)) if isinstance(value, list | tuple) else 0)

    return size(rows)


@pytest.mark.parametrize(
    "cell",
    [
        "x" * 10_000,
        "x" * 10_000 + "😀",
        "é" * 10_000,
        b"x" * 10_000,
        [1.5 + i for i in range(300)],
        {f"key {i}": "x" * 50 for i in range(100)},
        [{"a": ["😀" * 100] * 5}],
        ("x" * 5_000, ["y" * 5_000]),
        None,
        12,
        Decimal("1.5"),
    ],
    ids=lambda cell: type(cell).__name__ + str(cell)[:9],
)
def test_rows_never_take_more_memory_than_the_limit(cell):
    def rows():
        while True:
            yield (cell, cell)

    kept, truncated = collect_rows(rows(), Limits(max_rows=100_000, max_memory_mb=2))
    assert truncated
    assert memory_of(kept) <= 2 * 1024 * 1024 * 1.05


def test_a_first_row_above_the_memory_limit_is_an_error():
    with pytest.raises(OverLimitError, match="more than 1 MiB"):
        collect_rows([["x" * 900_000] * 2], Limits(max_memory_mb=1))


@pytest.mark.parametrize(
    "cell", [["x" * 600] * 100, {str(i): "x" * 600 for i in range(100)}, ("x" * 600,) * 100, [[["x" * 60_000]]]]
)
def test_nested_values_are_cut(cell):
    ((found,),), truncated = collect_rows([[cell]], Limits(max_cell_bytes=10_000))
    assert truncated
    assert type(found) is type(cell)
    assert 1_000 < memory_of(found) < 15_000


def test_deep_values_end_in_dots():
    deep = []
    for _ in range(5_000):
        deep = [deep]
    rows, truncated = collect_rows([[deep]], Limits())
    assert truncated
    assert "..." in str(rows)


# Without processes, as on Windows


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_the_same_answers_come_without_processes(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    module = sqlite3 if kind == "sqlite" else duckdb
    with closing(module.connect(str(path))) as connection:
        connection.execute("CREATE TABLE t (x VARCHAR)")
        connection.execute("INSERT INTO t VALUES ('one'), ('two')")
        connection.commit()
    limits = Limits(timeout_s=0.3)
    session = LocalSession(kind, path, limits)
    session.open()
    with closing((SQLiteDatabase if kind == "sqlite" else DuckDBDatabase)(session, path, limits)) as database:
        assert database.execute("SELECT x FROM t ORDER BY x").rows == (("one",), ("two",))
        assert database.execute("SELECT replace(x, 'o', '0') FROM t WHERE x = 'two'").rows == (("tw0",),)
        assert database.read_schema().table("t").columns[0].samples == ("one", "two")
        with pytest.raises(OverLimitError, match="stopped after 0.3 s"):
            database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")


def test_the_process_that_runs_sql_loads_nothing_heavy():
    code = (
        "import sys, coderag_app.database.worker, coderag_app.database.sqlite_file, coderag_app.database.duckdb_file;"
        "print(sorted({'sqlglot', 'sqlalchemy', 'numpy', 'llama_index', 'torch', 'duckdb'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
