"""The chat page in Streamlit's own test bench: asking, editing, histories, and what must not become markup."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from ui_page import ask, click, codes, markdown_of, open_file, page, show, type_into  # noqa: F401 - page is a fixture

from ui.page.result_table import rows_frame

HOSTILE = "<script>alert(1)</script> **bold** :red[x] [a](javascript:b) $x$"


@pytest.fixture
def hostile_database(tmp_path) -> Path:
    path = tmp_path / "hostile.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE "*notes* <b>" (id INTEGER PRIMARY KEY, "<b>name</b>" TEXT)')
        connection.executemany('INSERT INTO "*notes* <b>" VALUES (?, ?)', [(1, HOSTILE), (2, "**x**")])
    return path


# --- asking ---


def test_the_page_opens_on_the_demo_with_questions_to_try(page):  # noqa: F811
    app = page()
    assert not app.exception
    assert "demo" in [text.value for text in app.sidebar.text]
    assert app.button(key="example-0").label
    assert app.button(key="example-3").label


def test_a_question_is_answered_with_sql_rows_account_and_times(page):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    assert not app.exception
    assert not app.error
    assert "SELECT COUNT(*) AS n FROM stores" in codes(app)
    assert app.dataframe[0].value.to_dict("list") == {"n": [12]}
    assert any("1 row" in caption.value for caption in app.caption)
    assert any("Running SQL" in code for code in codes(app))
    assert any("stores" in text.value and "number of rows" in text.value for text in app.text)


def test_an_example_question_is_asked_with_one_click(page):  # noqa: F811
    app = page()
    app.button(key="example-0").click().run()
    assert not app.exception
    assert app.dataframe[0].value.to_dict("list") == {"n": [12]}


def test_earlier_turns_stay_until_a_new_chat_begins(page):  # noqa: F811
    app = ask(ask(page("SELECT 1 AS a", "SELECT 2 AS b"), "What is one?"), "What is two?")
    assert [list(frame.value.columns) for frame in app.dataframe] == [["a"], ["b"]]
    click(app, "new-chat")
    assert not app.dataframe
    assert not app.exception


def test_turns_far_up_show_their_sql_and_unfold(page):  # noqa: F811
    app = page(*(f"SELECT {number} AS c{number}" for number in range(5)))
    for number in range(5):
        ask(app, f"What is the number {number}?")
    assert [list(frame.value.columns) for frame in app.dataframe] == [["c2"], ["c3"], ["c4"]]
    assert "SELECT 0 AS c0" in codes(app)
    next(button for button in app.button if button.key.endswith("unfold")).click().run()
    assert [list(frame.value.columns) for frame in app.dataframe] == [["c0"], ["c2"], ["c3"], ["c4"]]


def test_two_sessions_have_their_own_chats(page):  # noqa: F811
    first, second = page(), page()
    ask(first, "How many stores are there?")
    second.run()
    assert len(first.dataframe) == 1
    assert not second.dataframe


def test_a_failure_is_told_as_one_and_no_rows_are_shown(page):  # noqa: F811
    app = ask(page("SELECT nope FROM stores"), "Which nope?")
    assert "not answered" in app.error[0].value
    assert not app.dataframe
    assert any('no such column "nope"' in code for code in codes(app))


def test_an_abstention_is_told_in_plain_words_with_what_the_database_knows(page):  # noqa: F811
    app = ask(page("CANNOT_ANSWER"), "Which stores sell umbrellas?")
    assert "does not hold" in app.warning[0].value
    assert any("It knows about: countries, stores" in text.value for text in app.text)
    assert not app.dataframe
    assert not app.error


def test_an_unclear_question_offers_its_other_meaning_as_a_button(page):  # noqa: F811
    in_stores = "SELECT COUNT(*) AS n FROM stores WHERE city = 'Berlin'"
    app = ask(page(in_stores, in_stores.replace("stores", "customers")), "How many are there in Berlin?")
    assert '"Berlin" was taken as the city of stores. Did you mean the city of customers?' in [
        t.value for t in app.text
    ]
    button = next(button for button in app.button if button.key.endswith("reading-0"))
    assert button.label == "city of customers"
    button.click().run()
    assert not app.exception
    assert "How many are there in customer city Berlin?" in [text.value for text in app.text]
    assert len(app.dataframe) == 2
    assert not [button for button in app.button if "reading" in button.key]


def test_the_same_connection_is_loaded_once(page, monkeypatch):  # noqa: F811
    from coderag_app import loading as engine_loading

    loads = []
    load = engine_loading.load_query_engine
    monkeypatch.setattr(engine_loading, "load_query_engine", lambda **options: loads.append(options) or load(**options))
    ask(ask(page(), "How many stores?"), "How many customers?")
    page()
    assert len(loads) == 1


# --- editing ---


def test_edited_sql_runs_as_a_turn_of_its_own(page):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    click(app, "-edit")
    click(type_into(app, "-sql", "SELECT name FROM stores ORDER BY id LIMIT 2"), "-run")
    assert not app.exception
    assert [list(frame.value.columns) for frame in app.dataframe] == [["n"], ["name"]]
    assert len(app.dataframe[1].value) == 2
    assert "With the SQL as you edited it." in [text.value for text in app.text]


@pytest.mark.parametrize(
    ("sql", "says"), [("DELETE FROM stores", "DELETE"), ("SELECT nope FROM stores", "nope"), ("", "")]
)
def test_edited_sql_meets_the_same_guard_and_the_box_stays_open(page, sql, says):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    click(app, "-edit")
    click(type_into(app, "-sql", sql), "-run")
    assert not app.exception
    assert "was not run" in app.error[0].value
    assert any(says in code for code in codes(app))
    assert app.text_area
    assert len(app.dataframe) == 1


def test_editing_can_be_left_again(page):  # noqa: F811
    app = click(click(ask(page(), "How many stores are there?"), "-edit"), "-cancel")
    assert not app.text_area
    assert "SELECT COUNT(*) AS n FROM stores" in codes(app)


def test_a_chart_is_picked_by_its_kind(page):  # noqa: F811
    app = ask(page("SELECT country_code, COUNT(*) AS n FROM customers GROUP BY country_code"), "Customers per country?")
    picker = next(group for group in app.segmented_control if group.key.endswith("-view") and group.key != "view")
    assert app.dataframe
    picker.set_value(0).run()
    assert not app.exception
    assert not app.dataframe
    assert app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")


def test_rows_can_be_downloaded(page):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    assert {"CSV", "Parquet"} <= {button.label for button in app.download_button}


# --- what must not become markup ---


def test_hostile_names_values_and_questions_are_never_markdown(page, hostile_database):  # noqa: F811
    app = page('SELECT * FROM "*notes* <b>"', f'SELECT \'{HOSTILE}\' AS "*x*", nope FROM "*notes* <b>"')
    open_file(app, hostile_database)
    ask(ask(app, f"Show {HOSTILE}"), "And the second one?")
    assert not app.exception
    frame = app.dataframe[0].value
    assert list(frame.columns) == ["id", "<b>name</b>"]
    assert frame.iloc[0, 1] == HOSTILE
    click(app, "new-chat")
    show(app, "Data")
    assert not app.exception
    for piece in ("<script>", "<b>", "**bold**", ":red", "javascript:", "$x$", "*x*", "*notes*"):
        assert piece not in markdown_of(app)


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
