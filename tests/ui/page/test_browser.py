"""The chat page in a real browser against the real server, with a scripted LLM: conversations."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from ui_server import LONG_SQL, REPLIES, ChatPage, repeat, serve

from coderag_app.bundled.demo import DEMO_DATABASE

pytest_plugins = ["ui_browser"]

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"> **bold** [link](https://example.org)"


@pytest.fixture(scope="module")
def hostile_database(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "notes.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER, "<i>body</i>" TEXT)')
        connection.executemany("INSERT INTO notes VALUES (?, ?)", [(1, HOSTILE), (2, None)])
    connection.close()
    return path


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_hostile_values_and_questions_stay_text_and_no_page_is_wider_than_its_window(chat, hostile_database, size):
    chat.open_file(hostile_database)
    chat.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    answer = chat.ask(f"Show notes {HOSTILE}", 0)
    cells = chat.cells(answer)
    assert cells[1] == HOSTILE
    assert cells[2] == "2"
    assert "<i>body</i>" in answer.locator("[role=columnheader]").all_text_contents()
    assert chat.messages().first.inner_text().strip().endswith(HOSTILE)
    for view in ("Ask", "Data", "Verified", "Connect"):
        chat.show(view)
        assert chat.page.locator("img[src='x'], a[href*='example.org']").count() == 0
        assert chat.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{view} is too wide"
    assert "pwned" not in chat.page.title()


def test_the_tables_are_drawn_with_their_keys(chat):
    chat.show("Data")
    chart = chat.page.get_by_test_id("stGraphVizChart")
    drawing = chart.locator("svg")

    def unfold(timeout_ms: float) -> None:
        if not chart.is_visible():
            chat.page.get_by_text("How the tables hang together").click(timeout=timeout_ms)
        drawing.get_by_text("countries").first.wait_for(timeout=timeout_ms)

    repeat(unfold)
    assert drawing.locator("g.edge").count() > 3


def test_a_question_is_edited_drawn_confirmed_followed_up_and_found_by_another_server(chat, server, context, tmp_path):
    shop = shutil.copyfile(DEMO_DATABASE, tmp_path / "shop.sqlite")
    chat.open_file(shop)
    assert chat.cells(chat.ask("How many stores are there?", 0)) == ["12"]
    edited = chat.edit(0, "SELECT country_code, COUNT(*) AS stores FROM stores GROUP BY country_code")
    assert {"DE", "GB"} <= set(chat.cells(edited))
    edited.get_by_role("radio", name="Bar").click()
    edited.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first.wait_for()
    edited.get_by_role("radio", name="Thumbs up").click()
    edited.get_by_text("Kept as a verified query").wait_for()
    again = chat.ask("How many stores are there?", 2)
    again.get_by_text("from your verified query").first.wait_for()
    assert "GROUP BY country_code" in again.inner_text()
    german = chat.ask("only in Germany", 3)
    assert set(chat.cells(german)[::2]) == {"DE"}
    assert "country_code = 'DE'" in german.get_by_test_id("stCode").first.inner_text()
    assert "GROUP BY country_code" in (server.home / "verified" / "shop.sql").read_text()
    with serve(server.home, REPLIES) as address:
        later = ChatPage(context, address)
        later.page.get_by_placeholder("Search conversations").fill("germany")
        later.page.keyboard.press("Enter")
        later.sidebar.get_by_role("button", name="How many stores are there?").click()
        assert set(later.cells(later.answer(3))[::2]) == {"DE"}
        again = later.ask("How many stores are there?", 4)
        again.get_by_text("from your verified query").first.wait_for()
        assert later.problems == []
        later.close()


def test_a_question_is_stopped_while_the_model_writes(chat):
    chat.box.fill("A long answer please")
    chat.page.keyboard.press("Enter")
    chat.messages().nth(1).get_by_text("SELECT").first.wait_for()
    chat.page.get_by_role("button", name="Stop").click()
    chat.page.get_by_text("You stopped this question.").wait_for()
    shown = chat.messages().nth(1).get_by_test_id("stCode").inner_text()
    assert LONG_SQL.startswith(shown.strip()[:20])
    assert "name_199" not in shown
    assert chat.cells(chat.ask("How many stores are there?", 1)) == ["12"]


def test_two_browsers_at_once_get_their_own_answers(chat, server, browser):
    window = browser.new_context()
    other = ChatPage(window, server.address)
    for each, question in ((chat, "How many stores are there?"), (other, "How many customers are there?")):
        each.box.fill(question)
        each.page.keyboard.press("Enter")
    assert chat.cells(chat.answer(0)) == ["12"]
    assert other.cells(other.answer(0)) == ["260"]
    assert "customers" not in chat.messages().nth(1).inner_text()
    assert chat.messages().count() == other.messages().count() == 2
    window.close()


def test_a_failed_question_is_shown_as_a_failure(chat):
    answer = chat.ask("nope?", 0)
    assert "not answered" in answer.get_by_test_id("stAlert").inner_text()
    assert 'no such column "nope"' in answer.inner_text()


def test_an_unclear_question_is_asked_again_in_the_other_meaning_with_one_click(chat):
    answer = chat.ask("How many are there in Berlin?", 0)
    answer.get_by_text("Did you mean the city of customers?").wait_for()
    answer.get_by_role("button", name="city of customers").click()
    chat.answer(1)
    assert "customer city Berlin" in chat.messages().nth(2).inner_text()


def test_values_of_a_column_are_switched_off_on_the_page(chat, tmp_path):
    chat.open_file(shutil.copyfile(DEMO_DATABASE, tmp_path / "private.sqlite"))
    chat.show("Data")
    cells = chat.page.locator("[role=gridcell]")
    cells.first.wait_for(state="attached")
    assert any("Germany" in text for text in cells.all_text_contents())
    chat.page.get_by_role("combobox", name="Values switched off").fill("name")
    chat.page.keyboard.press("Enter")
    cells.filter(has_text="(switched off)").wait_for(state="attached")
    assert not any("Germany" in text for text in cells.all_text_contents())
