"""SQLite files: what opens, what it returns, and where each limit stops."""

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sql_cases import fingerprint, write_music

from coderag_app.database import Limits, open_database
from coderag_app.database.sqlite_functions import as_text
from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.schema.tables import ForeignKey

ROOT = Path(__file__).parents[3]


def write(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def music(tmp_path) -> Path:
    write_music(tmp_path / "music.sqlite")
    return tmp_path / "music.sqlite"


def run(path, sql, **limits):
    with closing(open_database(path, Limits(**limits))) as database:
        return database.execute(sql)


# Opening


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DatabaseError, match="none.db does not exist; expected"):
        open_database(tmp_path / "none.db")
    assert fingerprint(tmp_path) == {}


def test_a_folder_is_not_a_database(tmp_path):
    with pytest.raises(DatabaseError, match="holds no .csv"):
        open_database(tmp_path)


def test_an_empty_file_is_not_a_database(tmp_path):
    (tmp_path / "empty.db").touch()
    with pytest.raises(DatabaseError, match="is empty"):
        open_database(tmp_path / "empty.db")


@pytest.mark.parametrize("target", ["", ":memory:", "sqlite:///:memory:", "sqlite://"])
def test_a_database_in_memory_holds_nothing_to_ask(target):
    with pytest.raises(DatabaseError, match="names no file"):
        open_database(target)


def test_another_file_is_not_a_database(tmp_path):
    (tmp_path / "notes.db").write_text("just some notes")
    with pytest.raises(DatabaseError, match="neither a SQLite nor a DuckDB file.*just some notes"):
        open_database(tmp_path / "notes.db")


def test_a_damaged_file_is_refused(music):
    data = bytearray(music.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    music.write_bytes(data)
    with pytest.raises(DatabaseError, match=r"music.sqlite.*malformed"):
        open_database(music)


@pytest.mark.parametrize("closed", ["the file", "its folder"])
def test_an_unreadable_file_is_refused(music, closed):
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        unreadable = Path(shutil.copy(music, folder))
        Path(folder).chmod(0o755 if closed == "the file" else 0)
        unreadable.chmod(0)
        me = os.geteuid()
        if me == 0:  # root may read every file, so be nobody for a moment
            os.seteuid(65534)
        try:
            with pytest.raises(DatabaseError, match="check its permissions"):
                open_database(unreadable)
        finally:
            os.seteuid(me)
            Path(folder).chmod(0o755)


def test_a_locked_file_is_refused(music):
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE'); print('held', flush=True)"
    )
    command = [sys.executable, "-c", code + "; sys.stdin.read()", str(music)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(DatabaseError, match="locked.*another program"):
            open_database(music, Limits(timeout_s=0.1))
        writer.stdin.close()


@pytest.mark.parametrize("name", ["a b.db", "100%41.db", "what?.db", "a#b.db", "наука.db", "x&mode=rwc.db"])
def test_any_name_of_a_file_opens_that_file(tmp_path, name):
    path = write(tmp_path / name, "CREATE TABLE t (x); INSERT INTO t VALUES (7)")
    assert run(path, "SELECT x FROM t").rows == ((7,),)
    assert list(fingerprint(tmp_path)) == [name]


@pytest.mark.parametrize("prefix", ["", "sqlite:///", "sqlite+pysqlite:///"])
def test_paths_and_sqlite_urls_open_the_same_file(music, prefix):
    with closing(open_database(f"{prefix}{music}")) as database:
        assert (database.name, database.dialect) == ("music", "sqlite")
        assert database.execute("SELECT count(*) FROM singer").rows == ((10,),)


def test_a_log_that_nobody_has_checkpointed_is_read(tmp_path):
    path = write(tmp_path / "wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x);")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()
        assert (tmp_path / "wal.db-wal").stat().st_size > 0
        before = path.read_bytes()
        with closing(open_database(path)) as database:
            assert database.execute("SELECT count(*) FROM t").rows == ((1,),)
            writer.execute("INSERT INTO t VALUES (2)")
            writer.commit()
            assert database.execute("SELECT count(*) FROM t").rows == ((2,),)
        assert path.read_bytes() == before


def test_a_closed_wal_database_is_read_and_not_changed(tmp_path):
    path = write(tmp_path / "wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")
    before = path.read_bytes()
    assert run(path, "SELECT x FROM t").rows == ((1,),)
    assert path.read_bytes() == before


@pytest.fixture
def sealed():
    """A WAL database, closed and read-only, in a folder where nobody may create a file."""
    folder = Path(tempfile.mkdtemp(prefix="coderag-sealed-"))  # other users reach it, unlike pytest's own folders
    path = write(folder / "wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")
    path.chmod(0o444)
    folder.chmod(0o555)
    yield path
    folder.chmod(0o755)
    shutil.rmtree(folder)


READ_WITHOUT_RIGHTS = """
import sys
from coderag_app.database import open_database
try:
    print(open_database(sys.argv[1]).execute("SELECT x FROM t").rows)
except Exception as error:
    print(error)
"""


def drop_roots_rights() -> None:
    """Hold root, and what it starts, to the permissions of files (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH)."""
    for capability in (1, 2) if os.geteuid() == 0 else ():
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0


def read_without_rights(path: Path) -> str:
    command = [sys.executable, "-c", READ_WITHOUT_RIGHTS, str(path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, preexec_fn=drop_roots_rights)
    return result.stdout.strip()


def test_a_wal_database_in_a_folder_without_write_permission_is_read(sealed):
    assert read_without_rights(sealed) == "((1,),)"
    assert list(fingerprint(sealed.parent)) == ["wal.db"]


def test_a_wal_database_whose_log_cannot_be_read_is_refused_and_not_read_without_it(sealed):
    (sealed.parent).chmod(0o755)
    (sealed.parent / "wal.db-wal").write_bytes(b"\0" * 5000)
    (sealed.parent / "wal.db-wal").chmod(0)
    sealed.parent.chmod(0o555)
    assert "WAL mode" in read_without_rights(sealed)


# Running


def test_a_result_has_columns_rows_and_time(music):
    result = run(music, "SELECT name, age AS years FROM singer ORDER BY age LIMIT 2")
    assert result.columns == ("name", "years")
    assert result.rows == (("Singer 1", 21), ("Singer 2", 25))
    assert not result.truncated
    assert result.elapsed_s >= 0


def test_an_error_keeps_the_databases_words(music):
    with pytest.raises(DatabaseError, match="no such column: nme"):
        run(music, "SELECT nme FROM singer")


@pytest.mark.parametrize("sql", ["", "   ", "-- nothing", ";"])
def test_text_without_a_statement_is_refused(music, sql):
    with pytest.raises(DatabaseError, match="no query"):
        run(music, sql)


@pytest.mark.parametrize("sql", ["SELECT '\0'", "SELECT '\ud800'"])
def test_text_that_is_no_unicode_is_refused(music, sql):
    with pytest.raises(DatabaseError):
        run(music, sql)


def test_a_refusal_names_what_was_refused(music):
    with pytest.raises(DatabaseError, match="Refused by the read-only connection: DELETE singer"):
        run(music, "DELETE FROM singer")
    with pytest.raises(DatabaseError, match="FUNCTION load_extension"):
        run(music, "SELECT load_extension('x')")


def test_broken_utf8_is_shown_with_marks(tmp_path):
    path = write(tmp_path / "latin.db", "CREATE TABLE t (x TEXT); INSERT INTO t VALUES (CAST(x'4dfc6c' AS TEXT));")
    assert run(path, "SELECT x FROM t").rows == (("M\ufffdl",),)
    with closing(open_database(path)) as database:
        assert database.read_schema().tables[0].columns[0].samples == ("M\ufffdl",)
        assert database.distinct_texts("t", "x", 5) == ["M\ufffdl"]


@pytest.mark.parametrize(
    "value",
    ["'Ünïcode'", "''", "12", "-7", "1.5", "1e20", "-1e-7", "123456789012345.6", "1e300 * 1e300", "x'6162'", "NULL"],
)
@pytest.mark.parametrize(
    "call", ["trim({}, 'Ü1e')", "ltrim({}, '-1')", "rtrim({}, '.05e')", "instr({}, '5')", "replace({}, '1', 'ab')"]
)
def test_replaced_functions_answer_like_the_built_in_ones(tmp_path, value, call):
    path = write(tmp_path / "t.db", "CREATE TABLE t (x)")
    sql = f"SELECT {call.format(value)}"
    with closing(sqlite3.connect(":memory:")) as plain:
        assert run(path, sql).rows == tuple(plain.execute(sql).fetchall())


def test_real_numbers_become_text_as_in_sqlite():
    with closing(sqlite3.connect(":memory:")) as plain:
        for value in (0.1, 1.0, -2.5, 1e15, 1e16, 1.5e-10, 3.141592653589793, 1e100, 123456.789):
            assert as_text(value) == plain.execute("SELECT ? || ''", (value,)).fetchone()[0]


def test_one_database_serves_many_threads(music):
    results = []
    with closing(open_database(music)) as database:

        def ask():
            for _ in range(50):
                results.append(database.execute("SELECT count(*) FROM singer").rows)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [((10,),)] * 400


def test_a_closed_database_says_so(music):
    database = open_database(music)
    database.close()
    database.close()
    with pytest.raises(DatabaseError, match="'music' is closed"):
        database.execute("SELECT 1")


# Limits


@pytest.mark.parametrize("field", ["timeout_s", "max_rows", "max_cell_bytes", "max_memory_mb"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_that_lets_nothing_through_is_refused(field, value):
    with pytest.raises(ConfigurationError, match=field):
        Limits(**{field: value})


def test_more_rows_than_the_limit_are_cut_and_marked(music):
    cut = run(music, "SELECT * FROM singer", max_rows=9)
    assert (len(cut.rows), cut.truncated) == (9, True)
    whole = run(music, "SELECT * FROM singer", max_rows=10)
    assert (len(whole.rows), whole.truncated) == (10, False)


def test_a_value_over_the_cell_limit_is_an_error_that_names_the_limit(music):
    sql = "SELECT printf('%.*c', 500, 'x') || printf('%.*c', 501, 'x')"
    with pytest.raises(DatabaseError, match="longer than 1000 bytes.*max_cell_bytes"):
        run(music, sql, max_cell_bytes=1000)
    assert len(run(music, sql, max_cell_bytes=1001).rows[0][0]) == 1001


def test_a_runaway_query_ends_and_the_next_one_runs(music):
    with closing(open_database(music, Limits(timeout_s=0.2))) as database:
        for _ in range(2):
            with pytest.raises(DatabaseError, match=r"stopped after 0.2 s.*timeout_s"):
                database.execute("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
        assert database.execute("SELECT 1").rows == ((1,),)


def test_a_longer_timeout_lets_a_longer_query_end(music):
    sql = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    with pytest.raises(DatabaseError, match="stopped"):
        run(music, sql, timeout_s=0.001)
    assert run(music, sql, timeout_s=60).rows == ((300000,),)


def test_rows_beyond_the_memory_limit_are_cut_and_marked(music):
    # In a process of its own: SQLite's own memory limit cannot be raised again afterwards.
    code = (
        "import sys\n"
        "from coderag_app.database import Limits, open_database\n"
        'sql = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "\n'
        "sql += \"SELECT printf('%100000d', i) FROM n LIMIT 900\"\n"
        "for megabytes in (400, 8):\n"
        "    result = open_database(sys.argv[1], Limits(max_memory_mb=megabytes)).execute(sql)\n"
        "    print(len(result.rows), result.truncated)\n"
    )
    result = subprocess.run([sys.executable, "-c", code, str(music)], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout.split() == ["900", "False", "83", "True"], result.stderr


# Schema


def test_the_schema_has_tables_views_types_and_keys(music):
    with closing(open_database(music)) as database:
        schema = database.read_schema()
    names = [table.name for table in schema.tables]
    assert names == ["singer", "stadium", "concert", "singer_in_concert", "docs", "papers", "box", "adult_singer"]
    singer = schema.table("singer")
    assert [c.name for c in singer.columns if c.primary_key] == ["singer_id"]
    assert singer.column("net worth").type == "REAL"
    assert [c.name for c in schema.table("adult_singer").columns] == ["singer_id", "name", "changed"]
    assert [c.name for c in schema.table("docs").columns] == ["title", "body"]


def test_foreign_keys_without_target_columns_point_to_the_parents_primary_key(music):
    with closing(open_database(music)) as database:
        schema = database.read_schema(samples=0)
    assert schema.table("concert").foreign_keys == (ForeignKey(("stadium_id",), "stadium", ("stadium_id",)),)
    assert schema.table("singer_in_concert").foreign_keys == (
        ForeignKey(("concert_id",), "concert", ("concert_id",)),
        ForeignKey(("singer_id",), "singer", ("singer_id",)),
    )


def test_composite_keys_keep_their_order_and_lost_parents_are_left_out(tmp_path):
    path = write(
        tmp_path / "keys.db",
        "CREATE TABLE parent (b, a, PRIMARY KEY (a, b));"
        "CREATE TABLE child (x, y, z, FOREIGN KEY (x, y) REFERENCES PARENT, FOREIGN KEY (z) REFERENCES gone (id));",
    )
    with closing(open_database(path)) as database:
        schema = database.read_schema()
    assert schema.table("child").foreign_keys == (ForeignKey(("x", "y"), "parent", ("a", "b")),)


def test_samples_are_short_distinct_and_free_of_control_characters(tmp_path):
    path = write(
        tmp_path / "samples.db",
        "CREATE TABLE t (a TEXT, b BLOB, c INTEGER);"
        "INSERT INTO t VALUES ('one', x'00ff', NULL), ('one', x'01', 5),"
        " ('two' || char(10) || 'lines' || char(27) || '[31m', NULL, 5), (printf('%.*c', 41, 'x'), NULL, 6),"
        " ('', NULL, 7), ('four', NULL, 8), ('five', NULL, 9);",
    )
    with closing(open_database(path)) as database:
        columns = database.read_schema(samples=3).table("t").columns
        assert [column.samples for column in columns] == [("one", "two lines[31m", "four"), (), ("5", "6", "7")]
        assert all(column.samples == () for column in database.read_schema(samples=0).table("t").columns)


def test_a_view_that_no_longer_compiles_is_left_out(tmp_path):
    path = write(
        tmp_path / "broken.db",
        "CREATE TABLE t (x); CREATE TABLE u (x); CREATE VIEW v AS SELECT x FROM u; DROP TABLE u;",
    )
    with closing(open_database(path)) as database:
        assert [table.name for table in database.read_schema().tables] == ["t"]


def test_a_view_that_never_ends_has_columns_and_no_samples(tmp_path):
    path = write(
        tmp_path / "endless.db",
        "CREATE TABLE t (x);"
        "CREATE VIEW v AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS top FROM n;",
    )
    with closing(open_database(path)) as database:
        view = database.read_schema().table("v")
    assert [(column.name, column.samples) for column in view.columns] == [("top", ())]


def test_hostile_names_are_read_and_do_nothing(tmp_path):
    name = 't"; DROP TABLE victim; --'
    path = tmp_path / "hostile.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE victim (x)")
        connection.execute('CREATE TABLE "t""; DROP TABLE victim; --" ("c""; --" TEXT)')
        connection.execute('INSERT INTO "t""; DROP TABLE victim; --" VALUES (\'v\')')
        connection.commit()
    before = fingerprint(tmp_path)
    with closing(open_database(path)) as database:
        schema = database.read_schema()
        assert schema.table(name).columns[0].samples == ("v",)
        assert database.distinct_texts(name, 'c"; --', 5) == ["v"]
    assert fingerprint(tmp_path) == before


def test_distinct_texts_come_from_texts_alone(music):
    with closing(open_database(music)) as database:
        assert sorted(database.distinct_texts("singer", "country", 10)) == ["France", "It's", "Norway", "Spain"]
        assert len(database.distinct_texts("singer", "name", 3)) == 3
        assert database.distinct_texts("singer", "age", 10) == []


def test_distinct_texts_of_an_unknown_column_are_an_error_and_not_its_name(music):
    with closing(open_database(music)) as database, pytest.raises(DatabaseError, match="no such column"):
        database.distinct_texts("singer", "nothing", 10)


def test_a_change_of_the_schema_by_another_program_is_seen(music):
    with closing(open_database(music)) as database:
        database.execute("SELECT title FROM docs")
        write(music, "CREATE TABLE later (x TEXT); INSERT INTO later VALUES ('new');")
        assert database.execute("SELECT x FROM later").rows == (("new",),)
        assert database.execute("SELECT value FROM json_each('[1]')").rows == ((1,),)
        assert database.read_schema().table("later") is not None
