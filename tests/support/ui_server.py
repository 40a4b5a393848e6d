"""A chat page in a real browser: the server that is started for it, and what a person does on the page."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ui.cli.ui_command import TOKEN_VARIABLE, page_path, server_command

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--proxy-server=http://127.0.0.1:1",
]  # fmt: skip
TESTS = Path(__file__).parent
PATIENCE_MS = 60_000
LONG_SQL = "SELECT " + ", ".join(f"name AS name_{number}" for number in range(200)) + " FROM stores"
REPLIES = f"""notes => SELECT * FROM notes ORDER BY id
long => {LONG_SQL}
nope => SELECT nope FROM stores
sales => SELECT * FROM sales ORDER BY amount
joined => SELECT people.name, shops.city FROM people JOIN shops ON people.shop = shops.id ORDER BY people.name
Berlin => SELECT COUNT(*) AS n FROM stores WHERE city = 'Berlin'
customers => SELECT COUNT(*) AS customers FROM customers
stores => SELECT COUNT(*) AS stores FROM stores"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen[str], log: Path, timeout_s: float = 90) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"the server did not answer: {log.read_text()}")


@contextmanager
def serve(home: Path, replies: str = "", port: int | None = None, token: str = "", **settings: str) -> Iterator[str]:
    """Serve the page with a home of its own, as the command line does; replies make its LLM a scripted one.

    Without a token it is served as with --no-token; ``tests/ui/page/test_token.py`` tries the token.

    Yields:
        The address. The server ends with the context.
    """
    port = port or free_port()
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONPATH": str(TESTS),
        "SCRIPTED_REPLIES": replies,
        TOKEN_VARIABLE: token,
        **settings,
    }
    command = server_command(TESTS / "scripted_page.py" if replies else page_path(), port)
    log = home / "server.log"
    with log.open("a") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=home, text=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


class ChatPage:
    """One browser tab on the page."""

    def __init__(self, context: Any, address: str, width: int = 1440, height: int = 900) -> None:
        self.page = context.new_page()
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE_MS)
        self.problems: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: is_local(request.url) or self.outside.append(request.url))
        self.page.goto(address)
        self.box.wait_for()

    def begin(self) -> None:
        """A wide window, the demo, an empty chat."""
        self.page.set_viewport_size({"width": 1440, "height": 900})
        if self.sidebar.get_by_text("demo", exact=True).count() == 0:
            self.show("Connect")
            self.page.get_by_role("radio", name="Demo").click()
            self.page.get_by_role("button", name="Open the demo").click()
            self.sidebar.get_by_text("demo", exact=True).wait_for()
        self.page.get_by_role("button", name="New chat").click()
        self.page.get_by_text("Ask your database").wait_for()
        self.rest()

    @property
    def sidebar(self) -> Any:
        return self.page.get_by_test_id("stSidebar")

    @property
    def box(self) -> Any:
        return self.page.get_by_test_id("stChatInputTextArea")

    def messages(self) -> Any:
        return self.page.get_by_test_id("stChatMessage")

    def ask(self, question: str, turn: int) -> Any:
        """Ask; the answer's bubble, once it is complete. ``turn`` counts questions and edits from 0."""

        def press(timeout_ms: float) -> None:
            if not self.box.is_visible():  # a second press on what opens a database may show that part again
                self.show("Ask")
            if self.messages().count() <= 2 * turn:
                self.box.fill(question, timeout=timeout_ms)
                self.box.press("Enter")
            self.messages().nth(2 * turn).wait_for(timeout=timeout_ms)

        repeat(press)
        return self.answer(turn)

    def answer(self, turn: int) -> Any:
        bubble = self.messages().nth(2 * turn + 1)
        bubble.get_by_text("How it came about").wait_for()
        return bubble

    def show(self, view: str) -> None:
        parts = self.page.get_by_role("radiogroup", name="Part of the page")
        heading = {"Data": "Tables", "Verified": "Verified queries", "Connect": "Connect"}.get(view)
        sought = self.page.get_by_role("heading", name=heading, exact=True) if heading else self.box

        def choose(timeout_ms: float) -> None:
            parts.get_by_role("radio", name=view).click()
            sought.wait_for(timeout=timeout_ms)

        repeat(choose)
        self.rest()

    def open_file(self, path: Path) -> None:
        field = self.page.get_by_role("textbox", name="Path of a SQLite")
        self.connect_by("File", field)

        def press(timeout_ms: float) -> None:
            if field.is_visible():
                field.fill(str(path))
                field.press("Enter")  # nothing comes of it before the form's button is there
            self.opened(path.stem, timeout_ms)

        repeat(press)

    def connect_by(self, way: str, shown: Any) -> None:
        """Show one way to connect, whose part of the page is then there."""
        radio = self.page.get_by_role("radio", name=way, exact=True)
        self.show("Connect")

        def choose(timeout_ms: float) -> None:
            if not radio.is_visible():  # what the test before opened may have brought its own part of the page late
                self.show("Connect")
            radio.click(timeout=timeout_ms)
            shown.wait_for(timeout=timeout_ms)

        repeat(choose)
        self.rest()

    def opened(self, name: str, timeout_ms: float = PATIENCE_MS) -> None:
        """Wait until a database of this name is open."""
        self.sidebar.get_by_text(name, exact=True).wait_for(state="attached", timeout=timeout_ms)
        self.box.wait_for()

    def choose_files(self, *paths: Path) -> None:
        """Show the place to drop files on and choose these; they lie there, not yet opened."""
        self.show_drop_zone()
        self.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(paths)

    def show_drop_zone(self) -> Any:
        """The place to drop files on."""
        zone = self.page.get_by_test_id("stFileUploaderDropzone")
        self.connect_by("Drop files", zone)
        return zone

    def download(self, button: Any) -> Any:
        """What a download button sends."""

        def receive(timeout_ms: float) -> Any:
            with self.page.expect_download(timeout=timeout_ms) as started:
                button.click()
            return started.value

        return repeat(receive)

    def rest(self) -> None:
        """Wait until the page is drawn to its end: it may take the place of what a faster hand has touched."""
        self.page.wait_for_timeout(100)
        self.page.locator("[data-test-script-state=notRunning]").wait_for()
        self.page.locator("[data-stale=true]").first.wait_for(state="detached")

    def edit(self, turn: int, sql: str) -> Any:
        """Change the SQL of an answer and run it; the new answer's bubble."""
        bubble = self.messages().nth(2 * turn + 1)
        button = bubble.get_by_role("button", name="Edit SQL")
        field = bubble.get_by_role("textbox", name="SQL")

        def open_box(timeout_ms: float) -> None:
            if not field.is_visible():
                button.click(timeout=timeout_ms)
            field.wait_for(timeout=timeout_ms)

        def run(timeout_ms: float) -> None:
            if field.is_visible():
                field.fill(sql)
                field.press("Control+Enter")  # nothing comes of it before the form's button is there
            self.messages().nth(2 * turn + 2).wait_for(timeout=timeout_ms)

        self.rest()
        repeat(open_box)
        self.rest()
        repeat(run)
        return self.answer(turn + 1)

    def cells(self, bubble: Any) -> list[str]:
        """The cells of an answer's table: drawn on a canvas, and there as elements for screen readers."""
        bubble.locator("[role=gridcell]").first.wait_for(state="attached")
        return bubble.locator("[role=gridcell]").all_text_contents()

    def close(self) -> None:
        self.page.close()


def repeat(press: Callable[[float], Any], tries: int = 4) -> Any:
    """Press a button again where nothing came of it: the page may just have put another in the place of what was hit.

    ``press`` takes the milliseconds to wait and returns what it waited for.
    """
    from playwright.sync_api import TimeoutError as NothingHappenedError

    for left in reversed(range(tries)):
        try:
            return press(PATIENCE_MS / tries)
        except NothingHappenedError:
            if not left:
                raise
    return None


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
