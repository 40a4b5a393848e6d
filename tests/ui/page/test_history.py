"""Conversations in the sidebar, in Streamlit's own test bench: kept, found, renamed, exported, deleted."""

import json
import sqlite3

from streamlit.testing.v1 import AppTest
from ui_page import ask, click, markdown_of, open_file, page  # noqa: F401 - page is a fixture

from coderag_app.chat.history import HistoryStore, default_history_path


def titles(app: AppTest) -> list[str]:
    """The conversations of the sidebar, without the escapes of Markdown."""
    return [
        button.label.replace("\\", "").replace("\u2060", "")
        for button in app.sidebar.button
        if (button.key or "").startswith("open-")
    ]


def open_conversation(app: AppTest, title: str) -> AppTest:
    return app.sidebar.button[titles(app).index(title) + 1].click().run()  # the first button begins a new chat


def test_a_conversation_is_found_by_another_session_with_its_rows_and_goes_on(page):  # noqa: F811
    replies = ("SELECT COUNT(*) AS n FROM stores", "SELECT COUNT(*) AS n FROM customers")
    ask(ask(page(*replies), "How many stores are there?"), "only in Germany")
    later = page()
    assert titles(later) == ["How many stores are there?"]
    open_conversation(later, "How many stores are there?")
    assert not later.exception
    assert [frame.value.to_dict("list") for frame in later.dataframe] == [{"n": [12]}, {"n": [3]}]
    ask(later, "How many customers are there?")
    assert later.dataframe[2].value.to_dict("list") == {"n": [260]}
    assert len(HistoryStore(default_history_path()).conversations()) == 1


def test_reloading_the_page_shows_the_conversation_of_its_address(page):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    (chat,) = app.query_params["chat"] if isinstance(app.query_params["chat"], list) else [app.query_params["chat"]]
    again = page(chat=chat)
    assert again.dataframe[0].value.to_dict("list") == {"n": [12]}


def test_an_address_of_a_deleted_conversation_is_an_empty_chat(page):  # noqa: F811
    app = page(chat="0" * 32)
    assert not app.exception
    assert app.button(key="example-0")


def test_the_search_finds_words_of_questions(page):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    ask(click(app, "new-chat"), "Count the customers please")
    assert len(titles(app)) == 2
    app.text_input(key="history-search").set_value("CUSTOMERS").run()
    assert titles(app) == ["Count the customers please"]
    app.text_input(key="history-search").set_value("nothing like it").run()
    assert titles(app) == []


def test_a_conversation_is_renamed_and_deleted(page):  # noqa: F811
    app = ask(page(), "How many stores are there?")
    field = next(field for field in app.text_input if (field.key or "").startswith("title-"))
    field.set_value("Stores *today*").run()
    click(app, "rename")
    assert titles(app) == ["Stores *today*"]
    assert "*today*" not in markdown_of(app)
    click(app, "delete")
    assert titles(app) == []
    assert not app.dataframe
    assert not HistoryStore(default_history_path()).conversations()


def test_a_conversation_is_exported_as_markdown_and_notebook(page):  # noqa: F811
    from ui.page.history_list import _export

    app = ask(page(), "How many stores are there?")
    (stored,) = HistoryStore(default_history_path()).conversations()
    assert "SELECT COUNT(*) AS n FROM stores" in _export(stored.id, "to_markdown")
    assert json.loads(_export(stored.id, "to_notebook"))["nbformat"] == 4
    assert {"export-md", "export-ipynb"} <= {button.key for button in app.download_button}


def test_a_conversation_about_another_file_opens_that_file(page, tmp_path):  # noqa: F811
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE shop (id INTEGER)")
        connection.execute("INSERT INTO shop VALUES (1)")
    ask(open_file(page("SELECT COUNT(*) AS n FROM shop"), path), "How many shops are there?")
    later = page("SELECT COUNT(*) AS n FROM shop")
    assert "demo" in [text.value for text in later.sidebar.text]
    open_conversation(later, "How many shops are there?")
    assert "shop" in [text.value for text in later.sidebar.text]
    ask(later, "And how many shops are there now?")
    assert later.dataframe[1].value.to_dict("list") == {"n": [1]}


def test_a_conversation_whose_file_is_gone_can_be_read_and_not_asked(page, tmp_path):  # noqa: F811
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE shop (id INTEGER)")
    ask(open_file(page("SELECT COUNT(*) AS n FROM shop"), path), "How many shops are there?")
    path.unlink()
    later = open_conversation(page(), "How many shops are there?")
    assert not later.exception
    assert later.dataframe[0].value.to_dict("list") == {"n": [0]}
    assert any("another database" in info.value for info in later.info)
    assert later.chat_input[0].disabled
