"""The chat page in a real browser against the real server."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from coderag_app.cli.ui import page_path, server_command

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = "<img src=x onerror=\"document.title='pwned'\"> **bold** [link](https://example.org)"
TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def hostile_database(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "notes.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER, "<i>body</i>" TEXT)')
        connection.executemany("INSERT INTO notes VALUES (?, ?)", [(1, HOSTILE), (2, None)])
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory, hostile_database):
    """The page's address, served by the command line's own command with a scripted LLM."""
    port = free_port()
    environment = {
        **os.environ,
        "CODERAG_DATABASE": str(hostile_database),
        "SCRIPTED_REPLIES": "Show => SELECT * FROM notes ORDER BY id\nnope => SELECT nope FROM notes",
        "PYTHONPATH": str(TESTS),
    }
    with (tmp_path_factory.mktemp("server") / "log").open("w+") as log:
        process = subprocess.Popen(
            server_command(TESTS / "scripted_page.py", port),
            env=environment,
            stdout=log,
            stderr=log,
            cwd=Path(log.name).parent,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, Path(log.name))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, log: Path, timeout_s: float = 90) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the server did not answer: {log.read_text()}")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"])
def test_a_question_shows_sql_and_rows_and_a_hostile_value_stays_text(server, browser, size):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if not is_local(request.url) else None)
    page.goto(server)
    page.get_by_test_id("stChatInputTextArea").fill(f"Show {HOSTILE}")
    page.keyboard.press("Enter")
    answer = page.get_by_test_id("stChatMessage").nth(1)
    answer.get_by_test_id("stDataFrame").wait_for(timeout=60_000)
    assert "SELECT * FROM notes ORDER BY id" in answer.get_by_test_id("stCode").first.inner_text()
    # The grid is drawn on a canvas; the same cells are there as elements for screen readers.
    answer.locator("[role=gridcell]").first.wait_for(state="attached", timeout=60_000)
    cells = answer.locator("[role=gridcell]").all_text_contents()
    headers = answer.locator("[role=columnheader]").all_text_contents()
    assert cells[1] == HOSTILE
    assert "<i>body</i>" in headers
    assert cells[2] == "2"
    assert page.get_by_test_id("stChatMessage").first.inner_text().strip().endswith(HOSTILE)
    assert page.locator("img[src='x'], a[href*='example.org']").count() == 0
    assert "pwned" not in page.title()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    assert problems == []
    assert outside == []
    page.close()


def test_a_failed_question_is_shown_as_a_failure(server, browser):
    page = browser.new_page()
    page.goto(server)
    page.get_by_test_id("stChatInputTextArea").fill("nope?")
    page.keyboard.press("Enter")
    page.get_by_test_id("stAlert").get_by_text("not answered").last.wait_for(timeout=60_000)
    assert 'no such column "nope"' in page.get_by_test_id("stChatMessage").last.inner_text()
    page.close()


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


def test_the_ui_command_serves_the_page_on_this_machine_alone_and_ends_on_ctrl_c(tmp_path):
    port = free_port()
    with (tmp_path / "log").open("w+") as log:
        command = [sys.executable, "-m", "coderag_app.cli", "ui", "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
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
