"""The chat page in Streamlit's own test bench, with a scripted LLM; all else is real."""

import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from scripted_llm import ScriptedLLM
from streamlit.testing.v1 import AppTest

from coderag_app.models import LoadedLLM
from ui.rendering import rows_frame

HOSTILE = "<script>alert(1)</script> **bold** :red[x] [a](javascript:b) $x$"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Open the page in an empty folder, with scripted replies."""
    monkeypatch.chdir(tmp_path)
    for name in ("CODERAG_DATABASE", "CODERAG_STORAGE_DIR"):
        monkeypatch.delenv(name, raising=False)
    st.cache_resource.clear()

    def open_page(*replies: str) -> AppTest:
        llm = ScriptedLLM(replies=list(replies) or ["SELECT COUNT(*) AS n FROM stores"])
        loaded = LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)
        monkeypatch.setattr("coderag_app.engine_loading.load_llm", lambda config: loaded)
        return AppTest.from_file(find_spec("ui.app").origin, default_timeout=60).run()

    return open_page


@pytest.fixture
def hostile_database(tmp_path) -> Path:
    path = tmp_path / "hostile.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER, "<b>name</b>" TEXT)')
        connection.execute("INSERT INTO notes VALUES (1, ?)", (HOSTILE,))
    return path


def ask(page: AppTest, question: str) -> AppTest:
    return page.chat_input[0].set_value(question).run()


def markdown_of(page: AppTest) -> str:
    """Every text on the page that is read as markdown."""
    kinds = (page.markdown, page.caption, page.title, page.header, page.error, page.warning, page.info)
    labels = [element.label for element in (*page.expander, *page.button)]
    return "\n".join([element.value for kind in kinds for element in kind] + labels)


def test_the_page_opens_on_the_demo_with_questions_to_try(page):
    app = page()
    assert not app.exception
    assert app.text_input(key="database").value == "demo"
    assert "Tables (12)" in [expander.label for expander in app.expander]
    assert app.button(key="example-0")


def test_a_question_is_answered_with_sql_rows_steps_and_time(page):
    app = ask(page(), "How many stores are there?")
    assert not app.exception
    assert not app.error
    assert "SELECT COUNT(*) AS n FROM stores" in [code.value for code in app.code]
    assert app.dataframe[0].value.to_dict("list") == {"n": [12]}
    assert any("1 row" in caption.value for caption in app.caption)
    assert any("Running SQL" in code.value for code in app.code)


def test_an_example_question_is_asked_with_one_click(page):
    app = page().button(key="example-0").click().run()
    assert not app.exception
    assert app.dataframe[0].value.to_dict("list") == {"n": [12]}
    assert "How many stores are there?" in [text.value for text in app.text]


def test_earlier_turns_stay_and_can_be_cleared(page):
    app = ask(ask(page("SELECT 1 AS a", "SELECT 2 AS b"), "first"), "second")
    assert [list(frame.value.columns) for frame in app.dataframe] == [["a"], ["b"]]
    app.button(key="clear").click().run()
    assert not app.dataframe
    assert not app.exception


def test_two_sessions_have_their_own_chats(page):
    first, second = page(), page()
    ask(first, "How many stores are there?")
    second.run()
    assert len(first.dataframe) == 1
    assert not second.dataframe


def test_a_failure_is_told_as_one_and_no_rows_are_shown(page):
    app = ask(page("SELECT nope FROM stores"), "x")
    assert "not answered" in app.error[0].value
    assert not app.dataframe
    assert any('no such column "nope"' in code.value for code in app.code)


def test_an_abstention_is_told_in_plain_words(page):
    app = ask(page("CANNOT_ANSWER"), "What is the weather?")
    assert "does not hold" in app.warning[0].value
    assert not app.dataframe
    assert not app.error


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("database", "missing.sqlite", "missing.sqlite does not exist"),
        ("database", "", "nothing to ask"),
        ("database", "postgresql://user:s3cret@127.0.0.1:1/shop", "127.0.0.1"),
    ],
)
def test_what_cannot_be_opened_is_an_error_in_words_and_no_exception(page, key, value, says):
    app = page()
    app.text_input(key=key).set_value(value).run()
    assert not app.exception
    assert "could not be opened" in app.error[0].value
    shown = "\n".join(code.value for code in app.code)
    assert says in shown
    assert "s3cret" not in shown
    assert not app.chat_input


def test_a_damaged_index_is_an_error_and_a_folder_without_one_is_not(page, tmp_path):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    app = page()
    app.text_input(key="storage_dir").set_value("damaged").run()
    assert any("manifest.json" in code.value for code in app.code)
    assert app.error
    app.text_input(key="storage_dir").set_value("nothing-here").run()
    assert not app.error
    assert app.chat_input


def test_hostile_names_values_and_questions_are_never_markdown(page, hostile_database):
    app = page("SELECT * FROM notes", f"SELECT '{HOSTILE}' AS \"*x*\", nope FROM notes")
    app.text_input(key="database").set_value(str(hostile_database)).run()
    app = ask(ask(app, f"Show {HOSTILE}"), "second")
    assert not app.exception
    frame = app.dataframe[0].value
    assert list(frame.columns) == ["id", "<b>name</b>"]
    assert frame.iloc[0, 1] == HOSTILE
    for piece in ("<script>", "<b>", "**bold**", ":red", "javascript:", "$x$", "*x*"):
        assert piece not in markdown_of(app)


def test_the_same_connection_is_loaded_once(page, monkeypatch):
    from coderag_app import engine_loading

    loads = []
    load = engine_loading.load_query_engine
    monkeypatch.setattr(engine_loading, "load_query_engine", lambda **options: loads.append(options) or load(**options))
    ask(ask(page(), "one"), "two")
    page()
    assert len(loads) == 1


# --- rows as a frame ---


def test_repeated_column_names_are_made_unique_and_the_order_stays():
    frame = rows_frame(("id", "id", "", ""), ((1, 2, 3, 4),))
    assert list(frame.columns) == ["id", "id (2)", "", " (2)"]
    assert frame.iloc[0].tolist() == [1, 2, 3, 4]


def test_numbers_stay_numbers_and_null_stays_empty():
    frame = rows_frame(("i", "f", "t"), ((1, 1.5, "a"), (None, None, None)))
    assert str(frame["i"].dtype) == "Int64"
    assert str(frame["f"].dtype) == "Float64"
    assert frame.isna().iloc[1].all()
    assert not frame.isna().iloc[0].any()


def test_integers_beyond_a_browsers_doubles_become_text():
    assert rows_frame(("big",), ((2**53 + 1,),)).iloc[0, 0] == "9007199254740993"


def test_columns_of_mixed_types_become_text():
    frame = rows_frame(("mixed",), ((1,), ("x\x1b",), (b"\x00",), (None,)))
    assert frame["mixed"].tolist()[:3] == ["1", "x\\x1b", "<1 bytes: 00>"]
    assert pd.isna(frame["mixed"][3])


def test_a_million_characters_do_not_reach_the_browser():
    assert len(rows_frame(("a",), (("x" * 1_000_000,),)).iloc[0, 0]) <= 2000
