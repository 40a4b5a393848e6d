"""CSV, TSV, Parquet and Excel files open as a database wherever one is taken, and are read once."""

import json
import logging
import os
import sqlite3

import pytest
from openpyxl import Workbook

from coderag_app import load_query_engine
from coderag_app.database import open_database, table_files
from coderag_app.database.uploads.column_types import ReadingOptions
from coderag_app.errors import DatabaseError

pytestmark = pytest.mark.slow

BOATS = "id;boat;length;built\n1;Möwe;12,50;03.05.1998\n2;Robbe;8,00;21.11.2004\n3;Wal;1.020,75;30.01.2011\n"
TRIPS = "boat_id\tport\n1\tKiel\n1\tHusum\n3\tKiel\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setattr(table_files, "default_files_folder", lambda: folder)
    return folder


@pytest.fixture
def harbour(tmp_path):
    folder = tmp_path / "harbour"
    folder.mkdir()
    (folder / "boats.csv").write_text(BOATS, encoding="utf-8")
    (folder / "trips.tsv").write_text(TRIPS, encoding="utf-8")
    (folder / "notes.txt").write_text("not a table", encoding="utf-8")
    return folder


def rows_of(target, sql: str, **options):
    database = open_database(target, **options)
    try:
        return database.execute(sql).rows
    finally:
        database.close()


def test_one_file_is_a_database_called_as_the_file(harbour):
    database = open_database(harbour / "boats.csv")
    try:
        assert (database.name, database.dialect) == ("boats", "duckdb")
        assert database.execute("SELECT sum(length), min(built)::TEXT FROM boats").rows == ((1041.25, "1998-05-03"),)
        with pytest.raises(DatabaseError):
            database.execute("DELETE FROM boats")
    finally:
        database.close()


def test_a_folder_and_several_files_are_one_database(harbour):
    sql = "SELECT boat, count(*) FROM boats JOIN trips ON boats.id = boat_id GROUP BY boat ORDER BY boat"
    expected = (("Möwe", 2), ("Wal", 1))
    assert rows_of(harbour, sql) == expected
    assert rows_of(f"{harbour / 'boats.csv'}, {harbour / 'trips.tsv'}", sql) == expected


def test_an_excel_file_is_a_database(tmp_path):
    book = Workbook()
    for row in (("crew", "wage"), ("Ida", 20), ("Jon", 22)):
        book.active.append(row)
    book.save(tmp_path / "crew.xlsx")
    assert rows_of(tmp_path / "crew.xlsx", "SELECT sum(wage) FROM crew") == ((42,),)


def test_files_are_read_once_and_what_was_decided_is_said_once(harbour, caplog):
    with caplog.at_level(logging.WARNING):
        first = table_files.read_table_files(harbour)
    assert any("boats.csv: built: dates with the day first" in line for line in caplog.messages)
    made = first.path.stat()
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        second = table_files.read_table_files(harbour)
    assert second == first
    assert (second.path.stat().st_ino, second.path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert caplog.messages == []


def test_a_changed_file_is_read_anew_and_its_old_copy_removed(harbour, cache):
    before = table_files.read_table_files(harbour / "trips.tsv")
    (harbour / "trips.tsv").write_text(TRIPS + "2\tHusum\n", encoding="utf-8")
    os.utime(harbour / "trips.tsv", (1, 1))
    assert rows_of(harbour / "trips.tsv", "SELECT count(*) FROM trips") == ((4,),)
    assert not before.path.exists()
    assert len(list(cache.rglob("*.duckdb"))) == 1


def test_how_files_are_read_can_be_changed(harbour):
    assert rows_of(harbour / "trips.tsv", "SELECT count(*) FROM trips", reading=ReadingOptions(header="no")) == ((4,),)
    assert rows_of(harbour / "trips.tsv", "SELECT count(*) FROM trips") == ((3,),)


def test_a_file_that_cannot_be_read_does_not_block_the_others(harbour, caplog):
    (harbour / "empty.csv").write_text("", encoding="utf-8")
    (harbour / "broken.parquet").write_bytes(b"PAR1 and nothing more PAR1")
    with caplog.at_level(logging.WARNING):
        assert rows_of(harbour, "SELECT count(*) FROM boats") == ((3,),)
    assert any("Left out: empty.csv is empty" in line for line in caplog.messages)
    assert any("Left out: broken.parquet" in line for line in caplog.messages)
    with pytest.raises(DatabaseError, match=r"empty\.csv is empty"):
        open_database(harbour / "empty.csv")


def test_a_damaged_record_of_the_cache_counts_as_none(harbour, cache):
    table_files.read_table_files(harbour)
    (record,) = cache.glob("*/made.json")
    record.write_text(json.dumps({"state": 3}), encoding="utf-8")
    assert rows_of(harbour, "SELECT count(*) FROM trips") == ((3,),)


def test_a_database_with_the_ending_of_a_table_file_stays_a_database(tmp_path):
    with sqlite3.connect(tmp_path / "really.csv") as connection:
        connection.execute("CREATE TABLE gate (id)")
    assert open_database(tmp_path / "really.csv").dialect == "sqlite"


def test_missing_files_and_folders_without_tables_are_named(tmp_path, harbour):
    with pytest.raises(DatabaseError, match=r"gone\.csv does not exist"):
        open_database(f"{harbour / 'boats.csv'},{tmp_path / 'gone.csv'}")
    (tmp_path / "bare").mkdir()
    with pytest.raises(DatabaseError, match="bare holds no"):
        open_database(tmp_path / "bare")


def test_an_engine_answers_over_a_list_of_files(harbour, tmp_path):
    engine = load_query_engine(
        database=[harbour / "boats.csv", harbour / "trips.tsv"], llm="bundled", profiles_dir=tmp_path / "profiles"
    )
    answer = engine.ask("How many boats are there?")
    assert (answer.status, answer.rows) == ("answered", ((3,),))
