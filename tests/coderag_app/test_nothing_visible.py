"""A database that shows nothing ends in a message before any model loads."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import duckdb
import pytest

from coderag_app import load_query_engine
from coderag_app.errors import DatabaseError


@pytest.fixture(params=["empty.sqlite", "views.sqlite", "schemas.duckdb", "views.duckdb"])
def target(request, tmp_path):
    """A file without tables, one whose only view is broken, and one whose tables are all in another schema."""
    path = tmp_path / request.param
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path)) as connection:
            if path.stem == "views":
                connection.execute("CREATE TABLE gone (a INTEGER); CREATE VIEW broken AS SELECT a FROM gone")
                connection.execute("DROP TABLE gone")
            else:
                connection.execute("CREATE SCHEMA sales; CREATE TABLE sales.orders (id INTEGER)")
        return path
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE gone (a)")
        if path.stem == "views":
            connection.execute("CREATE VIEW broken AS SELECT * FROM missing")
        connection.execute("DROP TABLE gone")
        connection.commit()
    return path


def test_the_engine_is_not_built(target, tmp_path, monkeypatch):
    monkeypatch.setattr("coderag_app.loading.load_llm", lambda config: pytest.fail("a model was loaded"))
    with pytest.raises(DatabaseError, match=f"The database '{target.stem}' shows no table or view"):
        load_query_engine(database=target, verified_dir=tmp_path / "verified")


def test_the_command_says_so_and_ends_with_1(target):
    asked = subprocess.run(
        [sys.executable, "-m", "ui.cli", "ask", "--database", str(target), "How many?"], capture_output=True, text=True
    )
    assert asked.returncode == 1
    assert "shows no table or view" in asked.stderr and "Traceback" not in asked.stderr
