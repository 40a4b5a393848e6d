"""The server for assistants, asked by the protocol's own client over stdio: tools, limits, and what it refuses."""

import asyncio
import json
import sqlite3
import sys
from pathlib import Path

import pytest
from code_repository import write_repository
from sql_cases import MUSIC, fingerprint, read_cases

mcp = pytest.importorskip("mcp")
ROOT = Path(__file__).parents[2]


def served(folder, arguments, calls):
    """Start the server in a process, call its tools one after the other, and return its tools and the results."""
    from mcp.client.stdio import stdio_client

    async def talk():
        command = [sys.executable, "-m", "ui.cli", "mcp", *map(str, arguments)]
        parameters = mcp.StdioServerParameters(
            command=command[0], args=command[1:], cwd=str(folder), env={"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        )
        async with stdio_client(parameters) as (read, write), mcp.ClientSession(read, write) as session:
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            results = [await session.call_tool(name, values) for name, values in calls]
        return tools, [(result.is_error or False, result.content[0].text) for result in results]

    return asyncio.run(asyncio.wait_for(talk(), 300))


def test_code_is_searched_read_and_followed_and_files_outside_are_not(tmp_path):
    write_repository(tmp_path / "shop")
    (tmp_path / "secret.txt").write_text("hidden words")
    (tmp_path / "shop" / ".env").write_text("KEY=hidden")
    outside = ["../secret.txt", str(tmp_path / "secret.txt"), ".env", "shop/../../secret.txt", "a\0b"]
    tools, results = served(
        tmp_path,
        ["--code", "shop", "--index-dir", "index"],
        [
            ("search", {"query": "retry with backoff", "top": 2}),
            ("symbol", {"name": "Session.close"}),
            ("callers", {"name": "Session.close"}),
            ("read", {"path": "shop/session.py", "first_line": 22, "last_line": 23}),
            *(("read", {"path": path}) for path in outside),
        ],
    )
    assert tools == ["search", "symbol", "callers", "read"]
    found = json.loads(results[0][1])["hits"]
    assert found[0]["symbol"] == "retry_with_backoff" and len(found) == 2
    assert json.loads(results[1][1])["definitions"][0]["path"] == "shop/session.py"
    assert [call["caller"] for call in json.loads(results[2][1])["calls"]][0] == "shut_down"
    assert results[3] == (False, '22\t    def close(self):\n23\t        """Give the socket back to the pool."""')
    for failed, text in results[4:]:
        assert failed and "hidden" not in text and "is not in the index" in text


@pytest.mark.model
@pytest.mark.slow
def test_sql_of_an_assistant_passes_the_guard_and_no_attack_changes_anything(tmp_path):
    database = tmp_path / "music.sqlite"
    with sqlite3.connect(database) as connection:
        connection.executescript(MUSIC)
    connection.close()
    before = fingerprint(tmp_path)
    attacks = read_cases("attacks_sqlite.sql")[::12]
    tools, results = served(
        tmp_path,
        ["--database", database, "--timeout-s", "2"],
        [
            ("db_schema", {}),
            ("db_schema", {"table": "nothing"}),
            ("db_query", {"sql": "SELECT COUNT(*) AS n FROM stadium"}),
            *(("db_query", {"sql": case.sql}) for case in attacks),
        ],
    )
    assert tools == ["db_schema", "db_ask", "db_query"]
    assert "CREATE TABLE" in results[0][1] and "singer_in_concert" in results[0][1]
    assert results[1][0] and "expected one of" in results[1][1]
    assert json.loads(results[2][1])["status"] == "answered"
    refused = [failed or json.loads(text)["status"] == "failed" for failed, text in results[3:]]
    assert sum(refused) > len(attacks) // 2
    assert {name: sum_ for name, sum_ in fingerprint(tmp_path).items() if name in before} == before
