"""Hostile statements against SQLite and DuckDB: every layer that must stop one is tried alone."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import pytest
from sql_cases import fingerprint, read_cases, write_music

from coderag_app.database import Database, Limits, open_database
from coderag_app.errors import DatabaseError, SQLRejectedError
from coderag_app.schema.tables import Schema
from coderag_app.sql.guard import check_sql

pytestmark = pytest.mark.slow

SQLITE_ATTACKS = read_cases("attacks_sqlite.sql")
DUCKDB_ATTACKS = read_cases("attacks_duckdb.sql")
ALLOWED = read_cases("allowed.sql")
LIMITS = Limits(timeout_s=5)
SHORT = Limits(timeout_s=0.1)
SMALL_MEMORY_MB = 24


def by_name(cases, *layers):
    """The cases that one of the layers must stop, as pytest parameters."""
    return [pytest.param(case, id=case.name) for case in cases if not layers or set(layers) & set(case.layers)]


@pytest.fixture(scope="module")
def templates(tmp_path_factory) -> Path:
    """One file of each kind, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("templates")
    write_music(folder / "music.sqlite")
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name VARCHAR, price DOUBLE)")
        connection.execute("INSERT INTO item SELECT i, 'item ' || i, i * 1.5 FROM range(100) t(i)")
        connection.execute("CREATE SEQUENCE counter")
    return folder


@pytest.fixture
def music(templates, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)  # a file written to a relative path shows up here as well
    shutil.copy(templates / "music.sqlite", tmp_path / "other.sqlite")
    return shutil.copy(templates / "music.sqlite", tmp_path / "music.sqlite")


@pytest.fixture
def shop(templates, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    return shutil.copy(templates / "shop.duckdb", tmp_path / "shop.duckdb")


@pytest.fixture(scope="module")
def music_schema(templates) -> Schema:
    with closing(open_database(templates / "music.sqlite", LIMITS)) as database:
        return database.read_schema(samples=0)


@pytest.fixture(scope="module")
def shop_schema(templates) -> Schema:
    with closing(open_database(templates / "shop.duckdb", LIMITS)) as database:
        return database.read_schema(samples=0)


def assert_refused(database: Database, sql: str, layers: tuple[str, ...]) -> None:
    """The statement must end in the error of its layer."""
    with pytest.raises(DatabaseError) as caught:
        database.execute(sql)
    message = str(caught.value)
    kind = "time" if "was stopped after" in message else "memory" if "MiB" in message else "sandbox"
    kind = "memory" if "ran out of memory" in message else kind  # DuckDB may crash where it gets none; its process ends
    kind = "cell" if "max_cell_bytes" in message else kind
    assert kind in layers, f"stopped by {kind}: {message}"


def test_the_suite_holds_what_it_promises():
    assert len(SQLITE_ATTACKS) >= 180
    assert len(ALLOWED) >= 90
    for case in SQLITE_ATTACKS + DUCKDB_ATTACKS:
        assert set(case.layers) <= {"guard", "sandbox", "time", "cell", "memory"}, case
        assert case.layers, case
    # In SQLite nothing depends on the guard alone.
    assert all(set(case.layers) - {"guard"} for case in SQLITE_ATTACKS)


def test_most_attacks_do_run_on_an_ordinary_connection(templates, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    harmful = 0
    for case in SQLITE_ATTACKS:
        if case.name.endswith("bomb") or "time" in case.layers:
            continue  # they do: for minutes, or until the memory is full
        shutil.copy(templates / "music.sqlite", tmp_path / "music.sqlite")
        with (
            closing(sqlite3.connect("music.sqlite", isolation_level=None)) as connection,
            suppress(sqlite3.Error, MemoryError),
        ):
            connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
            connection.executescript(case.sql.replace("{folder}", str(tmp_path)))
            harmful += 1
        for path in tmp_path.iterdir():
            path.unlink()
    assert harmful >= 100


@pytest.mark.parametrize("case", by_name(SQLITE_ATTACKS, "guard"))
def test_the_guard_refuses(case, music_schema):
    with pytest.raises(SQLRejectedError):
        check_sql(case.sql.replace("{folder}", "/tmp"), music_schema, "sqlite")


@pytest.mark.parametrize("case", by_name(SQLITE_ATTACKS, "sandbox", "time", "cell"))
def test_the_connection_alone_refuses_and_changes_nothing(case, music):
    before = fingerprint(music.parent)
    with closing(open_database(music, SHORT if "time" in case.layers else LIMITS)) as database:
        started = time.monotonic()
        assert_refused(database, case.sql.replace("{folder}", str(music.parent)), case.layers)
        assert time.monotonic() - started < LIMITS.timeout_s + 2  # its grace, and a new process
        assert database.execute("SELECT count(*) FROM singer").rows == ((10,),)
    assert fingerprint(music.parent) == before


def test_the_whole_suite_over_one_connection_without_the_guard_changes_no_byte(music):
    before = fingerprint(music.parent)
    with closing(open_database(music, Limits(timeout_s=0.05))) as database:
        for case in SQLITE_ATTACKS:
            if "memory" not in case.layers:
                with pytest.raises(DatabaseError):
                    database.execute(case.sql.replace("{folder}", str(music.parent)))
        assert len(database.execute("SELECT * FROM singer").rows) == 10
    assert fingerprint(music.parent) == before


def test_memory_bombs_end_at_the_memory_limit(music):
    code = (
        "import json, sys\n"
        "from coderag_app.database import Limits, open_database\n"
        "from coderag_app.errors import DatabaseError\n"
        f"database = open_database(sys.argv[1], Limits(timeout_s=60, max_memory_mb={SMALL_MEMORY_MB}))\n"
        "for sql in json.load(sys.stdin):\n"
        "    try:\n"
        "        print('returned', len(database.execute(sql).rows))\n"
        "    except DatabaseError as error:\n"
        "        print(str(error))\n"
    )
    bombs = [case.sql for case in SQLITE_ATTACKS if "memory" in case.layers]
    before = fingerprint(music.parent)
    result = subprocess.run(
        [sys.executable, "-c", code, str(music)],
        input=json.dumps(bombs), capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    lines = result.stdout.splitlines()
    assert len(lines) == len(bombs) >= 6
    assert [line for line in lines if f"more than {SMALL_MEMORY_MB} MiB" not in line] == []
    assert fingerprint(music.parent) == before


@pytest.mark.parametrize("case", by_name(ALLOWED))
def test_an_analysts_query_passes_the_guard_and_runs(case, music, music_schema):
    checked = check_sql(case.sql, music_schema, "sqlite")
    with closing(open_database(music)) as database:
        assert database.execute(checked.sql).rows == database.execute(case.sql).rows or "random" in case.sql
        assert database.execute(checked.sql).columns


@pytest.mark.parametrize("case", by_name(DUCKDB_ATTACKS, "guard"))
def test_the_guard_refuses_in_duckdb(case, shop_schema):
    with pytest.raises(SQLRejectedError):
        check_sql(case.sql.replace("{folder}", "/tmp"), shop_schema, "duckdb")


@pytest.mark.parametrize("case", by_name(DUCKDB_ATTACKS, "sandbox", "time", "memory"))
def test_the_duckdb_connection_alone_refuses_and_changes_nothing(case, shop):
    before = fingerprint(shop.parent)
    seconds = 1 if "time" in case.layers else 20  # a busy machine takes a while to fill 64 MiB
    with closing(open_database(shop, Limits(timeout_s=seconds, max_memory_mb=64))) as database:
        assert_refused(database, case.sql.replace("{folder}", str(shop.parent)), case.layers)
        assert database.execute("SELECT count(*) FROM item").rows == ((100,),)
    assert fingerprint(shop.parent) == before
