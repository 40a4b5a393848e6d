"""A real MariaDB server, started for these tests and stopped afterwards."""

import logging
import time
from contextlib import closing

import pytest
from mariadb_server import MariaDBUnavailable, mariadb_server
from sql_cases import fingerprint, read_cases

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError, SQLRejectedError
from coderag_app.schema.tables import ForeignKey
from coderag_app.sql.guard import check_sql

ATTACKS = read_cases("attacks_mariadb.sql")
SETUP = """
CREATE DATABASE music CHARACTER SET utf8mb4
CREATE DATABASE secret
USE music
CREATE TABLE secret.vault (code text)
CREATE TABLE singer (singer_id int PRIMARY KEY AUTO_INCREMENT, name varchar(200), country varchar(30), age int,
  feeling enum('calm', 'Loud'), photo blob, started time)
CREATE TABLE concert (concert_id int PRIMARY KEY, singer_id int, `Opening Act` text,
  FOREIGN KEY (singer_id) REFERENCES singer (singer_id))
INSERT INTO singer (name, country, age, feeling, photo, started) SELECT concat('Singer ', seq),
  elt(seq % 2 + 1, 'France', 'Spain'), 20 + seq, 'calm', x'00', '10:00:00' FROM seq_1_to_10
INSERT INTO concert VALUES (1, 1, '100%s :sure')
CREATE TABLE long_text (id int, body longtext)
INSERT INTO long_text VALUES (1, repeat('abc', 500000)), (2, 'short')
CREATE SEQUENCE counter
CREATE FUNCTION add_singer() RETURNS int MODIFIES SQL DATA BEGIN
  INSERT INTO singer (name) VALUES ('evil'); RETURN 1; END
CREATE FUNCTION `count`(x text) RETURNS text DETERMINISTIC RETURN 'stolen'
CREATE FUNCTION any_value(x text) RETURNS text DETERMINISTIC RETURN 'stolen'
CREATE PROCEDURE clean_up() DELETE FROM singer
CREATE VIEW adult_singer AS SELECT upper(name) AS name FROM singer WHERE age >= 18 AND country IN ('France', 'Spain')
CREATE VIEW waiting AS SELECT name, sleep(60) AS slept FROM singer
CREATE VIEW waiting_inside AS SELECT name FROM waiting
CREATE VIEW endless AS SELECT count(*) AS n FROM seq_1_to_100000 a JOIN seq_1_to_100000 b ON a.seq <> b.seq
CREATE VIEW calling AS SELECT any_value(name) AS name FROM singer
CREATE VIEW writing AS SELECT add_singer() AS x
CREATE TABLE gone (x int)
CREATE VIEW broken AS SELECT x FROM gone
DROP TABLE gone
CREATE USER reader@localhost IDENTIFIED BY 'p:a@ss/word'
GRANT SELECT ON music.* TO reader@localhost
""".replace("\n  ", " ")
MODES = "ANSI_QUOTES NO_BACKSLASH_ESCAPES PIPES_AS_CONCAT IGNORE_SPACE HIGH_NOT_PRECEDENCE ANSI ORACLE MSSQL".split()


@pytest.fixture(scope="module")
def socket():
    pymysql = pytest.importorskip("pymysql", reason="pymysql is not installed: pip install 'coderag[mysql]'")
    try:
        with mariadb_server() as found:
            with pymysql.connect(unix_socket=str(found), user="admin", autocommit=True) as connection:
                for statement in SETUP.strip().splitlines():
                    connection.cursor().execute(statement)
            yield found
    except MariaDBUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def admin_url(socket):
    return f"mariadb://admin@/music?unix_socket={socket}"


@pytest.fixture
def reader_url(socket):
    return f"mysql://reader:p%3Aa%40ss%2Fword@/music?unix_socket={socket}"


def as_admin(socket, *statements):
    import pymysql

    with pymysql.connect(unix_socket=str(socket), user="admin", database="music", autocommit=True) as connection:
        cursor = connection.cursor()
        answers = []
        for statement in statements:
            cursor.execute(statement)
            answers.append(sorted(map(repr, cursor.fetchall())))
    return answers


def content(socket):
    """Every row, the names of all tables and users, and settings, read past the code under test."""
    return as_admin(
        socket,
        "SELECT * FROM singer",
        "SELECT * FROM concert",
        "SELECT next_not_cached_value FROM counter",
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('music', 'secret')",
        "SELECT user, host FROM mysql.user",
        "SHOW GRANTS FOR reader@localhost",
        "SELECT @@GLOBAL.read_only, @@GLOBAL.sql_mode",
    )


def attacks(*layers):
    return [pytest.param(case, id=case.name) for case in ATTACKS if set(layers) & set(case.layers)]


def test_the_texts_that_a_check_allows_are_options(socket, admin_url):
    import pymysql

    with pymysql.connect(unix_socket=str(socket), user="admin", autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE parcels")
        cursor.execute(
            "CREATE TABLE parcels.parcel (State varchar(9) CHECK (State IN ('sent', 'won''t')), size varchar(2), "
            "CONSTRAINT sizes CHECK (size IS NULL OR size IN ('S', 'M')), note text)"
        )
    with closing(open_database(admin_url.replace("/music", "/parcels"))) as database:
        columns = database.read_schema().table("parcel").columns
    assert [column.options for column in columns] == [("sent", "won't"), ("S", "M"), ()]


def test_the_suite_names_known_layers():
    assert len(ATTACKS) >= 70
    assert all(case.layers and set(case.layers) <= {"guard", "sandbox", "time", "role"} for case in ATTACKS)


@pytest.fixture(scope="module")
def schema(socket):
    with closing(open_database(f"mysql://admin@/music?unix_socket={socket}")) as database:
        return database.read_schema()


@pytest.mark.parametrize("case", attacks("guard"))
def test_the_guard_refuses(case, schema):
    with pytest.raises(SQLRejectedError):
        check_sql(case.sql.replace("{folder}", "/tmp"), schema, "mysql")


@pytest.mark.parametrize("comment", ["/*!", "/*!50000", "/*M!", "/*M!100000", "/*!99999", "/*m!"])
def test_a_comment_that_the_server_would_run_never_reaches_it(comment, schema, reader_url):
    checked = check_sql(f"SELECT 1 {comment} UNION SELECT Password FROM mysql.user */ FROM singer", schema, "mysql")
    assert "*" not in checked.sql
    with closing(open_database(reader_url)) as database:
        assert set(database.execute(checked.sql).rows) == {(1,)}


@pytest.mark.parametrize("case", attacks("sandbox", "time"))
def test_the_connection_alone_refuses_even_for_an_administrator(case, socket, admin_url, tmp_path):
    before = content(socket)
    with closing(open_database(admin_url, Limits(timeout_s=0.5))) as database:
        with pytest.raises(DatabaseError) as caught:
            database.execute(case.sql.replace("{folder}", str(tmp_path)))
        assert ("was stopped after" in str(caught.value)) == ("time" in case.layers), caught.value
    assert content(socket) == before


@pytest.mark.parametrize("case", attacks("role", "sandbox"))
def test_a_reading_role_is_refused_without_the_guard(case, socket, reader_url, tmp_path):
    tmp_path.chmod(0o777)
    before = content(socket)
    with closing(open_database(reader_url, Limits(timeout_s=2))) as database, pytest.raises(DatabaseError):
        database.execute(case.sql.replace("{folder}", str(tmp_path)))
    assert content(socket) == before
    assert fingerprint(tmp_path) == {}


@pytest.mark.parametrize("mode", MODES)
def test_no_mode_of_the_server_changes_how_sql_is_read(mode, socket, reader_url):
    (before,) = as_admin(socket, "SELECT @@GLOBAL.sql_mode")
    as_admin(socket, f"SET GLOBAL sql_mode = '{mode},STRICT_TRANS_TABLES'", "SET GLOBAL character_set_server = 'gbk'")
    try:
        with closing(open_database(f"{reader_url}&charset=gbk")) as database:
            row = database.execute(
                r"""SELECT 'a\'b', "c", 'x' || 'y', NOT 1 BETWEEN -5 AND 5, '縗\\', @@sql_mode"""
            ).rows[0]
    finally:
        as_admin(socket, f"SET GLOBAL sql_mode = {before[0][1:-2]}", "SET GLOBAL character_set_server = 'utf8mb4'")
    assert row[:5] == ("a'b", "c", 0, 0, "縗\\")
    assert set(row[5].split(",")) <= {"STRICT_TRANS_TABLES", "NO_AUTO_CREATE_USER"}


def test_the_schema_has_types_keys_views_and_samples(schema):
    singer = schema.table("singer")
    assert [column.type for column in singer.columns][:5] == [
        "INT(11)", "VARCHAR(200)", "VARCHAR(30)", "INT(11)", "ENUM('calm','Loud')",
    ]  # fmt: skip
    assert [column.name for column in singer.columns if column.primary_key] == ["singer_id"]
    assert schema.table("concert").foreign_keys == (ForeignKey(("singer_id",), "singer", ("singer_id",)),)
    assert singer.column("name").samples == ("Singer 1", "Singer 2", "Singer 3")
    assert singer.column("photo").samples == ()
    assert schema.table("adult_singer").column("name").samples[0] == "SINGER 1"
    assert schema.table("long_text").column("body").samples == ("short",)
    assert {"add_singer", "count", "any_value"} <= schema.redefined


def test_traps_in_views_neither_run_nor_stop_the_opening(admin_url, reader_url, caplog):
    for url in (admin_url, reader_url):
        caplog.clear()
        started = time.monotonic()
        with caplog.at_level(logging.WARNING), closing(open_database(url)) as database:
            schema = database.read_schema()
            assert database.distinct_texts("waiting", "name", 3) == []
            assert database.distinct_texts("singer", "country", 3) == ["Spain", "France"]
        assert time.monotonic() - started < 10
        for name in ("waiting", "waiting_inside", "endless", "calling"):
            table = schema.table(name)  # a role without EXECUTE cannot even see the columns of "calling"
            assert table is None or all(column.samples == () for column in table.columns), name
            assert name in caplog.text
        assert schema.table("singer").column("country").samples == ("Spain", "France")
        assert schema.table("broken") is None
        assert "broken" in caplog.text


def test_odd_values_arrive_as_text(reader_url):
    sql = """SELECT CAST('0000-00-00' AS date), CAST('0000-00-00 00:00:00' AS datetime), sec_to_time(100000),
             timediff('00:00', '10:00'), CAST('9999-12-31 23:59:59.999999' AS datetime(6)), CAST('x' AS json)"""
    sql = sql.replace(", CAST('x' AS json)", ", json_compact('[[[[1]]]]')")
    with closing(open_database(reader_url)) as database:
        row = database.execute(sql).rows[0]
    assert row[:4] == ("0000-00-00", "0000-00-00 00:00:00", "27:46:40", "-10:00:00")
    assert str(row[4]).startswith("9999-12-31 23:59:59")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('a', 15000000) FROM seq_1_to_1000",
        f"SELECT {', '.join(['b'] * 450)} FROM (SELECT repeat('a', 900000) AS b) AS s",
        "SELECT DISTINCT concat(repeat('a', 100000), seq) FROM seq_1_to_1000000",
        "WITH t0 AS (SELECT 1 AS x), "
        + ", ".join(f"t{i} AS (SELECT a.x FROM t{i - 1} a, t{i - 1} b)" for i in range(1, 12))
        + " SELECT count(*) FROM t11",
    ],
    ids=["long-rows", "wide-row", "long-groups", "tower"],
)
def test_no_statement_takes_more_than_its_time_or_memory(sql, reader_url):
    started = time.monotonic()
    with closing(open_database(reader_url, Limits(timeout_s=2, max_memory_mb=256))) as database:
        with pytest.raises(DatabaseError, match=r"was stopped after|more than \d+ MiB"):
            database.execute(sql)
        assert time.monotonic() - started < 4
        assert database.execute("SELECT 1").rows == ((1,),)


def test_rows_names_and_limits(reader_url):
    with closing(open_database(reader_url, Limits(max_rows=4))) as database:
        assert database.execute("SELECT name FROM singer WHERE 1 = 0").columns == ("name",)
        result = database.execute("SELECT `Opening Act`, 5 % 3 FROM concert WHERE `Opening Act` LIKE '100%:sure'")
        assert result.rows == (("100%s :sure", 2),)
        cut = database.execute("SELECT name FROM singer")
        assert (len(cut.rows), cut.truncated) == (4, True)
        assert "p:a@ss/word" not in repr(database) + repr(vars(database))


@pytest.fixture
def festival_url(socket):
    """Two databases with a key from one to the other, and a table name that both have."""
    import pymysql

    with pymysql.connect(unix_socket=str(socket), user="admin", autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in (
            "CREATE OR REPLACE DATABASE festival",
            "CREATE OR REPLACE DATABASE `back-stage`",
            "CREATE TABLE festival.act (act_id int PRIMARY KEY, title varchar(40))",
            "CREATE TABLE festival.note (x int)",
            "CREATE TABLE `back-stage`.helper (helper_id int PRIMARY KEY, name varchar(40), act_id int, "
            "FOREIGN KEY (act_id) REFERENCES festival.act (act_id))",
            "CREATE TABLE `back-stage`.note (y int)",
            "INSERT INTO festival.act VALUES (1, 'Opening'), (2, 'Finale')",
            "INSERT INTO `back-stage`.helper VALUES (1, 'Ute', 2), (2, 'Max', 2)",
        ):
            cursor.execute(statement)
        yield f"mariadb://admin@/festival?unix_socket={socket}"
        cursor.execute("DROP DATABASE `back-stage`")
        cursor.execute("DROP DATABASE festival")


def test_other_databases_are_counted_and_named_once(festival_url, caplog):
    with caplog.at_level(logging.WARNING), closing(open_database(festival_url)) as database:
        assert {table.name for table in database.read_schema().tables} == {"act", "note"}
    said = [line for line in caplog.messages if "of other schemas" in line]
    assert len(said) == 1
    assert "back-stage (2)" in said[0] and "secret (1)" in said[0] and "mysql" not in said[0].partition("To read")[0]


def test_named_databases_are_read_as_one(festival_url, caplog):
    with closing(open_database(festival_url, Limits(schemas=("festival", "back-stage")))) as database:
        schema = database.read_schema()
        assert "Left out back-stage.note, because a schema before has a table of this name" in caplog.text
        assert [(t.name, t.namespace) for t in schema.tables] == [
            ("act", ""), ("note", ""), ("helper", "back-stage"),
        ]  # fmt: skip
        assert schema.table("helper").foreign_keys == (ForeignKey(("act_id",), "act", ("act_id",)),)
        assert schema.table("helper").column("name").samples == ("Ute", "Max")
        assert database.distinct_texts("helper", "name", 5) == ["Ute", "Max"]
        for sql in (
            "SELECT a.title, COUNT(*) FROM helper JOIN act AS a ON helper.act_id = a.act_id GROUP BY a.title",
            "SELECT act.title, COUNT(*) FROM `back-stage`.helper AS h JOIN festival.act ON h.act_id = act.act_id "
            "GROUP BY act.title",
            "WITH act AS (SELECT title, act_id FROM act) SELECT title, (SELECT COUNT(*) FROM `helper`) FROM act "
            "WHERE act_id = 2",
        ):
            assert database.execute(check_sql(sql, schema, "mysql").sql).rows == (("Finale", 2),)
        with pytest.raises(SQLRejectedError):
            check_sql("SELECT code FROM secret.vault", schema, "mysql")


def test_a_database_that_the_role_does_not_see_is_named(festival_url):
    with (
        closing(open_database(festival_url, Limits(schemas=("festival", "nowhere")))) as database,
        pytest.raises(DatabaseError, match="no database 'nowhere'; expected some of: .*festival"),
    ):
        database.read_schema()
