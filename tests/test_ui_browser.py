"""The chat page in a real browser against the real server, with a scripted LLM."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from ui_server import CHROMIUM, FLAGS, ChatPage, free_port, serve, wait_for

from coderag_app.cli.ui import page_path

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"> **bold** [link](https://example.org)"
LONG_SQL = "SELECT " + ", ".join(f"name AS name_{number}" for number in range(200)) + " FROM stores"
REPLIES = f"""notes => SELECT * FROM notes ORDER BY id
long => {LONG_SQL}
nope => SELECT nope FROM stores
customers => SELECT COUNT(*) AS customers FROM customers
stores => SELECT COUNT(*) AS stores FROM stores"""


@pytest.fixture(scope="module")
def hostile_database(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "notes.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER, "<i>body</i>" TEXT)')
        connection.executemany("INSERT INTO notes VALUES (?, ?)", [(1, HOSTILE), (2, None)])
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("server"), REPLIES, SCRIPTED_DELAY_S="0.01") as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"there is no browser at {CHROMIUM}; install it: apt-get install chromium")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright drives the browser: pip install playwright"
    )
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(browser):
    """One browser window with its cache; each page in it is a session of its own."""
    window = browser.new_context()
    yield window
    window.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_hostile_values_and_questions_stay_text_and_nothing_is_fetched_from_outside(
    server, context, hostile_database, size
):
    chat = ChatPage(context, server, *size)
    chat.open_file(hostile_database)
    answer = chat.ask(f"Show notes {HOSTILE}", 0)
    cells = chat.cells(answer)
    headers = answer.locator("[role=columnheader]").all_text_contents()
    assert cells[1] == HOSTILE
    assert cells[2] == "2"
    assert "<i>body</i>" in headers
    assert chat.messages().first.inner_text().strip().endswith(HOSTILE)
    page = chat.page
    assert page.locator("img[src='x'], a[href*='example.org']").count() == 0
    assert "pwned" not in page.title()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    chat.show("Data")
    page.get_by_text("How the tables hang together").click()
    page.get_by_test_id("stGraphVizChart").locator("svg").wait_for()
    assert chat.problems == []
    assert chat.outside == []
    chat.close()


def test_a_question_is_edited_drawn_confirmed_followed_up_and_found_after_a_restart(context, tmp_path):
    port = free_port()
    with serve(tmp_path, REPLIES, port) as address:
        chat = ChatPage(context, address)
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
        assert chat.problems == []
        chat.close()
    assert "GROUP BY country_code" in next((tmp_path / "verified").glob("*.sql")).read_text()
    with serve(tmp_path, REPLIES, port) as address:
        chat = ChatPage(context, address)
        chat.page.get_by_placeholder("Search conversations").fill("germany")
        chat.page.keyboard.press("Enter")
        sidebar = chat.page.get_by_test_id("stSidebar")
        sidebar.get_by_role("button", name="How many stores are there?").click()
        assert set(chat.cells(chat.answer(3))[::2]) == {"DE"}
        again = chat.ask("How many stores are there?", 4)
        again.get_by_text("from your verified query").first.wait_for()
        chat.close()


def test_a_question_is_stopped_while_the_model_writes(server, context):
    chat = ChatPage(context, server)
    chat.box.fill("A long answer please")
    chat.page.keyboard.press("Enter")
    writing = chat.messages().nth(1)
    writing.get_by_text("SELECT").first.wait_for()
    chat.page.get_by_role("button", name="Stop").click()
    chat.page.get_by_text("You stopped this question.").wait_for()
    shown = chat.messages().nth(1).get_by_test_id("stCode").inner_text()
    assert LONG_SQL.startswith(shown.strip()[:20])
    assert "name_199" not in shown
    assert chat.cells(chat.ask("How many stores are there?", 1)) == ["12"]
    chat.close()


def test_two_browsers_at_once_get_their_own_answers(server, browser, context):
    other = browser.new_context()
    first, second = ChatPage(context, server), ChatPage(other, server)
    for chat, question in ((first, "How many stores are there?"), (second, "How many customers are there?")):
        chat.box.fill(question)
        chat.page.keyboard.press("Enter")
    assert first.cells(first.answer(0)) == ["12"]
    assert second.cells(second.answer(0)) == ["260"]
    assert "customers" not in first.messages().nth(1).inner_text()
    assert first.messages().count() == second.messages().count() == 2
    first.close()
    other.close()


def test_a_failed_question_is_shown_as_a_failure(server, context):
    chat = ChatPage(context, server)
    answer = chat.ask("nope?", 0)
    assert "not answered" in answer.get_by_test_id("stAlert").inner_text()
    assert 'no such column "nope"' in answer.inner_text()
    chat.close()


def test_the_ui_command_serves_the_page_on_this_machine_alone_and_ends_on_ctrl_c(tmp_path):
    port = free_port()
    with (tmp_path / "log").open("w+") as log:
        command = [sys.executable, "-m", "coderag_app.cli", "ui", "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, text=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, tmp_path / "log")
            assert listening_addresses(port) <= {"0100007F"}  # 127.0.0.1, as the kernel writes it
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) in (0, 1, 130)
        finally:
            process.kill()
        assert "Traceback" not in (tmp_path / "log").read_text()


def listening_addresses(port: int) -> set[str]:
    """Local addresses, in the kernel's hexadecimal, on which a TCP port is open."""
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            host, _, number = address.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(host)
    return found


def test_the_page_is_found_in_the_installed_package():
    assert page_path().name == "app.py"
    assert page_path().parent.name == "ui"
