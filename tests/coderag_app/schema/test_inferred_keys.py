import sqlite3
from dataclasses import replace

import duckdb
import pytest

from coderag_app.database import Limits, open_database
from coderag_app.loading import load_query_engine
from coderag_app.schema.inferred_keys import with_inferred_keys
from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.name_words import shared_prefix
from coderag_app.sql.ddl import schema_from_ddl


def keys_of(tmp_path, script, unread=lambda table, column: False):
    """The inferred keys of a SQLite database as ``table.column > table.column``, with the schema."""
    path = tmp_path / "db.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as link:
        link.executescript(script)
    link.close()
    database = open_database(str(path), Limits())
    try:
        schema = with_inferred_keys(
            database.read_schema(), lambda sql, seconds: database.execute(sql, seconds).rows, unread
        )
    finally:
        database.close()
    keys = [(table, key) for table in schema.tables for key in table.foreign_keys if not key.is_declared]
    return {f"{table.name}.{key.columns[0]} > {key.ref_table}.{key.ref_columns[0]}" for table, key in keys}, schema


@pytest.mark.parametrize(
    ("columns", "values", "expected"),
    [
        ("id INTEGER PRIMARY KEY, author_id INTEGER", "(1, 2), (2, 2), (3, 3)", "book.author_id > authors.id"),
        ("id INTEGER PRIMARY KEY, AuthorID INTEGER", "(1, 2), (2, 2), (3, 3)", "book.AuthorID > authors.id"),
        ("id INTEGER PRIMARY KEY, authorid INTEGER", "(1, 2), (2, 2), (3, 3)", "book.authorid > authors.id"),
        ("id INTEGER PRIMARY KEY, fk_author INTEGER", "(1, 2), (2, 2), (3, 3)", "book.fk_author > authors.id"),
        ("id INTEGER PRIMARY KEY, author INTEGER", "(1, 2), (2, 2), (3, 3)", "book.author > authors.id"),
        ("id INTEGER PRIMARY KEY, auth_no INTEGER", "(1, 2), (2, 2), (3, 3)", "book.auth_no > authors.id"),
        (
            "id INTEGER PRIMARY KEY, first_author_id INT",
            "(1, 2), (2, 2), (3, 3)",
            "book.first_author_id > authors.id",
        ),
        ("id INTEGER PRIMARY KEY, author_id REAL", "(1, 2.0), (2, NULL), (3, 3.0)", "book.author_id > authors.id"),
        ("id INTEGER PRIMARY KEY, author_name TEXT", "(1, 'Eco'), (2, 'Poe')", "book.author_name > authors.name"),
    ],
)
def test_a_column_called_after_a_table_refers_to_its_key(tmp_path, columns, values, expected):
    found, _ = keys_of(
        tmp_path,
        f"""CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
        CREATE TABLE book ({columns});
        INSERT INTO authors VALUES (2, 'Eco'), (3, 'Poe'), (4, 'Woolf');
        INSERT INTO book VALUES {values};""",
    )
    assert found == {expected}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("author_id INTEGER", "(1, 20), (2, 21), (3, 22)"),  # no such authors
        ("authored_on DATE", "(1, 2), (2, 3), (3, 4)"),
        ("authors INTEGER", "(1, 2), (2, 3), (3, 4)"),  # how many
        ("pages INTEGER", "(1, 2), (2, 3), (3, 4)"),
    ],
)
def test_other_columns_with_values_of_the_key_refer_to_nothing(tmp_path, column, values):
    found, _ = keys_of(
        tmp_path,
        f"""CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE book (id INTEGER PRIMARY KEY, {column});
        INSERT INTO authors VALUES (2, 'Eco'), (3, 'Poe'), (4, 'Woolf');
        INSERT INTO book VALUES {values};""",
    )
    assert found == set()


def test_natural_keys_are_found_by_equal_names_and_by_their_codes(tmp_path):
    found, schema = keys_of(
        tmp_path,
        """CREATE TABLE ports (locode TEXT, harbour TEXT);
        CREATE TABLE lines (line TEXT, company TEXT);
        CREATE TABLE sailings (number INTEGER, line TEXT, loading TEXT, unloading TEXT, containers INTEGER);
        INSERT INTO ports VALUES ('DEHAM', 'Hamburg'), ('NLRTM', 'Rotterdam'), ('SGSIN', 'Singapore');
        INSERT INTO lines VALUES ('MSK', 'Maersk'), ('HLC', 'Hapag-Lloyd');
        INSERT INTO sailings VALUES (1, 'MSK', 'DEHAM', 'SGSIN', 3), (2, 'HLC', 'NLRTM', 'DEHAM', 2),
          (3, 'MSK', 'SGSIN', 'NLRTM', 1);""",
    )
    assert found == {
        "sailings.line > lines.line",
        "sailings.loading > ports.locode",
        "sailings.unloading > ports.locode",
    }
    steps = JoinGraph(schema).connect(["sailings", "lines"])
    assert steps is not None and steps[1].on == ((("sailings", "line"), ("lines", "line")),)


def test_equal_names_are_no_key_where_neither_side_is_unique(tmp_path):
    found, _ = keys_of(
        tmp_path,
        """CREATE TABLE visits (clinic_code TEXT, day TEXT); CREATE TABLE calls (clinic_code TEXT, day TEXT);
        INSERT INTO visits VALUES ('A1', 'Mon'), ('A1', 'Tue');
        INSERT INTO calls VALUES ('A1', 'Mon'), ('A1', 'Wed');""",
    )
    assert found == set()


def test_primary_keys_are_joined_only_where_their_name_says_so(tmp_path):
    tables = """CREATE TABLE patients (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE beds (id INTEGER PRIMARY KEY, ward TEXT);
        CREATE TABLE patient_records (patient_id INTEGER PRIMARY KEY, blood_group TEXT);
        INSERT INTO patients VALUES (1, 'Ada'), (2, 'Bo'); INSERT INTO beds VALUES (1, 'A'), (2, 'B');
        INSERT INTO patient_records VALUES (1, 'A+'), (2, 'B-');"""
    found, schema = keys_of(tmp_path, tables)
    assert found == {"patient_records.patient_id > patients.id"}
    assert JoinGraph(schema).connect(["patients", "beds"]) is None


def test_tables_without_any_sign_are_not_joined_by_their_ids():
    schema = schema_from_ddl("CREATE TABLE a (id INT PRIMARY KEY, x INT); CREATE TABLE b (id INT PRIMARY KEY, y INT)")
    assert JoinGraph(schema).connect(["a", "b"]) is None


def test_a_table_refers_to_itself_by_a_parent_or_a_manager(tmp_path):
    found, _ = keys_of(
        tmp_path,
        """CREATE TABLE staff (staff_id INTEGER PRIMARY KEY, name TEXT, manager_id INTEGER);
        CREATE TABLE topics (id INTEGER PRIMARY KEY, title TEXT, parent_id INTEGER, parent_topic_id INTEGER);
        CREATE TABLE projects (id INTEGER PRIMARY KEY, owner_id INTEGER);
        INSERT INTO staff VALUES (1, 'Ann', NULL), (2, 'Bo', 1), (3, 'Cy', 1);
        INSERT INTO topics VALUES (1, 'Art', NULL, NULL), (2, 'Music', 1, 1), (3, 'Jazz', 2, 2);
        INSERT INTO projects VALUES (1, 2), (2, 3);""",
    )
    assert found == {
        "staff.manager_id > staff.staff_id",
        "topics.parent_id > topics.id",
        "topics.parent_topic_id > topics.id",
        "projects.owner_id > staff.staff_id",
    }


def test_a_manager_of_things_is_a_person_and_a_role_before_the_noun_is_the_same_table(tmp_path):
    found, _ = keys_of(
        tmp_path,
        """CREATE TABLE depots (id INTEGER PRIMARY KEY, city TEXT, manager_id INTEGER);
        CREATE TABLE workers (id INTEGER PRIMARY KEY, name TEXT, line_manager_id INTEGER, referred_by INTEGER);
        CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT, previous_task_id INTEGER, prerequisite_id INTEGER);
        INSERT INTO depots VALUES (1, 'Ghent', 2), (2, 'Lille', 1);
        INSERT INTO workers VALUES (1, 'Ann', NULL, 2), (2, 'Bo', 1, NULL), (3, 'Cy', 1, 2);
        INSERT INTO tasks VALUES (1, 'Dig', NULL, NULL), (2, 'Pour', 1, 1), (3, 'Wall', 2, 2);""",
    )
    assert found == {
        "depots.manager_id > workers.id",
        "workers.line_manager_id > workers.id",
        "workers.referred_by > workers.id",
        "tasks.previous_task_id > tasks.id",
        "tasks.prerequisite_id > tasks.id",
    }


def test_a_few_orphans_do_not_hide_a_key_and_declared_ones_stay(tmp_path):
    found, schema = keys_of(
        tmp_path,
        """CREATE TABLE rooms (room_no INTEGER PRIMARY KEY, floor INTEGER);
        CREATE TABLE guests (guest_id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE stays (stay_id INTEGER PRIMARY KEY, room_no INTEGER, guest_id INTEGER REFERENCES guests);
        INSERT INTO rooms VALUES (101, 1), (102, 1), (201, 2), (202, 2); INSERT INTO guests VALUES (1, 'Ina');
        INSERT INTO stays VALUES (1, 101, 1), (2, 102, 1), (3, 201, 1), (4, 999, 1), (5, NULL, 1);""",
    )
    assert found == {"stays.room_no > rooms.room_no"}
    declared, inferred = schema.table("stays").foreign_keys
    assert (declared.ref_table, declared.score) == ("guests", 1) and 0.5 < inferred.score < 0.9


def test_values_that_must_not_be_read_are_not_read_and_declared_keys_are_found_by_name(tmp_path):
    asked = []
    schema = schema_from_ddl(
        "CREATE TABLE members (id INT PRIMARY KEY, name TEXT); CREATE TABLE loans (id INT PRIMARY KEY, member_id INT)"
    )
    hidden = with_inferred_keys(
        schema, lambda sql, _: asked.append(sql) or (), lambda table, column: column == "member_id"
    )
    assert asked == []
    assert hidden.table("loans").foreign_keys[0].ref_table == "members"


def test_inferred_keys_are_shown_to_a_model_and_stay_out_of_the_fingerprint(tmp_path):
    _, schema = keys_of(
        tmp_path,
        """CREATE TABLE coaches (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE teams (id INTEGER PRIMARY KEY, coach_id INTEGER);
        INSERT INTO coaches VALUES (7, 'Kim'), (8, 'Lee'); INSERT INTO teams VALUES (1, 7), (2, 8);""",
    )
    assert "FOREIGN KEY (coach_id) REFERENCES coaches (id)" in schema.to_ddl(inferred=True)
    assert "FOREIGN KEY" not in schema.to_ddl()
    bare = replace(schema, tables=tuple(replace(table, foreign_keys=()) for table in schema.tables))
    assert schema.fingerprint == bare.fingerprint


def test_duckdb_tables_of_dropped_files_get_keys(tmp_path):
    path = tmp_path / "files.duckdb"
    with duckdb.connect(str(path)) as link:
        link.execute("CREATE TABLE plants (plant_code VARCHAR, town VARCHAR)")
        link.execute("CREATE TABLE meters (meter BIGINT, plant_code VARCHAR, reading DOUBLE)")
        link.execute("INSERT INTO plants VALUES ('P1', 'Essen'), ('P2', 'Graz')")
        link.execute("INSERT INTO meters VALUES (1, 'P1', 2.5), (2, 'P1', 3.5), (3, 'P2', 1)")
    engine = load_query_engine(database=path, llm="bundled", verified_dir=tmp_path / "verified")
    try:
        assert [key.ref_table for key in engine.schema.table("meters").foreign_keys] == ["plants"]
    finally:
        engine.close()


def test_a_prefix_that_most_tables_share_is_no_word_of_theirs(tmp_path):
    assert shared_prefix(["tblOrder", "tblCustomer", "tblItem"]) == "tbl"
    assert shared_prefix(["hr_person", "hr_shift", "crm_person", "crm_deal"]) == ""
    found, _ = keys_of(
        tmp_path,
        """CREATE TABLE crm_client (id INTEGER PRIMARY KEY);
        CREATE TABLE crm_visit (id INTEGER PRIMARY KEY, client_id INT);
        CREATE TABLE crm_note (id INTEGER PRIMARY KEY); INSERT INTO crm_client VALUES (1), (2);
        INSERT INTO crm_visit VALUES (1, 1), (2, 2);""",
    )
    assert found == {"crm_visit.client_id > crm_client.id"}
