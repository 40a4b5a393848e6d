"""DuckDB files: what opens, what it returns, and where each limit stops."""

import datetime
import subprocess
import sys
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import ForeignKey

SETUP = """
CREATE TYPE mood AS ENUM ('calm', 'loud');
CREATE TABLE owner (id INTEGER PRIMARY KEY, "full name" VARCHAR, feeling mood, photo BLOB, tags VARCHAR[]);
CREATE TABLE pet (
  kind VARCHAR, number INTEGER, owner_id INTEGER REFERENCES owner (id), born DATE, weight DECIMAL(6, 2),
  PRIMARY KEY (kind, number)
);
CREATE VIEW heavy AS SELECT kind, weight FROM pet WHERE weight > 10;
INSERT INTO owner VALUES (1, 'Ann', 'calm', '\\xAA'::BLOB, ['a', 'b']), (2, 'Bob', NULL, NULL, NULL);
INSERT INTO pet VALUES ('dog', 1, 1, DATE '2020-02-03', 12.5), ('cat', 1, 2, NULL, 4);
"""


@pytest.fixture
def pets(tmp_path) -> Path:
    path = tmp_path / "pets.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SETUP)
    return path


def run(path, sql, **limits):
    with closing(open_database(path, Limits(**limits))) as database:
        return database.execute(sql)


@pytest.mark.parametrize("prefix", ["", "duckdb:///"])
def test_paths_and_duckdb_urls_open_the_same_file(pets, prefix):
    with closing(open_database(f"{prefix}{pets}")) as database:
        assert (database.name, database.dialect) == ("pets", "duckdb")


def test_a_duckdb_file_is_known_by_its_content_and_not_its_name(pets):
    assert run(pets.rename(pets.with_suffix(".db")), "SELECT count(*) FROM owner").rows == ((2,),)


def test_a_damaged_file_is_refused(pets):
    data = bytearray(pets.read_bytes())
    data[12:] = b"\xff" * (len(data) - 12)
    pets.write_bytes(data)
    with pytest.raises(DatabaseError, match=r"pets.duckdb cannot be opened"):
        open_database(pets)


def test_a_file_that_another_program_writes_is_refused(pets):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(pets)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(DatabaseError, match="close the program that has it open"):
            open_database(pets)
        writer.stdin.close()


def test_a_result_has_columns_and_values_of_their_types(pets):
    result = run(pets, "SELECT born, weight, tags FROM pet JOIN owner ON owner.id = owner_id ORDER BY kind DESC")
    assert result.columns == ("born", "weight", "tags")
    assert result.rows[0] == (datetime.date(2020, 2, 3), Decimal("12.50"), ["a", "b"])
    assert not result.truncated


@pytest.mark.parametrize("sql", ["", "-- nothing", "SELECT 1; SELECT 2"])
def test_anything_but_one_statement_is_refused(pets, sql):
    with pytest.raises(DatabaseError, match="exactly one"):
        run(pets, sql)


def test_an_error_keeps_the_databases_words(pets):
    with pytest.raises(DatabaseError, match='Referenced column "nme" not found'):
        run(pets, "SELECT nme FROM pet")


def test_more_rows_than_the_limit_are_cut_and_marked(pets):
    cut = run(pets, "SELECT i FROM range(1000) t(i)", max_rows=250)
    assert (len(cut.rows), cut.truncated) == (250, True)
    whole = run(pets, "SELECT i FROM range(250) t(i)", max_rows=250)
    assert (len(whole.rows), whole.truncated) == (250, False)


def test_a_long_cell_is_cut_and_marked(pets):
    result = run(pets, "SELECT repeat('é', 1000), repeat('a', 50)::BLOB", max_cell_bytes=101)
    assert result.rows == (("é" * 50, b"a" * 50),)
    assert result.truncated


def test_rows_beyond_the_memory_limit_are_cut_and_marked(pets):
    result = run(pets, "SELECT repeat('a', 1000) FROM range(100000)", max_memory_mb=32, max_rows=100_000)
    assert result.truncated
    assert 10_000 <= len(result.rows) <= 33_554  # 32 MiB of 1,000 characters


def test_a_block_of_rows_beyond_the_memory_limit_ends_with_that_error(pets):
    with pytest.raises(DatabaseError, match="more than 32 MiB"):
        run(pets, "SELECT repeat('a', 100000) FROM range(900)", max_memory_mb=32)


def test_a_query_that_needs_more_memory_ends_with_that_error(pets):
    with pytest.raises(DatabaseError, match="more than 32 MiB.*max_memory_mb"):
        run(pets, "SELECT list(i) FROM range(100000000) t(i)", max_memory_mb=32, timeout_s=60)


def test_a_runaway_query_ends_and_the_next_one_runs(pets):
    with closing(open_database(pets, Limits(timeout_s=0.3))) as database:
        for _ in range(2):
            with pytest.raises(DatabaseError, match=r"stopped after 0.3 s.*timeout_s"):
                database.execute("SELECT count(*) FROM range(10000000) a, range(10000000) b")
        assert database.execute("SELECT 1").rows == ((1,),)


def test_the_schema_has_tables_views_types_keys_and_samples(pets):
    with closing(open_database(pets)) as database:
        schema = database.read_schema()
    assert [table.name for table in schema.tables] == ["owner", "pet", "heavy"]
    owner, pet = schema.table("owner"), schema.table("pet")
    assert [column.name for column in pet.columns if column.primary_key] == ["kind", "number"]
    assert pet.foreign_keys == (ForeignKey(("owner_id",), "owner", ("id",)),)
    assert pet.column("weight").type == "DECIMAL(6,2)"
    assert owner.column("full name").samples == ("Ann", "Bob")
    assert owner.column("photo").samples == ()
    assert schema.table("heavy").column("kind").samples == ("dog",)


def test_distinct_texts_come_from_text_columns_alone(pets):
    with closing(open_database(pets)) as database:
        assert sorted(database.distinct_texts("owner", "full name", 5)) == ["Ann", "Bob"]
        assert database.distinct_texts("owner", "feeling", 5) == ["calm"]
        assert database.distinct_texts("pet", "number", 5) == []
        assert len(database.distinct_texts("pet", "kind", 1)) == 1


def test_one_database_serves_many_threads(pets):
    results = []
    with closing(open_database(pets)) as database:

        def ask():
            for _ in range(20):
                results.append(database.execute("SELECT count(*) FROM pet").rows)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [((2,),)] * 160


def test_a_closed_database_says_so(pets):
    database = open_database(pets)
    database.close()
    database.close()
    with pytest.raises(DatabaseError, match="'pets' is closed"):
        database.execute("SELECT 1")
