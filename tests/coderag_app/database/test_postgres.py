"""A real PostgreSQL server, started for these tests and stopped afterwards."""

import logging
from contextlib import closing
from pathlib import Path

import pytest
from postgres_server import PostgresUnavailable, postgres_server
from sql_cases import fingerprint, read_cases

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError, SQLRejectedError
from coderag_app.schema.profiling import with_profiles
from coderag_app.schema.tables import ForeignKey
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.guard import check_sql

ATTACKS = read_cases("attacks_postgres.sql")
PASSWORD = "p:a@ss word"
SETUP = """
CREATE TYPE mood AS ENUM ('calm', 'loud');
CREATE TABLE singer (
  singer_id integer PRIMARY KEY, name text, country varchar(30), age integer, feeling mood, photo bytea
);
CREATE TABLE concert (
  concert_id integer PRIMARY KEY, singer_id integer REFERENCES singer, "Opening Act" text, notes jsonb
);
CREATE VIEW adult_singer AS SELECT name FROM singer WHERE age >= 18;
CREATE SEQUENCE counter;
INSERT INTO singer SELECT i, 'Singer ' || i, (ARRAY['France', 'Spain'])[i % 2 + 1], 20 + i, 'calm', '\\x00'
  FROM generate_series(1, 10) AS g(i);
INSERT INTO concert VALUES (1, 1, '100%s :sure', '{"a": [1]}');
CREATE FUNCTION add_singer() RETURNS int LANGUAGE sql AS 'INSERT INTO singer (singer_id) VALUES (99) RETURNING 99';
CREATE FUNCTION copy_singer(singer) RETURNS text LANGUAGE sql SECURITY DEFINER
  AS 'INSERT INTO singer (singer_id) VALUES (99) RETURNING ''x''::text';
CREATE PROCEDURE clean_up() LANGUAGE sql AS 'DELETE FROM singer';
"""


@pytest.fixture(scope="module")
def server() -> Path:
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'coderag[postgres]'")
    try:
        with postgres_server() as folder:
            with psycopg.connect(host=str(folder), user="admin", dbname="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE music")
                connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
            with psycopg.connect(host=str(folder), user="admin", dbname="music") as connection:
                connection.execute(SETUP)
                if connection.execute("SELECT FROM pg_available_extensions WHERE name = 'dblink'").fetchone():
                    connection.execute("CREATE EXTENSION dblink")
                connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
            yield folder
    except PostgresUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def reader_url(server) -> str:
    return f"postgresql://reader:p%3Aa%40ss%20word@/music?host={server}"


@pytest.fixture
def admin_url(server) -> str:
    return f"postgres://admin@/music?host={server}"


def content(server) -> list:
    """Every row of both tables, the sequence, and the names of all relations, read past the code under test."""
    import psycopg

    with psycopg.connect(host=str(server), user="admin", dbname="music") as connection:
        return [
            connection.execute(sql).fetchall()
            for sql in (
                "SELECT * FROM singer ORDER BY 1",
                "SELECT * FROM concert ORDER BY 1",
                "SELECT last_value, is_called FROM counter",
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
                "SELECT rolname, rolsuper FROM pg_roles ORDER BY 1",
                "SELECT count(*) FROM pg_largeobject_metadata",
            )
        ]


def attacks(*layers):
    return [pytest.param(case, id=case.name) for case in ATTACKS if set(layers) & set(case.layers)]


def test_the_suite_names_known_layers():
    assert len(ATTACKS) >= 135
    assert all(case.layers and set(case.layers) <= {"guard", "sandbox", "time", "role"} for case in ATTACKS)


@pytest.mark.parametrize("case", attacks("guard"))
def test_the_guard_refuses(case, reader_schema):
    with pytest.raises(SQLRejectedError):
        check_sql(case.sql.replace("{folder}", "/tmp"), reader_schema, "postgres")


@pytest.fixture(scope="module")
def reader_schema(server):
    url = f"postgresql://reader:p%3Aa%40ss%20word@/music?host={server}"
    with closing(open_database(url)) as database:
        return database.read_schema(samples=2)


@pytest.mark.parametrize("case", attacks("sandbox", "time"))
def test_the_connection_alone_refuses_even_for_a_superuser(case, server, admin_url, tmp_path):
    tmp_path.chmod(0o777)
    before = content(server)
    with closing(open_database(admin_url, Limits(timeout_s=0.4))) as database:
        with pytest.raises(DatabaseError) as caught:
            database.execute(case.sql.replace("{folder}", str(tmp_path)))
        assert ("was stopped after" in str(caught.value)) == ("time" in case.layers), caught.value
    assert content(server) == before
    assert fingerprint(tmp_path) == {}


@pytest.mark.parametrize("case", attacks("role", "sandbox"))
def test_a_reading_role_is_refused_without_the_guard(case, server, reader_url, tmp_path):
    tmp_path.chmod(0o777)
    before = content(server)
    with closing(open_database(reader_url, Limits(timeout_s=2))) as database, pytest.raises(DatabaseError):
        database.execute(case.sql.replace("{folder}", str(tmp_path)))
    assert content(server) == before
    assert fingerprint(tmp_path) == {}


def test_the_schema_has_types_keys_views_and_samples(reader_schema):
    singer, concert = reader_schema.table("singer"), reader_schema.table("concert")
    assert reader_schema.dialect == "postgres"
    assert [column.type for column in singer.columns] == ["INTEGER", "TEXT", "VARCHAR(30)", "INTEGER", "mood", "BYTEA"]
    assert [column.name for column in singer.columns if column.primary_key] == ["singer_id"]
    assert concert.foreign_keys == (ForeignKey(("singer_id",), "singer", ("singer_id",)),)
    assert [column.name for column in reader_schema.table("adult_singer").columns] == ["name"]
    assert singer.column("name").samples == ("Singer 1", "Singer 2")
    assert singer.column("photo").samples == ()


def test_rows_come_back_with_percent_signs_and_colons_untouched(reader_url):
    with closing(open_database(reader_url)) as database:
        result = database.execute("""SELECT "Opening Act", notes FROM concert WHERE "Opening Act" LIKE '%:sure'""")
    assert result.columns == ("Opening Act", "notes")
    assert result.rows == (("100%s :sure", {"a": [1]}),)
    assert not result.truncated


def test_more_rows_than_the_limit_are_cut_and_marked(reader_url):
    with closing(open_database(reader_url, Limits(max_rows=150))) as database:
        result = database.execute("SELECT i FROM generate_series(1, 100000) AS g(i)")
        assert (len(result.rows), result.truncated) == (150, True)
        exact = database.execute("SELECT i FROM generate_series(1, 150) AS g(i)")
        assert (len(exact.rows), exact.truncated) == (150, False)


def test_a_long_cell_is_cut_and_marked(reader_url):
    with closing(open_database(reader_url, Limits(max_cell_bytes=100))) as database:
        result = database.execute("SELECT repeat('a', 5000)")
    assert (result.rows, result.truncated) == ((("a" * 100,),), True)


def test_rows_beyond_the_memory_limit_are_cut_and_marked(reader_url):
    with closing(open_database(reader_url, Limits(max_memory_mb=1))) as database:
        result = database.execute("SELECT repeat('a', 10000) FROM generate_series(1, 900)")
    assert result.truncated
    assert 100 <= len(result.rows) <= 120


def test_a_runaway_query_ends_with_a_timeout(reader_url):
    with closing(open_database(reader_url, Limits(timeout_s=0.3))) as database:
        with pytest.raises(DatabaseError, match=r"stopped after 0.3 s.*timeout_s"):
            database.execute("SELECT pg_sleep(30)")
        assert database.execute("SELECT 1").rows == ((1,),)


def test_an_error_keeps_the_servers_words_and_not_our_cursor(reader_url):
    with closing(open_database(reader_url)) as database, pytest.raises(DatabaseError) as caught:
        database.execute("SELECT singer.nme FROM singer")
    assert str(caught.value).startswith("column singer.nme does not exist")
    assert "DECLARE" not in str(caught.value)


def test_distinct_texts_come_from_text_columns_alone(reader_url):
    with closing(open_database(reader_url)) as database:
        assert sorted(database.distinct_texts("singer", "country", 10)) == ["France", "Spain"]
        assert database.distinct_texts("singer", "feeling", 10) == ["calm"]
        assert len(database.distinct_texts("singer", "name", 4)) == 4
        assert database.distinct_texts("singer", "age", 10) == []


def test_the_name_is_the_databases_and_holds_no_password(reader_url):
    with closing(open_database(reader_url)) as database:
        assert database.name == "music"
        assert PASSWORD not in repr(database) + repr(vars(database))


def test_a_superuser_is_warned_about(admin_url, caplog):
    with caplog.at_level(logging.WARNING), closing(open_database(admin_url)):
        pass
    assert "superuser" in caplog.text


def test_a_wrong_login_is_an_error_without_the_password(server):
    with pytest.raises(DatabaseError) as caught:
        open_database(f"postgresql://stranger:very-secret@/music?host={server}")
    assert "very-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_closed_database_says_so(reader_url):
    database = open_database(reader_url)
    database.close()
    database.close()
    with pytest.raises(DatabaseError, match="closed"):
        database.execute("SELECT 1")


def test_enumerations_and_checks_are_options(server):
    import psycopg

    with psycopg.connect(host=str(server), user="admin", dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE parcels")
    with psycopg.connect(host=str(server), user="admin", dbname="parcels") as connection:
        connection.execute("""
            CREATE TYPE haste AS ENUM ('slow', 'Very fast'); CREATE DOMAIN pace AS haste;
            CREATE TABLE parcel (id int, "State" varchar(9) CHECK ("State" IN ('sent', 'won''t')), how haste, way pace,
              size text CHECK (size = 'S' OR size = 'M' OR size IS NULL), note text CHECK (note <> 'x'), ways haste[],
              late text);
            ALTER TABLE parcel ADD CHECK (late IN ('y')) NOT VALID;
            INSERT INTO parcel VALUES (1, 'sent', 'slow', 'slow')""")
    with closing(open_database(f"postgresql://admin@/parcels?host={server}")) as database:
        schema = database.read_schema()
        profiled = with_profiles(schema, ValueIndex(), lambda sql, seconds: database.execute(sql, seconds).rows)
    expected = {"State": ("sent", "won't"), "size": ("S", "M"), "how": ("slow", "Very fast")}
    expected["way"] = expected["how"]
    found = {column.name: column.profile.options for column in profiled.table("parcel").columns}
    assert {name: texts for name, texts in found.items() if texts} == expected


@pytest.fixture(scope="module")
def schemas_url(server) -> str:
    import psycopg

    with psycopg.connect(host=str(server), user="admin", dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE depot")
    with psycopg.connect(host=str(server), user="admin", dbname="depot") as connection:
        connection.execute("""
            CREATE TABLE public.crate (id int PRIMARY KEY, label text);
            CREATE SCHEMA north; CREATE TABLE north.crate (id int PRIMARY KEY, weight int);
            CREATE TABLE north.truck (id int PRIMARY KEY, crate_id int REFERENCES north.crate, plate text);
            CREATE SCHEMA south; CREATE TABLE south.stop (id int, truck_id int REFERENCES north.truck, town text);
            INSERT INTO north.crate VALUES (1, 5); INSERT INTO north.truck VALUES (7, 1, 'AB 1');
            INSERT INTO south.stop VALUES (1, 7, 'Ulm');
            CREATE TABLE public.scan (seen date, code text) PARTITION BY RANGE (seen);
            CREATE TABLE public.scan_2024 PARTITION OF public.scan FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
            INSERT INTO public.scan VALUES ('2024-05-05', 'x');
            GRANT USAGE ON SCHEMA north, south TO reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA public, north, south TO reader;
        """)
    return f"postgresql://reader:p%3Aa%40ss%20word@/depot?host={server}"


def test_other_schemas_are_counted_and_named_with_the_option(schemas_url, caplog):
    with caplog.at_level(logging.WARNING), closing(open_database(schemas_url)) as database:
        schema = database.read_schema()
    assert [table.name for table in schema.tables] == ["crate", "scan"]  # and no partition
    assert "Left out 3 tables and views of other schemas: north (2), south (1)." in caplog.text
    assert "--schema public,north" in caplog.text


def test_named_schemas_are_read_with_the_keys_between_them(schemas_url, caplog):
    limits = Limits(schemas=("north", "south", "public"))
    with closing(open_database(schemas_url, limits)) as database:
        schema = database.read_schema()
        rows = database.execute(check_sql("SELECT weight, town FROM crate, stop", schema, "postgres").sql).rows
        named = check_sql(
            "SELECT t.plate FROM north.truck t JOIN south.stop s ON s.truck_id = t.id", schema, "postgres"
        )
        assert (rows, database.execute(named.sql).rows) == (((5, "Ulm"),), (("AB 1",),))
        assert database.distinct_texts("stop", "town", 5) == ["Ulm"]
    assert [(table.name, table.namespace) for table in schema.tables] == [
        ("crate", ""), ("truck", ""), ("stop", "south"), ("scan", "public"),
    ]  # fmt: skip
    assert schema.table("stop").foreign_keys == (ForeignKey(("truck_id",), "truck", ("id",)),)
    assert schema.table("stop").column("town").samples == ("Ulm",)
    assert "Left out public.crate" in caplog.text
    for sql in ("SELECT * FROM public.truck", "SELECT * FROM south.crate", "SELECT * FROM pg_catalog.stop"):
        with pytest.raises(SQLRejectedError, match="no such table|system"):
            check_sql(sql, schema, "postgres")


def test_a_search_path_in_the_url_means_the_same(schemas_url):
    with closing(open_database(f"{schemas_url}&options=-csearch_path%3Dsouth%2Cnorth")) as database:
        assert [table.name for table in database.read_schema().tables] == ["stop", "crate", "truck"]
    with pytest.raises(DatabaseError, match="sets options"):
        open_database(f"{schemas_url}&options=-cstatement_timeout%3D0")
    with pytest.raises(DatabaseError, match="no schema 'west' in the database; expected some of: north, public, south"):
        open_database(schemas_url, Limits(schemas=("west",)))
