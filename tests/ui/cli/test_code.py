"""`coderag code`: what is printed, as text and as JSON, and the exit codes."""

import json

import pytest
from code_repository import write_repository

pytest_plugins = ["cli_runner"]


@pytest.fixture
def ask(coderag, tmp_path):
    """Run a command of `coderag code` on the small repository."""
    write_repository(tmp_path / "shop")

    def run(command: str, *arguments: str):
        place = ["shop"] if command in ("index", "status", "verify") else ["--repo", "shop"]
        return coderag("code", command, *arguments, *place, "--index-dir", "index")

    return run


def test_search_prints_places_and_reasons_can_be_read_by_programs(ask):
    shown = ask("search", "retry with backoff", "--top", "1")
    assert shown.code == 0
    assert shown.out.startswith("shop/session.py:28-")
    assert "function retry_with_backoff" in shown.out.splitlines()[0]
    hit = json.loads(ask("search", "retry with backoff", "--top", "1", "--json").out)[0]
    assert (hit["path"], hit["symbol"], hit["kind"]) == ("shop/session.py", "retry_with_backoff", "function")


def test_index_counts_what_was_read_and_what_was_left_out(ask, tmp_path):
    (tmp_path / "shop" / ".env").write_text("KEY=1")
    first = ask("index")
    assert "6 files in" in first.out and "6 read, 0 unchanged" in first.out
    assert "left out: 1 secret" in first.out
    assert "0 read, 6 unchanged" in ask("index").out
    assert json.loads(ask("index", "--json").out)["kept"] == 6


def test_symbols_callers_and_tests_are_printed_with_their_lines(ask):
    assert "shop/session.py:22-25  function Session.close" in ask("symbol", "Session.close").out
    assert "shop/session.py:39  shut_down" in ask("callers", "Session.close").out
    assert "tests/test_session.py:6" in ask("tests", "Session.close").out
    assert "shop/session.py" not in ask("tests", "Session.close").out


@pytest.mark.parametrize(
    "arguments", [("search", "zzzqqq"), ("symbol", "nothing"), ("callers", "nothing"), ("tests", "open")]
)
def test_nothing_found_is_exit_code_1_and_says_so(ask, arguments):
    outcome = ask(*arguments)
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err


def test_status_and_verify_need_an_index_and_verify_sees_changes(ask, tmp_path):
    assert ask("status").code == 1
    ask("index")
    assert "python: 2" in ask("status").out
    assert ask("verify").code == 0
    (tmp_path / "shop" / "README.md").write_text("# Other\n")
    outcome = ask("verify")
    assert outcome.code == 1 and "changed  README.md" in outcome.out


def test_a_missing_repository_is_one_clear_message(coderag):
    outcome = coderag("code", "search", "x", "--repo", "nowhere")
    assert outcome.code == 1
    assert "expected a folder with code" in outcome.err


def test_control_characters_of_a_path_are_shown_as_escapes(coderag, tmp_path):
    write_repository(tmp_path / "odd", {"a\x1b[31m.py": "def redden():\n    pass\n"})
    outcome = coderag("code", "search", "redden", "--repo", "odd", "--index-dir", "index")
    assert "\x1b" not in outcome.out and "redden" in outcome.out


def test_ask_shows_the_lines_and_says_what_is_not_here(ask):
    shown = ask("ask", "where is an action called again after an error?")
    assert shown.code == 0
    assert "def retry_with_backoff" in shown.out and "why: " in shown.out
    answer = json.loads(ask("ask", "which code closes a session and gives the socket back?", "--json").out)
    assert answer["here"] and answer["best"]["symbol"] == "Session.close"
    assert [call["caller"] for call in answer["callers"]] == ["shut_down", "test_a_session_gives_its_socket_back"]
    elsewhere = ask("ask", "how are galaxies rendered with shaders on the graphics card?")
    assert elsewhere.code == 1
    assert "ot here" in elsewhere.out + elsewhere.err


def test_evaluate_measures_known_places_and_refuses_other_rows(ask, tmp_path):
    rows = [
        {"question": "retry with backoff", "places": [{"path": "shop/session.py", "start": 28, "end": 35}]},
        {"query": "how are prices discounted", "relevant": ["shop/prices.go"]},
        {"question": "which shader draws galaxies", "places": []},
    ]
    (tmp_path / "known.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = json.loads(ask("evaluate", "known.jsonl", "--json").out)
    assert (found["questions"], found["hit@1"], found["nDCG@10"]) == (3, 1.0, 1.0)
    (tmp_path / "known.jsonl").write_text('{"text": "x"}')
    outcome = ask("evaluate", "known.jsonl")
    assert outcome.code == 2 and 'expected "question" and "places"' in outcome.err
