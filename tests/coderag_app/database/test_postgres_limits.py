"""What one statement may take of a real PostgreSQL server and of this process, and values that Python cannot hold."""

import resource
import threading
import time
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from postgres_server import PostgresUnavailable, postgres_server

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError

WIDE = ", ".join(["body"] * 17)
TOWER = (
    "WITH t0 AS (SELECT relname::text AS x FROM pg_class), "
    + ", ".join(f"t{i} AS (SELECT x || x AS x FROM t{i - 1})" for i in range(1, 20))
    + " SELECT count(x) FROM t19"
)
CELLS = "(SELECT repeat('a', 900000 + i) AS body FROM generate_series(1, 2) AS g(i)) AS cells"
LIKES = ", ".join(f"body LIKE '%{'a' * 500}{i}%'" for i in range(25))


@pytest.fixture(scope="module")
def server():
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'coderag[postgres]'")
    try:
        with postgres_server() as folder:
            with psycopg.connect(host=str(folder), user="admin", dbname="postgres", autocommit=True) as connection:
                connection.execute("CREATE ROLE reader LOGIN")
                connection.execute("CREATE TABLE long_text (body text)")
                connection.execute("ALTER TABLE long_text ALTER body SET STORAGE EXTERNAL")  # quick to read
                connection.execute("INSERT INTO long_text SELECT repeat('abcdefghi', 100000)")
                connection.execute("GRANT SELECT ON long_text TO reader")
            yield folder
    except PostgresUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def url(server) -> str:
    return f"postgresql://reader@/postgres?host={server}"


def resident_mb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20


def peak_mb(action) -> int:
    """How much memory this process takes at most during the action, above what it had."""
    before, peak, ended = resident_mb(), [0], threading.Event()

    def watch():
        while not ended.wait(0.005):
            peak[0] = max(peak[0], resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        action()
    finally:
        ended.set()
        watcher.join()
    return peak[0] - before


@pytest.mark.parametrize(
    "sql",
    [
        TOWER,
        f"SELECT {LIKES} FROM {CELLS}",
        "SELECT i, md5(i::text) FROM generate_series(1, 100000000) AS g(i) ORDER BY random()",
        "SELECT array_agg(i) FROM generate_series(1, 100000000) AS g(i)",
        "SELECT regexp_replace(repeat(body, 100), '(.*)*x', 'y', 'g') FROM long_text",
        "SELECT pg_sleep(60)",
    ],
    ids=["planner", "likes", "sort", "aggregate", "regexp", "sleep"],
)
def test_the_time_is_up_for_the_caller_whatever_the_server_does(sql, url):
    with closing(open_database(url, Limits(timeout_s=1))) as database:
        started = time.monotonic()
        with pytest.raises(DatabaseError, match="stopped after 1 s"):
            database.execute(sql)
        assert time.monotonic() - started < 2
        assert database.execute("SELECT 1").rows == ((1,),)


def test_a_backend_is_ended_after_the_client_has_given_up(server, url):
    import psycopg

    with closing(open_database(url, Limits(timeout_s=0.5))) as database, pytest.raises(DatabaseError):
        database.execute(TOWER.replace("t19", "t17"))
    with psycopg.connect(host=str(server), user="admin", dbname="postgres", autocommit=True) as connection:
        ends = time.monotonic() + 60
        left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'"
        while connection.execute(left).fetchone()[0] and time.monotonic() < ends:
            time.sleep(0.1)
        assert connection.execute(left).fetchone()[0] == 0


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {WIDE} FROM long_text, generate_series(1, 1000)",
        f"SELECT {WIDE} FROM generate_series(1, 1000) AS g(i) LEFT JOIN long_text ON i > 50",
        "SELECT array_agg(i) FROM generate_series(1, 100000) AS g(i), generate_series(1, 20) AS h GROUP BY h",
    ],
    ids=["long-rows", "long-rows-later", "arrays"],
)
def test_no_result_takes_more_than_the_memory_limit(sql, url):
    def run():
        with closing(open_database(url, Limits(timeout_s=10, max_memory_mb=256))) as database:
            try:
                result = database.execute(sql)
                assert result.truncated or len(result.rows) == 20  # cells of a long array are cut
            except DatabaseError as error:
                assert "stopped after" in str(error) or "MiB" in str(error)  # noqa: PT017 - either may come first

    assert peak_mb(run) < 256 * 1.25


@pytest.mark.parametrize(
    "sql",
    [f"SELECT {', '.join(['body'] * 450)} FROM long_text", "SELECT repeat(body, 300) FROM long_text"],
    ids=["wide-row", "one-cell"],
)
def test_a_row_larger_than_a_quarter_of_the_limit_is_refused_or_cut(sql, url):
    # libpq may take in the whole row before it can be stopped, so the memory of one such row is not asserted.
    with closing(open_database(url, Limits(timeout_s=10, max_memory_mb=256))) as database:
        try:
            result = database.execute(sql)
            assert result.truncated and sum(map(len, result.rows[0])) <= 256 * 2**20
        except DatabaseError as error:
            assert "stopped after" in str(error) or "MiB" in str(error)  # noqa: PT017 - either may come
        assert database.execute("SELECT 1").rows == ((1,),)


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("date '0044-03-15 BC'", "0044-03-15 BC"),
        ("date 'infinity'", "infinity"),
        ("date '5874897-12-31'", "5874897-12-31"),
        ("timestamp '-infinity'", "-infinity"),
        ("timestamp '294276-12-31 23:59:59'", "294276-12-31 23:59:59"),
        ("timestamptz '4713-01-01 00:00:00+00 BC' AT TIME ZONE 'UTC'", "4713-01-01 00:00:00 BC"),
        ("time '24:00'", "24:00:00"),
        ("timetz '24:00+00'", "24:00:00+00"),
        ("interval '178000000 years'", "178000000 years"),
        ("interval '5000000 days'", "5000000 days"),
        ("age(timestamp '2020-05-06', timestamp '2000-01-01')", "20 years 4 mons 5 days"),
        ("interval '-9000000 years'", "-9000000 years"),
        ("numeric 'NaN'", "NaN"),
        ("numeric 'Infinity'", "Infinity"),
        ("ARRAY[date '0044-03-15 BC']", ["0044-03-15 BC"]),
        ("daterange('0044-03-15 BC', 'infinity')", '["0044-03-15 BC",infinity)'),
        ("int4range(1, 5)", "[1,5)"),
        ("inet '10.0.0.1'", "10.0.0.1"),
        ("(repeat('[', 900) || repeat(']', 900))::json", "[" * 900 + "]" * 900),
        ("'1e400'::json", "1e400"),
        ("('1' || repeat('0', 5000))::json", "1" + "0" * 5000),
        ('\'{"a": [1, {"b": null}]}\'::jsonb', {"a": [1, {"b": None}]}),
        ("date '2001-02-03'", date(2001, 2, 3)),
        ("numeric '1.50'", Decimal("1.50")),
        ("interval '1 day'", timedelta(days=1)),
    ],
)
def test_what_python_cannot_hold_arrives_as_text(sql, shown, url):
    with closing(open_database(url)) as database:
        result = database.execute(f"SELECT {sql} AS value FROM generate_series(1, 2)")
    assert result.rows == ((shown,), (shown,))


def test_an_empty_result_still_has_its_columns(url):
    with closing(open_database(url)) as database:
        result = database.execute("SELECT 1 AS one, 'x' AS two WHERE false")
    assert (result.columns, result.rows, result.truncated) == (("one", "two"), (), False)
