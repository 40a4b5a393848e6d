"""URLs of database servers, as far as they can be checked without a server."""

import builtins
import importlib

import pytest

from coderag_app.database import Limits, open_database
from coderag_app.database.server_sessions import mysql_settings
from coderag_app.errors import DatabaseError


@pytest.mark.parametrize("scheme", ["oracle", "mssql+pyodbc", "snowflake", "http"])
def test_other_kinds_of_databases_are_named_and_refused(scheme):
    with pytest.raises(DatabaseError, match=rf"'{scheme.split('+')[0]}' are not supported; .*postgresql"):
        open_database(f"{scheme}://user:secret@host/name")


@pytest.mark.parametrize("url", ["postgresql://user@host", "mysql://user@host/"])
def test_a_url_without_a_database_is_refused(url):
    with pytest.raises(DatabaseError, match="names no database"):
        open_database(url)


@pytest.mark.parametrize("url", ["postgresql://u:se@cret@[x/name", "postgresql://u:secret@host:port/name"])
def test_a_broken_url_is_refused_without_showing_its_password(url):
    with pytest.raises(DatabaseError, match="cannot be read") as caught:
        open_database(url)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "mysql", "mariadb+mysqldb"])
def test_an_unreachable_server_is_an_error_without_the_password(scheme):
    with pytest.raises(DatabaseError) as caught:
        open_database(f"{scheme}://user:top-secret@127.0.0.1:1/name")
    assert "127.0.0.1" in str(caught.value)
    assert "top-secret" not in str(caught.value)


@pytest.mark.parametrize(("scheme", "package"), [("postgresql", "psycopg[binary]"), ("mysql", "pymysql")])
def test_a_missing_driver_is_named_with_the_command_that_installs_it(scheme, package, monkeypatch):
    def without_drivers(name, *arguments):
        if name in ("psycopg", "pymysql"):
            raise ImportError(name)
        return found(name, *arguments)

    found = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", without_drivers)
    with pytest.raises(DatabaseError) as caught:
        open_database(f"{scheme}://user@127.0.0.1:1/name")
    assert f'pip install "{package}"' in str(caught.value) or f"pip install {package}" in str(caught.value)


def test_duckdb_missing_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    def without_duckdb(name, *arguments, **options):
        if name == "duckdb":
            raise ImportError(name)
        return found(name, *arguments, **options)

    path = tmp_path / "x.duckdb"
    path.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 8)
    found = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without_duckdb)
    with pytest.raises(DatabaseError, match="pip install duckdb"):
        open_database(path)


def test_a_mysql_session_is_read_only_and_bounded_in_time():
    assert mysql_settings(Limits(timeout_s=1.5), mariadb=False) == (
        "SET SESSION max_execution_time = 1500",
        "SET SESSION TRANSACTION READ ONLY",
        "START TRANSACTION READ ONLY",
    )
    assert mysql_settings(Limits(timeout_s=1.5), mariadb=True)[0] == "SET SESSION max_statement_time = 1.5"
