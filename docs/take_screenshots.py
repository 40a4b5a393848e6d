"""Takes the pictures of the chat page in docs/images: the bundled model on the demo, in a headless Chromium.

.venv/bin/coderag ingest --demo --storage-dir storage/demo
.venv/bin/python docs/take_screenshots.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PER_COUNTRY = (
    "SELECT countries.name AS country, COUNT(*) AS customers FROM customers "
    "JOIN countries ON customers.country_code = countries.code GROUP BY countries.name ORDER BY customers DESC"
)


def main() -> None:
    """Start the page, use it, and save what it shows."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(ROOT / "tests"))
    from ui_server import CHROMIUM, FLAGS, serve

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        with serve(Path(home), CODERAG_STORAGE_DIR=str(ROOT / "storage" / "demo")) as address:
            take_all(browser, address)
        browser.close()


def take_all(browser: Any, address: str) -> None:
    """All pictures, one after the other."""
    from ui_server import ChatPage

    light = browser.new_context(color_scheme="light")
    chat = ChatPage(light, address)
    save(chat, "start_light")
    chat.ask("How many customers are there in each country?", 0)
    answer = chat.edit(0, PER_COUNTRY)
    answer.get_by_role("radio", name="Bar").click()
    answer.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first.wait_for()
    answer.get_by_role("radio", name="Thumbs up").click()
    answer.get_by_text("Kept as a verified query").wait_for()
    answer = chat.ask("How many customers are there in each country?", 2)
    answer.get_by_role("radio", name="Bar").click()
    answer.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first.wait_for()
    answer.get_by_text("Sources (").click()
    chat.page.set_viewport_size({"width": 1440, "height": 1240})
    save(chat, "answer_light")
    chat.page.set_viewport_size({"width": 1440, "height": 900})
    chat.show("Data")
    chat.page.get_by_text("How the tables hang together").click()
    chat.page.get_by_test_id("stGraphVizChart").locator("svg").wait_for()
    save(chat, "data_light")
    address_of_chat = chat.page.url

    dark = browser.new_context(color_scheme="dark")
    chat = ChatPage(dark, address_of_chat)
    chat.ask("only in Germany and France", 3)
    save(chat, "answer_dark")
    chat.show("Verified")
    chat.page.get_by_text("Verified queries").wait_for()
    save(chat, "verified_dark")
    chat.page.set_viewport_size({"width": 390, "height": 844})
    chat.show("Ask")
    narrow = chat.answer(3)
    narrow.get_by_role("radio", name="Bar").click()
    narrow.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first.wait_for()
    chat.messages().nth(6).evaluate("element => element.scrollIntoView()")
    save(chat, "answer_narrow")
    light.close()
    dark.close()


def save(chat: Any, name: str) -> None:
    """Wait until the page rests, and save it."""
    chat.page.mouse.move(0, 0)
    chat.page.get_by_test_id("stSpinner").wait_for(state="detached")
    chat.page.wait_for_timeout(2500)  # charts and tables fade in
    chat.page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
