"""The whole flow on a Spider dev database that nothing was trained on, with the bundled model, in a browser."""

import pytest
from ui_server import ChatPage, serve

pytest_plugins = ["ui_browser"]

PER_COUNTRY = "SELECT Country, COUNT(*) AS singers FROM singer GROUP BY Country ORDER BY Country"


def test_a_database_is_connected_asked_edited_drawn_taught_and_followed_up(shared_data, context, tmp_path):
    database = shared_data / "spider_dev" / "databases" / "concert_singer.sqlite"
    if not database.is_file():
        pytest.skip(f"there is no {database}")
    with serve(tmp_path) as address:
        chat = ChatPage(context, address)
        chat.open_file(database)
        chat.ask("How many singers are there?", 0)
        edited = chat.edit(0, PER_COUNTRY)
        assert {"France", "Netherlands", "United States"} <= set(chat.cells(edited))
        edited.get_by_role("radio", name="Bar").click()
        edited.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first.wait_for()
        edited.get_by_role("radio", name="Thumbs up").click()
        edited.get_by_text("Kept as a verified query").wait_for()
        again = chat.ask("How many singers are there?", 2)
        again.get_by_text("from your verified query").first.wait_for()
        french = chat.ask("only in France", 3)
        assert chat.cells(french)[0] == "France"
        assert chat.problems == []
        assert chat.outside == []
        chat.close()
