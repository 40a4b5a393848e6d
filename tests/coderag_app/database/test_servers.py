"""URLs of database servers, as far as they can be checked without a server."""

import importlib
import importlib.util
from urllib.parse import quote

import pytest

from coderag_app.database import Limits, open_database
from coderag_app.database.server_mysql import harmless_modes, time_settings
from coderag_app.database.server_sessions import check_answers
from coderag_app.database.server_url import read_server_url
from coderag_app.errors import DatabaseError


@pytest.mark.parametrize("scheme", ["oracle", "mssql+pyodbc", "snowflake", "http"])
def test_other_kinds_of_databases_are_named_and_refused(scheme):
    with pytest.raises(DatabaseError, match=rf"'{scheme.split('+')[0]}' are not supported; .*postgresql"):
        open_database(f"{scheme}://user:secret@host/name")


@pytest.mark.parametrize("url", ["postgresql://user@host", "mysql://user@host/"])
def test_a_url_without_a_database_is_refused(url):
    with pytest.raises(DatabaseError, match="names no database"):
        open_database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://maya:hunt@er2@db.example:5432/shop",
        "mysql://maya:hunt/@er2@db.example/shop",
        "postgresql://maya:hu#nt@er2/x@db.example/shop",
        "mariadb://maya@corp:hunter2@db.example/shop",
        "postgresql://maya:hunt?@er2@db.example/shop",
    ],
)
def test_a_special_character_in_a_password_gets_a_hint_and_shows_nothing_of_it(url):
    with pytest.raises(DatabaseError, match="percent-encode .* @ as %40, / as %2F") as refused:
        open_database(url)
    assert not any(part in str(refused.value) for part in ("hunt", "er2", "maya", "corp"))


@pytest.mark.parametrize("encoded", ["p%40ss%2Fw%3Ard%231", "p:w/x#1", "a@b"])
def test_an_encoded_password_is_read_as_it_is_meant(encoded):
    url = "postgresql://reader@db.example/shop?password=a@b" if encoded == "a@b" else ""
    parsed, _ = read_server_url(url or f"postgresql://reader:{encoded}@db.example/shop")
    assert (parsed.host, parsed.database) == ("db.example", "shop")
    assert parsed.password == {"p%40ss%2Fw%3Ard%231": "p@ss/w:rd#1"}.get(encoded, encoded)


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
    path = tmp_path / "x.duckdb"
    path.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 8)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "duckdb" else found(name, *more)
    )
    with pytest.raises(DatabaseError, match="pip install duckdb"):
        open_database(path)


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("ANSI_QUOTES,STRICT_TRANS_TABLES", "STRICT_TRANS_TABLES"),
        ("NO_BACKSLASH_ESCAPES", ""),
        ("PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE,ONLY_FULL_GROUP_BY", "ONLY_FULL_GROUP_BY"),
        ("ORACLE,MSSQL,ANSI,DB2,MAXDB,POSTGRESQL,REAL_AS_FLOAT,PAD_CHAR_TO_FULL_LENGTH,A_NEW_MODE", ""),
        ("", ""),
    ],
)
def test_only_harmless_sql_modes_are_kept(mode, kept):
    assert harmless_modes(mode) == kept


@pytest.mark.parametrize("answer", [{"sql_mode": "ANSI_QUOTES", "charset": "utf8mb4"}, {"sql_mode": ""}, {}])
def test_a_server_that_answers_otherwise_is_refused(answer):
    with pytest.raises(DatabaseError, match=r"answers (sql_mode|charset) = '.*', expected '.*'"):
        check_answers({"sql_mode": "", "charset": "utf8mb4"}, answer)
    check_answers({"sql_mode": "", "charset": "utf8mb4"}, {"sql_mode": "", "charset": "UTF8MB4"})


def test_a_mysql_session_is_bounded_in_time():
    assert "max_execution_time = 1500" in time_settings(Limits(timeout_s=1.5), mariadb=False)
    assert "max_statement_time = 1.5" in time_settings(Limits(timeout_s=1.5), mariadb=True)


@pytest.mark.parametrize(
    ("scheme", "query"),
    [
        ("postgresql", "options=-c%20standard_conforming_strings%3Doff"),
        ("postgresql", "service=other"),
        ("postgresql", "servicefile=/tmp/x"),
        ("postgresql", "passfile=/tmp/x"),
        ("postgresql", "dbname=other"),
        ("postgresql", "replication=database"),
        ("postgresql", "requiressl=1"),
        ("postgresql", "search_path=evil"),
        ("postgresql", "prepare_threshold=0"),
        ("mysql", "sql_mode=ANSI_QUOTES"),
        ("mysql", "init_command=SET%20sql_mode%3D%27ORACLE%27"),
        ("mysql", "read_default_file=/tmp/my.cnf"),
        ("mysql", "read_default_group=evil"),
        ("mysql", "local_infile=1"),
        ("mysql", "client_flag=65536"),
        ("mariadb", "database=other"),
        ("mariadb", "defer_connect=1"),
    ],
)
def test_a_setting_in_the_url_is_refused_by_its_name_alone(scheme, query):
    with pytest.raises(DatabaseError) as caught:
        open_database(f"{scheme}://user:top-secret@127.0.0.1:1/name?{query}&password=other-secret")
    name, _, value = query.partition("=")
    assert f"sets {name}," in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(value) < 6 or value not in str(caught.value)


@pytest.mark.parametrize("database", ["host=evil", "dbname=x options=-cfoo=1", "postgresql://evil"])
def test_a_database_name_that_libpq_reads_as_settings_is_refused(database):
    with pytest.raises(DatabaseError, match="plain name"):
        open_database(f"postgresql://user@127.0.0.1:1/{quote(database, safe='')}")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize("password", ["se/cret", "s3cr3t?x", "p:q#r", "100%", "a b"])
def test_no_message_holds_the_password_wherever_it_stands(scheme, password):
    for url in (
        f"{scheme}://user:{quote(password, safe='')}@127.0.0.1:1/name",
        f"{scheme}://user@127.0.0.1:1/name?password={quote(password, safe='')}",
        f"{scheme}://user:{password}@127.0.0.1:1/name",
        f"{scheme}:/user:{password}@127.0.0.1:1/name",
        f"host=127.0.0.1 user=me password={password} dbname=name",
        f"{scheme}:user:{password}@127.0.0.1/name?sslmode=require",
    ):
        with pytest.raises(DatabaseError) as caught:
            open_database(url)
        assert password not in str(caught.value)
        assert quote(password, safe="") not in str(caught.value)
        shown, _ = read_server_url(url) if url.startswith(f"{scheme}://user@") else ("", None)
        assert password not in str(shown)
