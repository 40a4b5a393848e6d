"""The processes that run SQL over files: kills, threads, what is left over, and opening hostile files."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
ENDLESS = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def write(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def numbers(tmp_path) -> Path:
    return write(tmp_path / "numbers.db", "CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('one'), ('two');")


def children(process_id: int) -> list[int]:
    """The processes that a process, by any of its threads, has started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(fields["PPid"]) == process_id and "Z" not in fields["State"]:
            found.append(int(status.parent.name))
    return found


def runs(process_id: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def has_ended(child: int) -> bool:
    """Whether a child of this process has ended with all its threads; while one still ends, it counts as running."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def until(condition, seconds=20):
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_process_killed_in_the_middle_of_a_query_is_named_and_the_next_query_runs(numbers):
    with closing(open_database(numbers, Limits(timeout_s=30))) as database:
        database.execute("SELECT 1")
        working = set(children(os.getpid()))
        killed = threading.Timer(0.3, lambda: [os.kill(child, signal.SIGKILL) for child in working])
        killed.start()
        with pytest.raises(DatabaseError, match=r"ended by itself \(signal 9\)"):
            database.execute(ENDLESS)
        killed.join()
        assert database.execute("SELECT count(*) FROM t").rows == ((2,),)


def test_a_process_killed_between_two_queries_goes_unnoticed(numbers):
    with closing(open_database(numbers)) as database:
        database.execute("SELECT 1")
        idle = children(os.getpid())
        for child in idle:
            os.kill(child, signal.SIGKILL)
        assert until(lambda: all(has_ended(child) for child in idle))
        assert database.execute("SELECT count(*) FROM t").rows == ((2,),)


PARENT = """
import sys, threading
from coderag_app.database import Limits, open_database
databases = [open_database(path, Limits(timeout_s=60)) for path in sys.argv[2:]]
print("open", flush=True)
if sys.argv[1] == "busy":
    for database in databases:
        threading.Thread(target=database.execute, args=(%r,), daemon=True).start()
if sys.argv[1] != "ends":
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["busy", "idle"])
def test_nothing_is_left_over_when_the_program_is_killed(numbers, tmp_path, how):
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    command = [sys.executable, "-c", PARENT % ENDLESS, how, str(numbers), str(tmp_path / "a.duckdb")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout.readline() == b"open\n"
        started = children(program.pid)
        assert len(started) == 2
        time.sleep(0.3 if how == "busy" else 0)
        program.kill()
        program.wait()
        assert until(lambda: not any(runs(child) for child in started))


def test_nothing_is_left_over_when_the_program_ends(numbers):
    command = [sys.executable, "-c", PARENT % ENDLESS, "ends", str(numbers)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr, result.returncode) == ("open\n", "", 0)


def test_more_databases_than_processes_serve_many_threads(tmp_path):
    databases = [
        open_database(write(tmp_path / f"{i}.db", f"CREATE TABLE t (x); INSERT INTO t VALUES ({i})")) for i in range(7)
    ]
    results = []

    def ask(i):
        for _ in range(15):
            results.append(databases[i].execute("SELECT x FROM t").rows == ((i,),))

    threads = [threading.Thread(target=ask, args=(i % 7,)) for i in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert results == [True] * 210


def test_a_forked_program_gets_processes_of_its_own(numbers):
    with closing(open_database(numbers)) as database:
        database.execute("SELECT 1")
        forked = os.fork()
        if forked == 0:
            status = 1
            try:
                status = 0 if database.execute("SELECT count(*) FROM t").rows == ((2,),) else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0
        assert database.execute("SELECT count(*) FROM t").rows == ((2,),)


def test_a_database_that_nobody_holds_any_more_can_be_written(tmp_path):
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    assert open_database(path).execute("SELECT count(*) FROM t").rows == ((0,),)

    def writes():
        try:
            with duckdb.connect(str(path)) as connection:
                connection.execute("INSERT INTO t VALUES (1)")
        except duckdb.Error:
            return False
        return True

    assert until(writes)


def test_the_users_environment_stays_out_of_the_processes(numbers, monkeypatch):
    monkeypatch.setenv("CODERAG_TEST_SECRET", "hunter2")
    with closing(open_database(numbers, Limits(max_memory_mb=333))):  # a size of its own: a new process
        environments = [Path(f"/proc/{child}/environ").read_bytes() for child in children(os.getpid())]
    assert environments
    assert not [text for text in environments if b"hunter2" in text]


# Opening


def test_slow_and_endless_views_cost_only_their_samples(tmp_path, caplog):
    tower = ", ".join(
        ["c0 AS (SELECT 1 AS x)", *(f"c{i} AS (SELECT a.x FROM c{i - 1} a, c{i - 1} b)" for i in range(1, 30))]
    )
    path = write(
        tmp_path / "slow.db",
        f"CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('one'); CREATE VIEW a_endless AS {ENDLESS};"
        f"CREATE VIEW b_tower AS WITH {tower} SELECT x FROM c29;"
        "CREATE VIEW c_pattern AS WITH w(t) AS MATERIALIZED (SELECT printf('%.*c', 900000, 'a')) SELECT "
        + " + ".join(f"(t LIKE '%{'a' * 480}{i}%')" for i in range(25))
        + " AS found FROM w; CREATE VIEW d_fine AS SELECT x FROM t;",
    )
    with caplog.at_level(logging.WARNING), closing(open_database(path, Limits(timeout_s=3))) as database:
        started = time.monotonic()
        schema = database.read_schema()
        assert time.monotonic() - started < 15
        assert database.distinct_texts("c_pattern", "found", 5) == []
        assert database.execute("SELECT x FROM d_fine").rows == (("one",),)
    assert schema.table("t").columns[0].samples == ("one",)
    assert {"t", "a_endless", "c_pattern", "d_fine"} <= {table.name for table in schema.tables}
    for name in ("a_endless", "b_tower", "c_pattern"):
        assert any(name in record.getMessage() for record in caplog.records), name


def test_a_view_that_ends_the_process_does_not_take_the_tables_beside_it_along(tmp_path, caplog):
    tables = "".join(f"CREATE TABLE t{i:03} (x TEXT); INSERT INTO t{i:03} VALUES ('v{i}');" for i in range(130))
    stuck = "".join(
        f"CREATE VIEW {name} AS WITH w(t) AS MATERIALIZED (SELECT printf('%.*c', 900000, 'a')) SELECT "
        + " + ".join(f"(t LIKE '%{'a' * 480}{i}%')" for i in range(25))
        + " AS found FROM w;"
        for name in ("z_stuck", "z_stuck_too")
    )
    path = write(tmp_path / "many.db", tables + stuck + "CREATE VIEW z_z_last AS SELECT x FROM t007;")
    with caplog.at_level(logging.WARNING), closing(open_database(path, Limits(timeout_s=30))) as database:
        schema = database.read_schema()
        columns = [(table.name, table.columns[0].name) for table in schema.tables]
        texts = dict(zip(columns, database.texts_of(columns, 5), strict=True))
    expected = {f"t{i:03}": f"v{i}" for i in range(130)} | {"z_z_last": "v7"}
    assert {table.name: table.columns[0].samples for table in schema.tables} == {
        **{name: (value,) for name, value in expected.items()}, "z_stuck": (), "z_stuck_too": (),
    }  # fmt: skip
    assert texts == {
        **{(name, "x"): [value] for name, value in expected.items()},
        ("z_stuck", "found"): [], ("z_stuck_too", "found"): [],
    }  # fmt: skip
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == 4 and all(sum(f" {name}" in text for text in warned) for name in ("z_stuck:", "z_stuck_too:"))


def test_texts_of_many_columns_are_those_of_each_and_of_a_missing_one_none(numbers, caplog):
    with closing(open_database(numbers)) as database:
        columns = [("t", "x"), ("t", "gone"), ("nothing", "x")] * 40 + [("t", "x")]
        assert database.texts_of(columns, 5) == [["one", "two"], [], []] * 40 + [["one", "two"]]
        assert database.texts_of([], 5) == []
    assert "t.gone" in caplog.text and "nothing.x" in caplog.text
    with pytest.raises(DatabaseError, match="is closed"):
        database.texts_of([("t", "x")], 5)


def test_a_cell_above_the_limit_does_not_stop_the_opening(tmp_path):
    path = write(
        tmp_path / "long.db",
        "CREATE TABLE t (x TEXT, y TEXT); INSERT INTO t VALUES (printf('%.*c', 1500000, 'a'), 'short');",
    )
    with closing(open_database(path)) as database:
        columns = database.read_schema().table("t").columns
        assert [column.samples for column in columns] == [(), ("short",)]
        assert database.distinct_texts("t", "x", 5) == []
        assert database.distinct_texts("t", "y", 5) == ["short"]


def test_what_a_duckdb_file_redefines_is_named(tmp_path):
    path = tmp_path / "macros.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (x INTEGER); CREATE SCHEMA other; CREATE MACRO InitCap(x) AS 'gotcha'")
        connection.execute("CREATE MACRO other.hidden(x) AS x; CREATE MACRO rows_of() AS TABLE SELECT * FROM t")
    with closing(open_database(path)) as database:
        assert database.read_schema().redefined == {"initcap", "hidden", "rows_of"}
