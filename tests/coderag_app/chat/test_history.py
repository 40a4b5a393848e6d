"""Conversations survive a restart, hold no password, and become Markdown and notebooks that are valid."""

import json
import sqlite3
import stat
import threading
from dataclasses import replace
from datetime import date

import nbformat
import pytest

from coderag_app.chat.history import MAX_STORED_ROWS, HistoryStore
from coderag_app.chat.history_export import to_markdown, to_notebook
from coderag_app.errors import HistoryError
from coderag_app.types import AnswerStatus, Attempt, Confidence, RetrievedExample, SQLAnswer, SQLExample

ANSWER = SQLAnswer(
    "How many?",
    "SELECT count(*) FROM t",
    AnswerStatus.ANSWERED,
    ("n",),
    ((3,),),
    executed=True,
    sources=(RetrievedExample(SQLExample("q", "s", "c", "d"), 0.5),),
    attempts=(Attempt("r", "s", ""),),
    timings_s={"total": 0.5},
    confidence=Confidence(0.9, None, 0.5, ("sure",)),
)


@pytest.fixture
def store(tmp_path):
    return HistoryStore(tmp_path / "state" / "history.sqlite")


def test_a_conversation_is_read_back_as_it_was_by_another_program(store):
    number = store.new("First", "shop")
    store.save_turn(number, ANSWER)
    store.save_turn(number, replace(ANSWER, rows=((date(2024, 1, 2),),)), asked="and when?", note="the day")
    found = HistoryStore(store.path).load(number)
    assert found.turns[0].answer == ANSWER and found.turns[0].asked == "How many?"
    assert (found.turns[1].asked, found.turns[1].note) == ("and when?", "the day")
    assert found.turns[1].answer.rows == (("2024-01-02",),)


def test_the_file_is_readable_by_its_owner_alone(store):
    store.new("First", "shop")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_conversations_are_listed_latest_first_and_searched_in_titles_questions_and_sql(store):
    first, second = store.new("Stores", "shop"), store.new("100% _sure", "shop")
    store.save_turn(first, ANSWER)
    assert [c.id for c in store.conversations()] == [first, second]
    assert [c.id for c in store.conversations("COUNT(")] == [c.id for c in store.conversations("how many")] == [first]
    assert [c.id for c in store.conversations("0% _s")] == [second] and store.conversations("0%x_s") == []


def test_titles_change_and_what_is_deleted_is_gone_from_the_file(store):
    number = store.new("Secretword", "shop")
    store.save_turn(number, replace(ANSWER, question="Hiddenword"))
    store.rename(number[:6], "  New\n title ")
    assert store.conversations()[0].title == "New title"
    store.delete(number)
    assert store.conversations() == [] and b"Hiddenword" not in store.path.read_bytes()
    with pytest.raises(HistoryError, match=number):
        store.load(number)


def test_no_password_of_a_url_is_kept(store):
    url = "postgresql://ann:s3cret@host/shop"
    number = store.new(url, url)
    store.save_turn(number, replace(ANSWER, error=f"{url} is down", rows=((url,),)), asked=f"ask {url}", note=url)
    assert b"s3cret" not in store.path.read_bytes()
    assert "ann:***@host" in store.load(number).turns[0].asked


def test_long_results_are_cut_and_say_so(store):
    number = store.new("x", "y")
    store.save_turn(number, replace(ANSWER, rows=tuple((n,) for n in range(1000))))
    kept = store.load(number).turns[0].answer
    assert len(kept.rows) == MAX_STORED_ROWS and kept.truncated


def test_several_threads_write_at_once(store):
    number = store.new("x", "y")
    threads = [threading.Thread(target=store.save_turn, args=(number, ANSWER)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.load(number).turns) == 8


@pytest.mark.parametrize(
    "content", [b"this is no database at all, and long enough to be read", b"SQLite format 3\x00x"]
)
def test_a_damaged_file_is_named_and_kept(store, content):
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"history\.sqlite"):
        store.conversations()
    assert store.path.read_bytes() == content


def test_a_newer_format_is_refused(store):
    store.new("x", "y")
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(HistoryError, match="format 99"):
        store.conversations()


def hostile(store):
    number = store.new("# Title *bold* <b>", "shop")
    rows = (("<script>alert(1)</script> | pipe\nline", None, "[a](http://x)"),)
    sql = "SELECT '```' || '\"\"\"',\n 1"
    answer = replace(ANSWER, columns=("a|b", "c", "d"), rows=rows, sql=sql)
    store.save_turn(number, answer, asked="what ![img](x) `is`?", note="note_with_stars *")
    store.save_turn(number, replace(ANSWER, status=AnswerStatus.FAILED, error="no such table", rows=(), executed=False))
    return store.load(number)


def test_markdown_shows_names_and_cells_as_they_are(store):
    text = to_markdown(hostile(store))
    assert "<script>" not in text and "![img]" not in text and "](http" not in text
    assert "\n````sql\nSELECT '```'" in text and "**Not answered:** no such table" in text
    (row,) = [line for line in text.splitlines() if "script" in line]
    assert row.replace("\\|", "").count("|") == 4 and "| NULL |" in row


def test_a_notebook_is_valid_and_its_code_runs_the_same_sql(store):
    conversation = hostile(store)
    notebook = nbformat.reads(to_notebook(conversation), as_version=4)
    nbformat.validate(notebook)
    ran = []
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    exec(code[1], {"run": ran.append})
    assert ran == [conversation.turns[0].answer.sql]
    assert len(code) == 2 and "open_database" in code[0]


def test_a_database_name_cannot_become_code(store):
    number = store.new("x", "'; import os #\\")
    source = json.loads(to_notebook(store.load(number)))["cells"][1]["source"]
    compile(source, "cell", "exec")
    assert 'DATABASE = "\'; import os #\\\\"' in source
