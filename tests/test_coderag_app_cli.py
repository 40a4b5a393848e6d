"""The command line: what it prints where, and with which exit code. The LLM is scripted; all else is real."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.bundled.demo.files import DEMO_DATABASE, DEMO_EXAMPLES
from coderag_app.cli import main
from coderag_app.models import BUNDLED_SQL_MODEL, LoadedLLM

TESTS = Path(__file__).parent


class Outcome:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def documents(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def coderag(tmp_path, monkeypatch, capsys):
    """Run a command in this process, in an empty folder, with scripted replies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: object, replies: list[str] | None = None, stdin: str = "") -> Outcome:
        llm = ScriptedLLM(replies=replies or ["SELECT COUNT(*) AS n FROM stores"])
        loaded = LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)
        monkeypatch.setattr("coderag_app.models.load_llm", lambda config: loaded)
        monkeypatch.setattr("coderag_app.engine_loading.load_llm", lambda config: loaded)
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(stop.value.code or 0, captured.out, captured.err)

    return run


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


def test_chat_remembers_the_lines_in_a_file_of_the_user_alone(tmp_path):
    pty = pytest.importorskip("pty")
    environment = scripted_environment(XDG_STATE_HOME=str(tmp_path), TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1")
    leader, follower = pty.openpty()
    command = [sys.executable, str(TESTS / "scripted_coderag.py"), "chat", "--demo"]
    chat = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment, cwd=tmp_path)
    os.close(follower)
    try:
        read_until(leader, b"demo>")
        os.write(leader, b"How many stores?\r")
        read_until(leader, b"Sources")
        read_until(leader, b"demo>")
        os.write(leader, b"/quit\r")
        assert chat.wait(timeout=30) == 0
    finally:
        chat.kill()
        os.close(leader)
    history = tmp_path / "coderag" / "chat_history"
    assert "+How many stores?" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


# --- ingest and index ---


@pytest.fixture(scope="session")
def demo_index(tmp_path_factory) -> Path:
    """The demo's index, built once by the command itself."""
    folder = tmp_path_factory.mktemp("demo") / "index"
    result = subprocess.run(
        [sys.executable, "-m", "coderag_app.cli", "ingest", "--demo", "--storage-dir", str(folder), "--json"],
        capture_output=True, text=True, check=True, cwd=folder.parent,
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert report["kept"] == report["read"] == len(DEMO_EXAMPLES.read_text().splitlines())
    return folder


def test_a_second_ingest_embeds_nothing(coderag, demo_index, tmp_path):
    import shutil

    shutil.copytree(demo_index, tmp_path / "index")
    outcome = coderag("ingest", "--demo", "--storage-dir", "index", "--json")
    assert outcome.code == 0
    assert outcome.documents[0]["embedded"] == 0
    assert outcome.documents[0]["reused"] > 60


def test_ask_shows_the_sources_with_their_similarity(coderag, demo_index):
    question = json.loads(DEMO_EXAMPLES.read_text().splitlines()[0])["question"]
    outcome = coderag("ask", "--demo", "--storage-dir", demo_index, question)
    assert outcome.code == 0
    assert "similarity" in outcome.out
    assert question in outcome.out.split("similarity")[1]
    as_json = coderag("ask", "--demo", "--storage-dir", demo_index, "--json", question).documents[0]
    similarities = [source["similarity"] for source in as_json["sources"]]
    assert len(similarities) == 3
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 0.5


def test_without_a_database_the_sql_is_checked_and_not_run(coderag, demo_index):
    outcome = coderag("ask", "--storage-dir", demo_index, "How many stores are there?")
    assert outcome.code == 0
    assert "not run" in outcome.out
    assert "SELECT COUNT(*)" in outcome.out


def test_index_info_and_verify_agree_with_what_was_ingested(coderag, demo_index):
    (info,) = coderag("index", "info", "--storage-dir", demo_index, "--json").documents
    assert info["count"] == info["databases"]["demo"] == info["verified"]
    assert info["dimension"] == 384
    assert "all-MiniLM-L6-v2" in coderag("index", "info", "--storage-dir", demo_index).out
    verified = coderag("index", "verify", "--storage-dir", demo_index)
    assert verified.code == 0
    assert verified.out.count("ok  ") >= 3


def test_a_damaged_index_is_refused_with_the_command_that_mends_it(coderag, demo_index, tmp_path):
    import shutil

    shutil.copytree(demo_index, tmp_path / "index")
    (data,) = (tmp_path / "index").rglob("sql_rag_faiss_index.bin")
    data.write_bytes(data.read_bytes()[:-1])
    outcome = coderag("index", "verify", "--storage-dir", "index")
    assert outcome.code == 1
    assert "coderag ingest" in outcome.err


def test_a_pair_is_added_found_and_removed(coderag, demo_index, tmp_path):
    import shutil

    shutil.copytree(demo_index, tmp_path / "index")
    question, sql = "What is the floor space of all shops together?", "SELECT SUM(floor_area_m2) FROM stores"
    added = coderag("index", "add", "-q", question, "--sql", sql, "-d", DEMO_DATABASE, "-s", "index")
    assert added.code == 0
    assert "1 rows read, 1 examples kept" in added.out
    source = coderag("ask", "--demo", "-s", "index", "--json", question).documents[0]["sources"][0]
    assert source["question"] == question
    assert source["sql"] == sql
    removed = coderag("index", "remove", source["example_id"], "-s", "index")
    assert removed.code == 0
    assert "1 example removed" in removed.out
    again = coderag("ask", "--demo", "-s", "index", "--json", question).documents[0]["sources"]
    assert question not in [source["question"] for source in again]


def test_a_pair_whose_sql_does_not_run_is_not_added(coderag, demo_index):
    outcome = coderag(
        "index", "add", "-q", "q", "--sql", "SELECT nope FROM stores", "-d", DEMO_DATABASE, "-s", demo_index
    )
    assert outcome.code == 1
    assert "nope" in outcome.err


def test_columns_can_be_mapped(coderag, tmp_path):
    (tmp_path / "pairs.csv").write_text('nl,query,ddl\nHow many?,SELECT COUNT(*) FROM t,"CREATE TABLE t (a INT)"\n')
    outcome = coderag(
        "ingest", "--file", "pairs.csv", "--map", "question=nl,sql=query", "--map", "context=ddl", "--json"
    )
    assert outcome.code == 0
    assert outcome.documents[0]["kept"] == 1
    assert outcome.documents[0]["storage_dir"] == "storage"


def test_an_input_without_a_usable_row_is_an_error(coderag, tmp_path):
    (tmp_path / "bad.jsonl").write_text(
        '{"question": "q", "sql": "DROP TABLE t", "context": "CREATE TABLE t (a INT)"}\n'
    )
    outcome = coderag("ingest", "--file", "bad.jsonl")
    assert outcome.code == 1
    assert "Nothing usable" in outcome.err


# --- models ---


def test_models_names_the_presets_with_licence_and_what_auto_takes(coderag):
    (document,) = coderag("models", "--json").documents
    names = [model["spec"] for model in document["llms"]]
    assert {"mistral-7b-instruct", "qwen2.5-coder-7b", "qwen2.5-coder-1.5b", "bundled"} <= set(names)
    assert (
        sum(model["automatic"] for model in document["llms"]) == 1 == sum(m["automatic"] for m in document["encoders"])
    )
    table = coderag("models").out
    assert all(name in table for name in names)
    assert "Apache-2.0" in table


# --- the process ---


def scripted_environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "SCRIPTED_REPLIES": " => SELECT COUNT(*) AS n FROM stores", **variables}


def read_until(descriptor: int, wanted: bytes, timeout_s: float = 60) -> bytes:
    """Read a terminal until the text has come."""
    import select

    seen, end = b"", time.monotonic() + timeout_s
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0, end - time.monotonic()))
        assert ready, f"{wanted!r} did not come; got {seen[-500:]!r}"
        seen += os.read(descriptor, 65536)
    return seen


def test_help_imports_no_heavy_library():
    code = (
        "import sys\nfrom coderag_app.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as stop: assert not stop.code\n"
        "heavy = {'torch', 'llama_index', 'faiss', 'streamlit', 'numpy', 'sqlglot', 'datasets', 'pydantic_settings'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in result.stdout
    assert result.stdout.rstrip().endswith("LOADED []")


@pytest.mark.skipif(not BUNDLED_SQL_MODEL.is_file(), reason="no SQL model is bundled yet")
def test_the_bundled_model_leaves_standard_output_to_the_document(tmp_path):
    command = [
        sys.executable,
        "-m",
        "coderag_app.cli",
        "ask",
        "--demo",
        "--llm",
        "bundled",
        "--json",
        "How many stores are there?",
    ]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    (line,) = result.stdout.splitlines()
    document = json.loads(line)
    assert document["model"] == "coderag-sql (bundled)"
    assert result.returncode == (0 if document["status"] in ("answered", "repaired") else 1)


def test_a_closed_pipe_is_met_in_silence(tmp_path):
    questions = "q\n" * 200
    command = [sys.executable, str(TESTS / "scripted_coderag.py"), "ask", "--demo", "--json", "--file", "-"]
    ask = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=scripted_environment(), cwd=tmp_path,
    )  # fmt: skip
    ask.stdin.write(questions)
    ask.stdin.close()
    assert json.loads(ask.stdout.readline())["rows"] == [[12]]
    ask.stdout.close()
    assert ask.wait(timeout=60) == 1
    assert ask.stderr.read() == ""


def test_an_interrupt_ends_the_command_without_a_traceback(tmp_path):
    command = [sys.executable, str(TESTS / "scripted_coderag.py"), "ask", "--demo", "--json", "--file", "-"]
    ask = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=scripted_environment(), cwd=tmp_path,
    )  # fmt: skip
    ask.stdin.write("q\n")
    ask.stdin.flush()
    ask.stdout.readline()  # it waits for the next question now
    ask.send_signal(signal.SIGINT)
    assert ask.wait(timeout=60) == 130
    assert "Traceback" not in ask.stderr.read()


# --- evaluate ---


def test_evaluate_prints_the_figures_and_where_the_report_is(coderag):
    arguments = ["evaluate", "demo", "--arms", "none", "--limit", 3, "--run-dir", "run"]
    shown = coderag(*arguments)
    assert shown.code == 0
    assert "3 questions" in shown.out
    assert "run/report.md" in shown.out
    (document,) = coderag(*arguments, "--json").documents
    assert document["questions"] == 3
    assert document["run_dir"] == "run"
