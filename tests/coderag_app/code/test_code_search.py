"""Searching a small repository: the right lines come first, with the reason; calls and symbols by name."""

import pytest
from code_repository import write_repository

from coderag_app.code.code_query import read_code_query
from coderag_app.code.code_search import CodeSearcher
from coderag_app.code.code_words import words_of
from coderag_app.code.references import find_callers, find_symbols
from ingestion.repository.refresh import open_code_index


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    return open_code_index(write_repository(folder / "shop"), folder / "index")


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("retry with backoff", "shop/session.py:28-35"),
        ("where is the socket returned to the pool?", "shop/session.py:22-27"),
        ("Session.close", "shop/session.py:22-27"),
        ("connecting to the server", "shop/session.py:17-21"),
        ("addItem", "web/cart.ts:3-8"),
        ("add an item to a cart", "web/cart.ts:3-8"),
        ("how are prices discounted", "shop/prices.go:3-6"),
        ("when are refunds paid", "README.md:5-7"),
        ("region of the machines", "deploy.cfg:1-2"),
    ],
)
def test_the_lines_that_are_asked_for_come_first(index, question, place):
    path, _, lines = place.partition(":")
    first, _, last = lines.partition("-")
    hit = CodeSearcher(index).search(question)[0]
    assert hit.path == path
    assert hit.first_line <= int(last) and hit.last_line >= int(first)


def test_a_hit_says_what_it_has_of_the_question(index):
    hit = CodeSearcher(index).search("retry with backoff after an error")[0]
    assert hit.symbol == "retry_with_backoff"
    assert set(hit.why["name"]) == {"retri", "backoff"}
    assert hit.signature == "def retry_with_backoff(action, attempts=RETRIES):"


def test_language_and_path_narrow_the_search(index):
    searcher = CodeSearcher(index)
    assert {hit.language for hit in searcher.search("item session price", language="typescript")} == {"typescript"}
    assert {hit.path for hit in searcher.search("session", path="tests/")} == {"tests/test_session.py"}
    assert {hit.path for hit in searcher.search("session", path="*.md")} == set()


@pytest.mark.parametrize("question", ["", "   ", "?!", "the of and", "zzzzqqq", "\x00\x1b", "x" * 100_000, "名前"])
def test_a_question_without_a_known_word_finds_nothing(index, question):
    assert CodeSearcher(index).search(question) == []


def test_a_symbol_is_found_by_its_last_name_and_by_its_whole_name(index):
    assert [place.place for place in find_symbols(index, "Session.close")] == ["shop/session.py:22-25"]
    assert [place.symbol.name for place in find_symbols(index, "close")] == ["Session.close"]
    assert find_symbols(index, "Other.close") == []
    assert [place.symbol.name for place in find_symbols(index, "Basket::Discount()")] == ["Basket.Discount"]


def test_callers_come_with_their_function_and_tests_alone_if_asked(index):
    calls = find_callers(index, "Session.close")
    assert [(call.path, call.caller) for call in calls] == [
        ("shop/session.py", "shut_down"),
        ("tests/test_session.py", "test_a_session_gives_its_socket_back"),
    ]
    assert all(call.certain for call in calls)
    assert [call.path for call in find_callers(index, "close", tests_only=True)] == ["tests/test_session.py"]


def test_a_call_that_may_mean_two_definitions_says_so(tmp_path):
    files = {"a.py": "def close():\n    pass\n", "b.py": "def close():\n    pass\n\n\ndef end():\n    close()\n"}
    index = open_code_index(write_repository(tmp_path / "two", files), tmp_path / "index")
    assert [call.certain for call in find_callers(index, "close")] == [False]


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("getHTTPAdapter", ["get", "http", "adapt", "gethttpadapter"]),
        ("get_http_adapter", ["get", "http", "adapt", "gethttpadapter"]),
        ("sessions", ["session"]),
        ("größe", ["größe"]),
        ("utf8", ["utf", "8", "utf8"]),
    ],
)
def test_identifiers_are_taken_apart(identifier, words):
    assert list(words_of(identifier)) == words


def test_a_question_gives_up_its_filler_but_not_its_names():
    query = read_code_query("Where is `Session.close` used in the code?")
    assert "where" not in query.words and {"session", "close"} <= set(query.words)
    assert query.dotted == (("Session", "close"),)
    assert not query.about_tests
