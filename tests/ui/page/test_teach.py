"""Confirming and correcting on the page, in Streamlit's own test bench: pairs reach the file and the next answer."""

import sqlite3

from streamlit.testing.v1 import AppTest
from ui_page import ask, click, markdown_of, open_file, page, show, type_into  # noqa: F401 - page is a fixture

STORES = "SELECT COUNT(*) AS n FROM stores"


def thumb(app: AppTest, value: int | None) -> AppTest:
    return app.feedback[-1].set_value(value).run()


def verified_text(folder) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("verified/*.sql"))


def test_a_thumb_up_keeps_the_pair_and_the_next_question_starts_from_it(page, tmp_path):  # noqa: F811
    app = thumb(ask(page(STORES, "SELECT 0 AS wrong"), "How many stores are there?"), 1)
    assert not app.exception
    assert STORES in verified_text(tmp_path)
    ask(app, "How many stores are there?")
    assert app.dataframe[1].value.to_dict("list") == {"n": [12]}
    assert "from your verified query" in markdown_of(app)


def test_taking_the_thumb_back_removes_the_pair(page, tmp_path):  # noqa: F811
    app = thumb(thumb(ask(page(), "How many stores are there?"), 1), None)
    assert not app.exception
    assert STORES not in verified_text(tmp_path)


def test_a_thumb_down_asks_for_the_right_sql_and_keeps_that(page, tmp_path):  # noqa: F811
    app = thumb(ask(page("SELECT 0 AS wrong"), "How many stores are there?"), 0)
    click(type_into(app, "-sql", STORES), "-keep")
    assert not app.exception
    assert STORES in verified_text(tmp_path)
    assert "wrong" not in verified_text(tmp_path)
    assert app.dataframe[1].value.to_dict("list") == {"n": [12]}


def test_a_pair_is_added_changed_and_deleted_in_the_list(page, tmp_path):  # noqa: F811
    app = show(page(), "Verified")
    click(type_into(type_into(app, "question-new", "How many **stores**?"), "sql-new", STORES), "add-new")
    assert not app.exception
    assert "**stores**" not in markdown_of(app)
    assert STORES in verified_text(tmp_path)
    saved = next(button.key for button in app.button if (button.key or "").startswith("save-"))
    click(type_into(app, saved.replace("save-", "sql-"), "SELECT COUNT(*) AS all_of_them FROM stores"), saved)
    assert "all_of_them" in verified_text(tmp_path)
    click(app, saved.replace("save-", "delete-"))
    assert "all_of_them" not in verified_text(tmp_path)
    assert any("none yet" in info.value for info in app.info)


def test_sql_that_may_not_run_is_not_kept(page, tmp_path):  # noqa: F811
    app = show(page(), "Verified")
    click(type_into(type_into(app, "question-new", "Remove all"), "sql-new", "DELETE FROM stores"), "add-new")
    assert not app.exception
    assert "was not saved" in app.error[0].value
    assert "DELETE" not in verified_text(tmp_path)


def test_a_pair_whose_column_is_gone_is_marked(page, tmp_path):  # noqa: F811
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE shop (id INTEGER, city TEXT)")
    app = show(open_file(page(), path), "Verified")
    click(type_into(type_into(app, "question-new", "Which cities?"), "sql-new", "SELECT city FROM shop"), "add-new")
    assert not app.warning
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE shop RENAME COLUMN city TO town")
    click(show(app, "Connect"), "reload")
    show(app, "Verified")
    assert not app.exception
    assert "schema changed" in app.warning[0].value
