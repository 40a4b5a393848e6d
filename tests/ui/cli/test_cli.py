"""The command line: what it prints where, and with which exit code. The LLM is scripted; all else is real."""

import sqlite3
from pathlib import Path

import pytest

pytest_plugins = ["cli_runner"]


@pytest.fixture
def hostile_database(tmp_path) -> Path:
    path = tmp_path / "hostile.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER, "[red]name[/]" TEXT, blob BLOB)')
        rows = [(1, "\x1b[31m[bold]x[/]\u202e", b"\x00\x01"), (2, None, None), (3, "NULL", None), (4, "a\nb", None)]
        connection.executemany("INSERT INTO notes VALUES (?, ?, ?)", rows)
    return path


# --- ask ---


def test_ask_shows_sql_rows_and_status(coderag):
    outcome = coderag("ask", "--demo", "How many stores are there?")
    assert outcome.code == 0
    assert "SELECT COUNT(*) AS n FROM stores" in outcome.out
    assert "│ 12 │" in outcome.out
    assert "answered in" in outcome.out
    assert "database demo" in outcome.out
    assert "scripted" in outcome.out


def test_json_is_one_document_and_nothing_else_on_standard_output(coderag):
    outcome = coderag("ask", "--demo", "--json", "How many stores are there?")
    (document,) = outcome.documents
    assert outcome.code == 0
    assert document["rows"] == [[12]]
    assert document["columns"] == ["n"]
    assert document["question"] == "How many stores are there?"
    assert document["status"] == "answered"


def test_what_a_question_leaves_open_is_told_in_text_and_in_json(coderag):
    question, replies = "How many are there in Berlin?", ["SELECT COUNT(*) FROM stores WHERE city = 'Berlin'"]
    assert '"Berlin" was taken as the city of stores.' in coderag("ask", "--demo", question, replies=replies).out
    (document,) = coderag("ask", "--demo", "--json", question, replies=replies).documents
    assert document["clarification"]["words"] == "Berlin"
    assert document["clarification"]["readings"][0]["question"] == "How many are there in customer city Berlin?"


def test_questions_from_standard_input_share_one_loaded_model(coderag):
    replies = ["SELECT 1 AS a", "SELECT 2 AS a", "SELECT 3 AS a"]  # one script: a model loaded anew would say 1 again
    outcome = coderag("ask", "--demo", "--json", replies=replies, stdin="one\n\n  two\nthree")
    assert [document["rows"] for document in outcome.documents] == [[[1]], [[2]], [[3]]]
    assert [document["question"] for document in outcome.documents] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("name", "text"), [("q.txt", "first\nsecond\n"), ("q.jsonl", '{"question": "first"}\n{"question": "second"}\n')]
)
def test_questions_from_a_file(coderag, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    outcome = coderag("ask", "--demo", "--file", name, "--json")
    assert [document["question"] for document in outcome.documents] == ["first", "second"]


def test_one_question_without_an_answer_makes_the_exit_code_1_and_the_others_are_answered(coderag):
    replies = ["SELECT 1 AS a", "CANNOT_ANSWER", "SELECT 3 AS a"]
    outcome = coderag("ask", "--demo", "--json", "--file", "-", replies=replies, stdin="a\nb\nc\n")
    assert outcome.code == 1
    assert [document["status"] for document in outcome.documents] == ["answered", "abstained", "answered"]


def test_a_failure_shows_the_error_and_calls_the_sql_not_accepted(coderag):
    outcome = coderag("ask", "--demo", "x", replies=["SELECT nope FROM stores"])
    assert outcome.code == 1
    assert "No answer" in outcome.out
    assert '"nope"' in outcome.out
    assert "not accepted" in outcome.out
    assert "╭" not in outcome.out.split("Sources")[0]


def test_a_repair_says_what_was_refused_before(coderag):
    outcome = coderag("ask", "--demo", "x", replies=["SELECT nme FROM stores", "SELECT name FROM stores"])
    assert outcome.code == 0
    assert "repaired in" in outcome.out
    assert 'Attempt 1 was refused: no such column "nme"' in outcome.out


def test_a_question_that_cannot_be_asked_is_a_failed_answer(coderag):
    outcome = coderag("ask", "--demo", "--json", "x" * 5000)
    assert outcome.code == 1
    assert outcome.documents[0]["status"] == "failed"
    assert "5000 characters" in outcome.documents[0]["error"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "--demo", "how", "many"], "in quotes"),
        (["ask", "--demo", "--database", "x.sqlite", "q"], "--demo"),
        (["ask", "--demo", "--file", "q.txt", "q"], "--file"),
        (["ask", "--demo", "--timeout-s", "-1", "q"], "timeout_s"),
        (["ask", "--demo", "--no-such-option", "q"], "No such option"),
        (["ask", "q"], "nothing to ask"),
        (["ingest", "--demo", "--spider", "."], "expected one input"),
        (["ingest", "--pairs", "p.jsonl"], "go together"),
        (["ingest", "--file", "p.jsonl", "--map", "question"], "FIELD=COLUMN"),
        (["index", "add"], "FILE"),
        (["index", "remove"], "--db-id"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why_on_standard_error(coderag, arguments, says):
    outcome = coderag(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert says in " ".join(outcome.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "--database", "missing.sqlite", "q"], "missing.sqlite does not exist"),
        (["ask", "--demo", "--file", "missing.txt"], "missing.txt cannot be read"),
        (["ask", "--demo", "--storage-dir", "nowhere", "q"], "coderag ingest"),
        (["index", "info"], "No index in storage"),
        (["ingest", "--file", "missing.jsonl"], "missing.jsonl"),
    ],
)
def test_an_error_of_the_data_exits_with_1_and_is_one_message_without_a_traceback(coderag, arguments, says):
    outcome = coderag(*arguments)
    assert outcome.code == 1
    assert outcome.out == ""
    assert says in outcome.err
    assert outcome.err.count("Error: ") == 1
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("arguments", [["--debug", "index", "info"], ["index", "info", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(coderag, arguments):
    outcome = coderag(*arguments)
    assert outcome.code == 1
    assert "Traceback" in outcome.err
    assert "Error: No index in storage" in outcome.err


def test_a_file_that_is_not_utf8_is_refused_in_words(coderag, tmp_path):
    (tmp_path / "latin1.txt").write_bytes("Où?\n".encode("latin-1"))
    outcome = coderag("ask", "--demo", "--file", "latin1.txt")
    assert outcome.code == 1
    assert "not UTF-8" in outcome.err


# --- values on the screen ---


def test_markup_and_escapes_in_names_and_cells_are_shown_as_text(coderag, hostile_database):
    outcome = coderag("ask", "--database", hostile_database, "x", replies=["SELECT * FROM notes"])
    assert outcome.code == 0
    assert "[red]name[/]" in outcome.out
    assert "\\x1b[31m[bold]x[/]\\u202e" in outcome.out
    assert "a\\nb" in outcome.out
    assert "\x1b" not in outcome.out
    assert "\u202e" not in outcome.out


def test_null_is_told_apart_from_the_text_null(coderag, hostile_database):
    outcome = coderag("ask", "--database", hostile_database, "x", replies=['SELECT "[red]name[/]" AS v FROM notes'])
    cells = [line.strip("│ ") for line in outcome.out.splitlines() if line.startswith("│")]
    assert "NULL" in cells
    assert "'NULL'" in cells


def test_a_result_too_wide_for_the_screen_is_cut_and_says_so(coderag, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    columns = ", ".join(f"'{'v' * 200}' AS column_{number}" for number in range(40))
    outcome = coderag("ask", "--demo", "x", replies=[f"SELECT {columns}"])
    table = [line for line in outcome.out.splitlines() if line.startswith(("╭", "│", "╰"))]
    assert len(table) == 4
    assert max(map(len, table)) <= 100
    assert "more columns not shown" in outcome.out
    assert "--json prints all" in outcome.out


def test_a_long_result_is_cut_on_the_screen_and_whole_in_json(coderag):
    shown = coderag("ask", "--demo", "x", replies=["SELECT id FROM orders"])
    assert "950 rows, the first 20 shown" in shown.out
    whole = coderag("ask", "--demo", "--json", "x", replies=["SELECT id FROM orders"])
    assert len(whole.documents[0]["rows"]) == 950


def test_the_row_limit_is_named_when_it_cut(coderag):
    outcome = coderag("ask", "--demo", "--max-rows", 5, "x", replies=["SELECT id FROM orders"])
    assert "5 rows, cut at the limits" in outcome.out
    assert "--max-rows" in outcome.out


# --- chat ---


def test_chat_answers_line_by_line_and_obeys_its_commands(coderag):
    lines = ["How many?", "/sql", "/schema", "/schema stores", "/sources", "/help", "/foo", "/quit", "never asked"]
    outcome = coderag("chat", "--demo", stdin="\n".join(lines))
    assert outcome.code == 0
    assert outcome.out.count("SELECT COUNT(*) AS n FROM stores") == 2
    assert "products(id, title" in outcome.out
    assert "CREATE TABLE stores" in outcome.out
    assert "no sources" in outcome.out
    assert "no command /foo" in outcome.out
    assert "/schema TABLE" in outcome.out
    assert outcome.out.count("answered in") == 1


def test_chat_runs_sql_of_ones_own_read_only(coderag):
    lines = [
        "/sql SELECT COUNT(*) AS own FROM orders",
        "/sql DELETE FROM orders",
        "/sql SELECT COUNT(*) AS again FROM orders",
    ]
    outcome = coderag("chat", "--demo", stdin="\n".join(lines))
    assert outcome.code == 0
    assert outcome.out.count("950") == 2
    assert "Error: " in outcome.err
    assert "DELETE" in outcome.err.upper()


def test_chat_goes_on_after_a_question_without_an_answer(coderag):
    replies = ["SELECT nope FROM stores"] * 3 + ["SELECT 7 AS seven"]
    outcome = coderag("chat", "--demo", replies=replies, stdin="first\nsecond\n")
    assert outcome.code == 0
    assert "No answer" in outcome.out
    assert "seven" in outcome.out


def test_chat_offers_the_other_meaning_of_a_question_and_asks_in_it(coderag):
    replies = ["SELECT COUNT(*) AS n FROM stores WHERE city = 'Berlin'", "SELECT 'asked again' AS told"]
    lines = ["/1", "How many are there in Berlin?", "/2", "/1", "/1"]
    outcome = coderag("chat", "--demo", "--no-history", replies=replies, stdin="\n".join(lines))
    assert '"Berlin" was taken as the city of stores. Did you mean the city of customers?' in outcome.out
    assert "/1  How many are there in customer city Berlin?" in outcome.out
    assert outcome.out.count("asked again") == 2  # in the SQL and as a cell: the second reply was asked for once
    assert outcome.out.count("nothing to choose from") == 3
