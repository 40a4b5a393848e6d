"""`coderag teach`, `coderag history` and follow-ups of `coderag ask` and `coderag chat`."""

import json
import stat

import nbformat
import pytest

from coderag_app.chat.history import HistoryStore, default_history_path

pytest_plugins = ["cli_runner"]

COUNT = ["-q", "How many shops?", "--sql", "SELECT COUNT(*) FROM stores"]


def test_a_taught_pair_answers_the_next_question_without_the_model(coderag):
    taught = coderag("teach", "--demo", *COUNT)
    assert taught.code == 0 and "taught" in taught.out
    asked = coderag("ask", "--demo", "--json", "how many shops", replies=["SELECT 'the model'"])
    assert asked.documents[0]["rows"] == [[12]] and asked.documents[0]["sources"][0]["source"].startswith("verified:")


def test_pairs_are_listed_changed_and_removed(coderag):
    coderag("teach", "--demo", *COUNT)
    (pair,) = json.loads(coderag("teach", "--demo", "--list", "--json").out)["pairs"]
    assert pair["question"] == "How many shops?" and not pair["stale"]
    edited = coderag("teach", "--demo", "--edit", pair["id"][:6], "-q", "How many stores?", "--json")
    assert json.loads(edited.out)["pairs"][0] == {**pair, "question": "How many stores?"}
    assert coderag("teach", "--demo", "--remove", pair["id"]).code == 0
    assert "No verified examples" in coderag("teach", "--demo", "--list").out


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.jsonl", '{"question": "How many shops?", "sql": "SELECT COUNT(*) FROM stores"}\n'
                        '{"question": "Bad?", "sql": "SELECT x FROM nowhere"}\n'
                        '{"question": "Failed?", "sql": "SELECT 1", "status": "failed"}\n'),
        ("pairs.csv", "Question,SQL\nHow many shops?,SELECT COUNT(*) FROM stores\nBad?,SELECT x FROM nowhere\n"),
        ("pairs.sql", "-- How many shops?\nSELECT COUNT(*) FROM stores;\n\n-- Bad?\nSELECT x\nFROM nowhere;\n"),
    ],
)  # fmt: skip
def test_many_pairs_are_taught_from_a_file_and_the_refused_are_named(coderag, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    report = json.loads(coderag("teach", "--demo", "--file", name, "--json").out)
    assert [pair["question"] for pair in report["taught"]] == ["How many shops?"]
    assert [row["question"] for row in report["refused"]] == ["Bad?"] and "nowhere" in report["refused"][0]["error"]
    again = coderag("teach", "--demo", "--file", name)
    assert again.code == 0 and "0 taught, 1 known already, 1 refused" in again.out and "nowhere" in again.err


def test_what_ask_printed_can_be_taught(coderag, tmp_path):
    (tmp_path / "answers.jsonl").write_text(coderag("ask", "--demo", "--json", "How many shops?").out)
    assert "1 taught" in coderag("teach", "--demo", "--file", "answers.jsonl").out


@pytest.mark.parametrize(
    "log",
    [
        "2024-05-01 10:00:00.123 CEST [77] LOG:  statement: SELECT name\n\tFROM stores WHERE city = 'Paris'\n"
        "2024-05-01 10:00:01.123 CEST [77] LOG:  duration: 1.2 ms  statement: SELECT COUNT(*) FROM staff /* Staff? */\n"
        "2024-05-01 10:00:02.123 CEST [77] LOG:  statement: SELECT name FROM stores WHERE city = 'Paris'\n"
        "2024-05-01 10:00:02.123 CEST [77] ERROR:  syntax error\n"
        "2024-05-01 10:00:03.123 CEST [77] LOG:  execute <unnamed>: UPDATE stores SET name = ''\n",
        "2024-05-01T10:00:00.1Z\t    8 Query\tSELECT name FROM stores WHERE city = 'Paris'\n"
        "2024-05-01T10:00:00.2Z\t    8 Query\tSELECT COUNT(*) FROM staff /* Staff? */\n"
        "2024-05-01T10:00:00.3Z\t    8 Quit\t\n",
        "SELECT name FROM stores WHERE city = 'Paris';\n-- Staff?\nSELECT COUNT(*) FROM staff;\nDELETE FROM staff;\n",
    ],
)
def test_a_query_log_is_taught_each_query_once_with_its_comment_or_its_account(coderag, tmp_path, log):
    (tmp_path / "queries.log").write_text(log)
    outcome = coderag("teach", "--demo", "--log", "queries.log", "--json")
    taught = json.loads(outcome.out)["taught"]
    assert [(pair["question"], " ".join(pair["sql"].split())) for pair in taught] == [
        (
            "Shows name from stores. Keeps only rows where city is 'Paris'.",
            "SELECT name FROM stores WHERE city = 'Paris'",
        ),
        ("Staff?", "SELECT COUNT(*) FROM staff"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--demo"], 2, "expected -q with --sql"),
        (["--demo", "-q", "a"], 2, "expected -q with --sql"),
        (["--demo", "--list", "--remove", "x"], 2, "Got --list, --remove"),
        ([*COUNT], 2, "Got no database"),
        (["--demo", "-q", "a", "--sql", "DROP TABLE stores"], 1, "starts with"),
        (["--demo", "-q", "a", "--sql", "SELECT nme FROM stores"], 1, "stores.name"),
        (["--demo", "--remove", "abc"], 1, "no pair"),
        (["--demo", "--edit", "abc"], 2, "-q QUESTION, --sql SQL"),
        (["--demo", "--file", "none.jsonl"], 1, "cannot be read"),
        (["--demo", "--file", "pairs.xml"], 1, "pairs.xml"),
    ],
)
def test_wrong_usage_and_refused_sql_have_an_exit_code_and_a_message(coderag, arguments, code, message):
    outcome = coderag("teach", *arguments)
    assert outcome.code == code and message in " ".join(outcome.err.split())


def test_follow_ups_of_ask_share_one_conversation(coderag):
    outcome = coderag(
        "ask", "--demo", "--json", "How many stores are there?", "-F", "only in France", "-F", "and by city?"
    )
    assert [document["rows"] for document in outcome.documents] == [[[12]], [[1]], [["Paris", 1]]]
    assert "country_code is 'FR'" in outcome.documents[1]["note"] and "note" not in outcome.documents[0]


def test_questions_of_a_file_stand_alone_unless_they_are_a_conversation(coderag, tmp_path):
    (tmp_path / "q.txt").write_text("How many stores are there?\nonly in France\n")
    alone = coderag("ask", "--demo", "--json", "--file", "q.txt")
    together = coderag("ask", "--demo", "--json", "--file", "q.txt", "--conversation")
    assert [d["rows"] for d in alone.documents] == [[[12]], [[12]]]
    assert [d["rows"] for d in together.documents] == [[[12]], [[1]]]


def test_the_chat_teaches_explains_and_keeps_its_history(coderag):
    lines = (
        "How many stores are there?\nonly in France\n/explain\n/good\n/correct SELECT 1 FROM stores\n/taught\n/new\n"
    )
    outcome = coderag("chat", "--demo", stdin=lines)
    assert outcome.code == 0 and "only where stores.country_code is 'FR'" in outcome.out
    assert "Keeps only rows where country_code is 'FR'." in outcome.out and outcome.out.count("Kept as ") == 2
    assert stat.S_IMODE(default_history_path().stat().st_mode) == 0o600
    (summary,) = HistoryStore(default_history_path()).conversations()
    assert [turn.asked for turn in HistoryStore(default_history_path()).load(summary.id).turns][:2] == [
        "How many stores are there?", "only in France"
    ]  # fmt: skip


def test_a_chat_without_history_leaves_none(coderag):
    coderag("chat", "--demo", "--no-history", stdin="How many stores are there?\n")
    assert not default_history_path().exists()


def test_history_is_listed_shown_exported_renamed_and_deleted(coderag, tmp_path):
    coderag("chat", "--demo", stdin="How many stores are there?\nonly in France\n")
    (listed,) = json.loads(coderag("history", "list", "--search", "france", "--json").out)
    assert coderag("history", "rename", listed["id"], "French stores").code == 0
    assert "French stores" in coderag("history", "list").out
    assert "only in France" in coderag("history", "show", listed["id"][:4]).out
    shown = json.loads(coderag("history", "show", listed["id"], "--json").out)
    assert shown["turns"][1]["rows"] == [[1]] and shown["turns"][1]["note"]
    assert "## only in France" in coderag("history", "export", listed["id"]).out
    assert coderag("history", "export", listed["id"], "-o", "a.ipynb").code == 0
    nbformat.validate(nbformat.read(tmp_path / "a.ipynb", as_version=4))
    assert coderag("history", "export", listed["id"], "-o", "a.ipynb").code == 2
    assert coderag("history", "export", listed["id"], "-o", "a.pdf").code == 2
    assert coderag("history", "delete", listed["id"]).code == 0
    assert "No conversations" in coderag("history", "list").out
    assert coderag("history", "show", listed["id"]).code == 1
