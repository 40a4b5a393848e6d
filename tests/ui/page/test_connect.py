"""Connecting and looking around, in Streamlit's own test bench."""

import sqlite3

import duckdb
import pytest
from ui_page import ask, click, codes, open_file, page, show, type_into  # noqa: F401 - page is a fixture


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute(
            "CREATE TABLE shop (id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES city(id), sales REAL)"
        )
        connection.executemany("INSERT INTO city VALUES (?, ?)", [(1, "Lyon"), (2, "Porto")])
        connection.executemany("INSERT INTO shop VALUES (?, ?, ?)", [(1, 1, 2.5), (2, 2, 3.5), (3, 1, 1.0)])
    return path


def test_a_file_is_opened_and_asked(page, shop):  # noqa: F811
    app = open_file(page("SELECT COUNT(*) AS n FROM shop"), shop)
    assert not app.exception
    assert "shop" in [text.value for text in app.sidebar.text]
    ask(app, "How many shops are there?")
    assert app.dataframe[0].value.to_dict("list") == {"n": [3]}


def test_the_schema_is_shown_with_types_keys_values_and_row_counts(page, shop):  # noqa: F811
    app = show(open_file(page(), shop), "Data")
    app.selectbox(key="table").set_value(1).run()
    assert not app.exception
    frame = app.dataframe[0].value
    assert frame["Column"].tolist() == ["id", "city_id", "sales"]
    assert frame["Type"].tolist() == ["INTEGER", "INTEGER", "REAL"]
    assert frame["Key"].tolist() == ["primary key", "→ city.id", ""]
    assert "2.5" in frame["For example"][2]
    assert "3 columns · 3 rows" in [caption.value for caption in app.caption]
    assert any("CREATE TABLE shop" in code for code in codes(app))


def test_values_of_a_column_are_switched_off_and_on_again(page, shop, tmp_path):  # noqa: F811
    app = show(open_file(page(), shop), "Data")
    assert app.dataframe[0].value["For example"].tolist() == ["1, 2", "Lyon, Porto"]
    app.multiselect(key="unread-city").set_value(["name"]).run()
    assert not app.exception
    assert app.dataframe[0].value["For example"].tolist() == ["1, 2", "(switched off)"]
    assert "city.name" in (tmp_path / "verified" / "shop.unread").read_text()
    assert not app.session_state["session"].opened.engine.values.find("Lyon")
    app.multiselect(key="unread-city").set_value([]).run()
    assert app.dataframe[0].value["For example"].tolist() == ["1, 2", "Lyon, Porto"]
    assert app.session_state["session"].opened.engine.values.find("Lyon")


def test_a_column_that_the_settings_switch_off_stays_off_and_says_why(page, shop, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CODERAG_UNMATCHED_COLUMNS", '["*.name"]')
    app = show(open_file(page(), shop), "Data")
    assert app.multiselect(key="unread-city").value == ["name"]
    app.multiselect(key="unread-city").set_value([]).run()
    assert not app.exception
    assert "not switched" in app.error[0].value
    assert any("unmatched_columns" in code for code in codes(app))
    assert app.multiselect(key="unread-city").value == ["name"]


@pytest.mark.parametrize(
    ("target", "says"), [("missing.sqlite", "missing.sqlite does not exist"), ("notes.txt", "neither a SQLite nor")]
)
def test_what_cannot_be_opened_is_an_error_in_words_and_the_open_database_stays(page, tmp_path, target, says):  # noqa: F811
    (tmp_path / "notes.txt").write_text("some text that is no database")
    app = open_file(page(), target)
    assert not app.exception
    assert "could not be opened" in app.error[0].value
    assert any(says in code for code in codes(app))
    assert not ask(show(app, "Ask"), "How many stores are there?").error
    assert app.dataframe


def test_a_password_is_never_shown_again_and_never_written(page, tmp_path):  # noqa: F811
    app = show(page(), "Connect")
    app.segmented_control(key="connect-kind").set_value("Server").run()
    click(type_into(app, "database-url", "postgresql://me:s3cret@127.0.0.1:1/shop"), "open-server")
    assert not app.exception
    assert "could not be opened" in app.error[0].value
    assert any("127.0.0.1" in code for code in codes(app))
    shown = [element.value for kind in (app.code, app.text, app.markdown, app.caption, app.error) for element in kind]
    assert not any("s3cret" in str(text) for text in shown)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in path.read_bytes() for path in written)


def test_a_url_that_is_none_is_refused_before_it_is_tried(page):  # noqa: F811
    app = show(page(), "Connect")
    app.segmented_control(key="connect-kind").set_value("Server").run()
    click(type_into(app, "database-url", "shop.sqlite"), "open-server")
    assert any("Expected a URL" in code for code in codes(app))


def test_dropped_files_become_one_database_that_can_be_removed(page, tmp_path):  # noqa: F811
    app = show(page('SELECT SUM("sales") AS s FROM shops'), "Connect")
    app.segmented_control(key="connect-kind").set_value("Drop files").run()
    app.file_uploader(key="dropped").set_value(
        [("shops.csv", b"id,sales\n1,2\n2,3\n", "text/csv"), ("cities.csv", b"id,name\n1,Lyon\n", "text/csv")]
    )
    click(app, "open-dropped")
    assert not app.exception
    ask(app, "What are the total sales?")
    assert app.dataframe[0].value.to_dict("list") == {"s": [5]}
    app = show(app, "Connect")
    app.segmented_control(key="connect-kind").set_value("Drop files").run()
    assert list(tmp_path.rglob("*.duckdb"))
    click(app, "earlier-remove-0")
    assert not app.exception
    assert not list(tmp_path.rglob("*.duckdb"))


def test_what_was_decided_of_a_dropped_file_is_shown_and_can_be_changed(page):  # noqa: F811
    app = show(page(), "Connect")
    app.segmented_control(key="connect-kind").set_value("Drop files").run()
    app.file_uploader(key="dropped").set_value(("parts.csv", b"7,Anvil\n8,Bolt\n", "text/csv"))
    click(app, "open-dropped")
    assert not app.exception
    assert any("parts.csv: no header was found in the first line" in code for code in codes(app))
    app.segmented_control(key="connect-kind").set_value("Drop files").run()
    app.selectbox(key="header").set_value("yes")
    app.file_uploader(key="dropped").set_value(("parts.csv", b"7,Anvil\n8,Bolt\n", "text/csv"))
    click(app, "open-dropped")
    assert not app.exception
    assert not any("no header" in code for code in codes(app))


def test_a_damaged_file_that_was_dropped_is_named(page):  # noqa: F811
    app = show(page(), "Connect")
    app.segmented_control(key="connect-kind").set_value("Drop files").run()
    app.file_uploader(key="dropped").set_value(("broken *x*.parquet", b"PAR1 nothing", "application/octet-stream"))
    click(app, "open-dropped")
    assert not app.exception
    assert "could not be read" in app.error[0].value
    assert any("broken *x*.parquet" in code for code in codes(app))


def test_a_damaged_index_is_an_error_and_a_folder_without_one_is_not(page, tmp_path):  # noqa: F811
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    app = show(page(), "Connect")
    click(type_into(app, "storage_dir", "damaged"), "use-models")
    assert any("manifest.json" in code for code in codes(app))
    assert app.error
    click(type_into(app, "storage_dir", "nothing-here"), "use-models")
    assert not app.error


def test_settings_that_name_a_missing_database_lead_to_connect(page, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CODERAG_DATABASE", "gone.sqlite")
    app = page()
    assert not app.exception
    assert any("gone.sqlite does not exist" in code for code in codes(app))
    app.segmented_control(key="connect-kind").set_value("Demo").run()
    click(app, "open-demo")
    assert app.chat_input


def test_schemas_and_table_files_are_opened_by_their_path(page, tmp_path):  # noqa: F811
    with duckdb.connect(str(tmp_path / "yard.duckdb")) as connection:
        connection.execute("CREATE SCHEMA lab; CREATE TABLE lab.probe (kind TEXT); CREATE TABLE crane (id INTEGER)")
        connection.execute("INSERT INTO lab.probe VALUES ('salt'), ('mud')")
    app = show(page("SELECT COUNT(*) AS n FROM probe"), "Connect")
    type_into(app, "file-schemas", "lab")
    click(type_into(app, "database-path", str(tmp_path / "yard.duckdb")), "open-file")
    ask(app, "How many probes are there?")
    assert app.dataframe[0].value.to_dict("list") == {"n": [2]}


def test_how_a_file_was_read_is_shown_when_it_is_opened_by_its_path(page, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "fees.csv").write_text("id;fee;paid\n1;2,50;21.01.2023\n2;3,75;05.02.2023\n", encoding="utf-8")
    app = show(page("SELECT SUM(fee) AS s FROM fees"), "Connect")
    click(type_into(app, "database-path", str(tmp_path / "fees.csv")), "open-file")
    assert not app.exception
    assert any(
        "fees.csv: paid: dates with the day first" in text.value for text in (*app.text, *app.markdown, *app.code)
    )
    ask(show(app, "Ask"), "What is the total fee?")
    assert app.dataframe[0].value.to_dict("list") == {"s": [6.25]}
