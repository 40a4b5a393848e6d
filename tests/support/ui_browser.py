"""Fixtures of the tests in a real browser: one server for all of them, one browser and one tab for a file.

The browser reaches 127.0.0.1 alone: everything else goes to a proxy that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ui_server import CHROMIUM, FLAGS, REPLIES, ChatPage, serve


@dataclass(frozen=True)
class Server:
    """A running page; ``home`` is the folder it runs and keeps its state in."""

    address: str
    home: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page with a scripted LLM; tests leave the demo database as it is and teach on copies."""
    home = tmp_path_factory.mktemp("server")
    with serve(home, REPLIES, SCRIPTED_DELAY_S="0.01") as address:
        yield Server(address, home)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Not for the whole session: the event loop that drives it is in the way of other tests."""
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
def context(browser: Any) -> Iterator[Any]:
    """One browser window with its cache; each page in it is a session of its own."""
    window = browser.new_context(reduced_motion="reduce")
    yield window
    window.close()


@pytest.fixture(scope="module")
def tab(server: Server, context: Any) -> Iterator[ChatPage]:
    """The tab that tests share, since loading the page is what takes longest."""
    page = ChatPage(context, server.address)
    yield page
    page.close()


@pytest.fixture
def chat(tab: ChatPage) -> Iterator[ChatPage]:
    """The shared tab in a new chat about the demo; afterwards nothing went wrong in it or out of this machine."""
    tab.begin()
    yield tab
    assert tab.problems == []
    assert tab.outside == []
