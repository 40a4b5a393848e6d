"""Schemas of DuckDB: what is left out is said with its option, and the option brings it in."""

import logging

import duckdb
import pytest

from coderag_app.database import Limits, open_database
from coderag_app.errors import DatabaseError, SQLRejectedError
from coderag_app.loading import load_query_engine
from coderag_app.sql.guard import check_sql


@pytest.fixture
def clinic(tmp_path):
    path = tmp_path / "clinic.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE visit (id INTEGER PRIMARY KEY, guest TEXT)")
        connection.execute("INSERT INTO visit VALUES (1, 'Ada')")
        connection.execute("CREATE SCHEMA lab; CREATE TABLE lab.probe (id INTEGER, kind TEXT)")
        connection.execute("INSERT INTO lab.probe VALUES (1, 'blood'), (2, 'skin')")
        connection.execute("CREATE TABLE lab.visit (room TEXT)")
        connection.execute('CREATE SCHEMA "o\'dd"; CREATE VIEW "o\'dd".one AS SELECT 1 AS x')
    return path


def opened(path, *schemas):
    database = open_database(path, Limits(schemas=schemas))
    return database, database.read_schema()


def test_what_is_left_out_is_counted_and_named_once(clinic, caplog):
    with caplog.at_level(logging.WARNING):
        _, schema = opened(clinic)
    assert [table.name for table in schema.tables] == ["visit"]
    (said,) = (record.getMessage() for record in caplog.records)
    assert said == (
        "Left out 3 tables and views of other schemas: lab (2), o'dd (1). To read them as well: --schema main,lab"
    )


def test_named_schemas_are_read_in_their_order(clinic, caplog):
    database, schema = opened(clinic, "main", "lab")
    assert [(table.name, table.namespace) for table in schema.tables] == [("visit", ""), ("probe", "lab")]
    assert "Left out lab.visit, because a schema before has a table of this name" in caplog.text
    for sql in ("SELECT kind FROM probe", "SELECT p.kind FROM lab.probe AS p"):
        assert database.execute(check_sql(sql, schema, "duckdb").sql).rows == (("blood",), ("skin",))
    assert schema.table("probe").column("kind").samples == ("blood", "skin")
    assert database.distinct_texts("probe", "kind", 9) == ["blood", "skin"]
    assert opened(clinic, "lab", "main")[1].table("visit").columns[0].name == "room"
    assert [table.name for table in opened(clinic, "o'dd")[1].tables] == ["one"]


@pytest.mark.parametrize("sql", ["SELECT * FROM main.probe", "SELECT * FROM lab.visit", "SELECT * FROM other.probe"])
def test_a_prefix_of_another_schema_is_refused(clinic, sql):
    _, schema = opened(clinic, "main", "lab")
    with pytest.raises(SQLRejectedError, match="no such table"):
        check_sql(sql, schema, "duckdb")


def test_sql_cannot_look_further_than_the_schemas(clinic):
    database, _ = opened(clinic, "lab")
    with pytest.raises(DatabaseError, match="SET"):
        database.execute("SET search_path = 'main'")
    with pytest.raises(DatabaseError, match="no schema 'labs' in the file; expected some of: lab, main, o'dd"):
        opened(clinic, "labs")


def test_the_setting_reaches_the_engine(clinic, tmp_path, monkeypatch):
    monkeypatch.setenv("CODERAG_SCHEMAS", " lab , main")
    engine = load_query_engine(database=clinic, verified_dir=tmp_path / "verified", match_values=False)
    assert [table.name for table in engine.schema.tables] == ["probe", "visit"]
    engine.close()
