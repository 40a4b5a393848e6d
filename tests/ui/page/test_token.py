"""The page opens for whoever has its token, in a real browser and past it."""

import http.client
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ui_server import REPLIES, ChatPage, free_port, serve, wait_for

from ui.cli.ui_command import TOKEN_VARIABLE

pytest_plugins = ["ui_browser"]

TOKEN = "right-Token_123"
COOKIE = re.compile(r"coderag_\w+=[0-9a-f]{64}")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("guarded")


@pytest.fixture(scope="module")
def guarded(home) -> Iterator[str]:
    with serve(home, REPLIES, token=TOKEN) as address:
        yield address


def reply(address: str, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def cookie_of(address: str) -> str:
    return COOKIE.search(reply(address, f"/?token={TOKEN}").headers["set-cookie"])[0]


@pytest.mark.parametrize(("query", "says"), [("", "needs its token"), ("?token=wrong", "not the one of this server")])
def test_without_the_right_token_a_browser_sees_a_plain_page_that_says_what_to_do(guarded, browser, query, says):
    window = browser.new_context()
    page = window.new_page()
    requests = []
    page.on("websocket", lambda socket: requests.append(socket.url))
    response = page.goto(f"{guarded}/{query}")
    text = page.locator("body").inner_text()
    assert response.status == 403
    assert says in text
    assert "coderag ui" in text
    assert page.get_by_test_id("stApp").count() == 0
    assert requests == []
    assert window.cookies() == []
    window.close()


def test_with_the_token_the_page_opens_and_reloads_and_links_work_without_it(guarded, browser, home):
    window = browser.new_context()
    chat = ChatPage(window, f"{guarded}/?token={TOKEN}")
    assert "token" not in chat.page.url
    assert chat.cells(chat.ask("How many stores are there?", 0)) == ["12"]
    chat.page.wait_for_url("**/?chat=*")
    chat.page.reload()
    assert chat.cells(chat.answer(0)) == ["12"]
    link = ChatPage(window, chat.page.url)
    assert link.cells(link.answer(0)) == ["12"]
    (cookie,) = [each for each in window.cookies() if each["name"].startswith("coderag_")]
    assert cookie["httpOnly"] and cookie["expires"] == -1 and TOKEN not in cookie["value"]
    assert "token" not in chat.page.evaluate("document.cookie + JSON.stringify(localStorage) + document.referrer")
    assert chat.problems == link.problems == []
    window.close()
    for path in home.rglob("*"):
        if path.is_file() and path.name != "server.log":
            assert TOKEN.encode() not in path.read_bytes(), path


def test_logs_hold_the_address_once_and_nothing_else_of_the_token(guarded, home):
    reply(guarded, f"/?token={TOKEN}")
    reply(guarded, f"/_stcore/host-config?token={TOKEN}")
    assert (home / "server.log").read_text().count(TOKEN) == 1


PATHS = [
    "/", "/index.html", "/_stcore/host-config", "/_stcore/script-health-check", "/_stcore/metrics", "/media/abc.csv",
    "/static/js/index.js", "/component/x/index.html", "/_stcore/upload_file/a/b", "//_stcore/health",
    "/_stcore/health/..",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_else_that_the_server_has_answers_without_the_token(guarded, path, method):
    assert reply(guarded, path, method).status == 403
    assert reply(guarded, f"{path}?token=wrong", method).status == 403
    assert reply(guarded, path, method, Cookie="coderag_000000000000=x; token=" + TOKEN).status == 403


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec_WebSocket_Protocol": "streamlit",
}  # fmt: skip


def test_the_connection_of_a_session_needs_the_cookie_and_the_own_origin(guarded):
    cookie = cookie_of(guarded)
    stream = "/_stcore/stream"
    assert reply(guarded, stream, **UPGRADE).status == 403
    assert reply(guarded, f"{stream}?token={TOKEN}", **UPGRADE).status == 403
    assert reply(guarded, stream, **UPGRADE, Cookie=cookie[:-1] + "g").status == 403
    assert reply(guarded, stream, **UPGRADE, Cookie=cookie, Origin="http://127.0.0.1:1").status == 403
    assert reply(guarded, stream, **UPGRADE, Cookie=cookie, Origin="null").status == 403
    assert reply(guarded, stream, **UPGRADE, Cookie=cookie, Origin=guarded).status == 101


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1@evil", "[::1", ""]
)
def test_another_name_for_this_machine_is_refused_even_with_the_cookie(guarded, host):
    assert reply(guarded, "/", Cookie=cookie_of(guarded), Host=host).status in (400, 403)


def test_the_answer_forbids_frames_and_other_hosts(guarded):
    for path, cookie in (("/", cookie_of(guarded)), ("/", ""), ("/_stcore/health", "")):
        headers = reply(guarded, path, Cookie=cookie).headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_exchange_keeps_the_rest_of_the_address_and_never_leads_to_another_host(guarded):
    kept = reply(guarded, f"/?chat=a%20b&token={TOKEN}").headers["location"]
    assert kept == "/?chat=a+b"
    for path in ("//evil.example/", "/\\evil.example", "/%2f%2fevil.example"):
        location = reply(guarded, f"{path}?token={TOKEN}").headers["location"]
        assert re.fullmatch(r"/(?![/\\]).*", location), location


@pytest.mark.parametrize("flags", [(), ("--no-token",)])
def test_the_command_prints_the_address_and_no_process_shows_the_token(tmp_path, flags):
    port = free_port()
    log = tmp_path / "log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "ui.cli", "ui", "--port", str(port), *flags]
        environment = {**os.environ, "HOME": str(tmp_path), TOKEN_VARIABLE: "planted"}
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=tmp_path, env=environment, text=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            token = re.search(rf"http://127\.0\.0\.1:{port}/(?:\?token=([\w-]{{40,}}))?\n", log.read_text())[1]
            arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
            address = f"http://127.0.0.1:{port}"
            if flags:
                assert token is None
                assert reply(address, "/").status == 200
            else:
                assert token not in arguments
                assert reply(address, "/").status == reply(address, "/?token=planted").status == 403
                assert reply(address, f"/?token={token}").status == 303
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        finally:
            process.kill()


def test_the_server_does_not_start_by_chance_without_a_word_about_the_token(tmp_path):
    from ui.cli.ui_command import page_path, server_command

    environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    command = server_command(page_path(), free_port())
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "coderag ui" in ended.stderr


def test_the_history_holds_no_token_that_was_typed(guarded, browser, home):
    window = browser.new_context()
    chat = ChatPage(window, f"{guarded}/?token={TOKEN}")
    chat.ask(f"How many stores are at {guarded}/?token={TOKEN}", 0)
    with sqlite3.connect(home / "state" / "coderag" / "history.sqlite") as history:
        kept = repr(
            history.execute("SELECT * FROM turns").fetchall()
            + history.execute("SELECT * FROM conversations").fetchall()
        )
    assert "stores" in kept and TOKEN not in kept
    assert TOKEN not in chat.messages().first.inner_text()
    window.close()
