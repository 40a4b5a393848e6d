"""Histories and verified files that are broken or made to harm are refused with the file's name."""

import json
import os
import random
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from coderag_app.chat.history import HistoryStore
from coderag_app.errors import HistoryError, TeachingError
from coderag_app.examples.verified_store import VerifiedStore
from coderag_app.types import AnswerStatus, SQLAnswer

ANSWER = SQLAnswer("How many?", "SELECT 1", AnswerStatus.ANSWERED, ("n",), ((3,),), executed=True)
ODD = (None, b"\xff\xfe", 7, -1.5, "", "never", "9999-12-31T23:59:59+00:00", "0001-01-01", "\U0010ffff", "x" * 100_000)
OLD_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, database TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (
    conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    asked TEXT NOT NULL, note TEXT NOT NULL, sql TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (conversation_id, position));
"""


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "history.sqlite")


def change(store: HistoryStore, script: str, *values: object) -> None:
    connection = sqlite3.connect(store.path)
    with connection:
        connection.execute(script, values) if values else connection.executescript(script)
    connection.close()


# --- the history ---


def test_a_history_of_an_earlier_version_is_read(store):
    change(store, f"{OLD_TABLES} PRAGMA user_version = 1;")
    store.save_turn(store.new("First", "shop"), ANSWER)
    assert store.conversations()[0].title == "First"


@pytest.mark.parametrize("column", ["title", "database", "updated"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: ascii(value)[:20])
def test_an_odd_value_takes_no_other_conversation_with_it(store, column, value):
    odd, sound = store.new("Odd", "shop"), store.new("Sound", "shop")
    sql = f"UPDATE OR IGNORE conversations SET {column} = ? WHERE id = ?"
    change(store, sql, value, odd)
    found = {summary.id: summary for summary in store.conversations()}
    assert set(found) == {odd, sound} and found[sound].title == "Sound"
    for summary in found.values():
        assert isinstance(summary.title, str) and isinstance(summary.database, str)
        summary.updated.astimezone().strftime("%Y-%m-%d")
    assert store.load(odd).id == odd


def test_a_bad_time_is_the_oldest(store):
    first = store.new("First", "shop")
    store.new("Second", "shop")
    change(store, "UPDATE conversations SET updated = 'zzz' WHERE id = ?", first)
    assert [summary.updated.year for summary in store.conversations()] == [datetime.now(UTC).year, 1970]


def test_a_conversation_without_an_id_is_passed_over(store):
    sound = store.new("Sound", "shop")
    for odd in (None, b"\x00", "../x", "'; --"):
        change(store, "INSERT INTO conversations VALUES (?, 't', 'd', 'u')", odd)
    assert [summary.id for summary in store.conversations()] == [sound]


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER spy AFTER INSERT ON turns BEGIN UPDATE conversations SET title = 'owned'; END;",
        "CREATE TEMP TABLE x (a); DROP TABLE turns; CREATE VIEW turns AS SELECT 1 AS conversation_id;",
        "CREATE VIEW spy AS SELECT * FROM turns;",
        "CREATE TABLE more (a);",
        "CREATE INDEX quick ON turns (asked);",
        "CREATE VIRTUAL TABLE words USING fts5(a);",
        "ALTER TABLE turns ADD COLUMN spy AS (upper(asked));",
        "DROP TABLE conversations; CREATE TABLE conversations (id CHECK (length(id) > 0), title, database, updated);",
        "DROP TABLE turns;",
        "PRAGMA user_version = -3;",
    ],
)
def test_a_history_that_holds_more_than_a_history_is_refused_and_kept(store, planted):
    number = store.new("First", "shop")
    change(store, planted)
    before = store.path.read_bytes()
    for attempt in (store.conversations, lambda: store.save_turn(number, ANSWER), lambda: store.load(number)):
        with pytest.raises(HistoryError, match=r"history\.sqlite"):
            attempt()
    assert store.path.read_bytes() == before


def test_the_database_of_another_program_gets_no_tables(store):
    change(store, "CREATE TABLE customers (name TEXT);")
    with pytest.raises(HistoryError, match="database of another program"):
        store.new("First", "shop")


def test_forged_answers_are_refused_with_the_conversation(store):
    number, rng = store.new("First", "shop"), random.Random(0)
    store.save_turn(number, ANSWER)
    connection = sqlite3.connect(store.path)
    (line,) = connection.execute("SELECT answer FROM turns").fetchone()
    document, refused = json.loads(line), 0
    odd = (None, 3, -1, "x", [], {}, [[]], [1, [2]], {"a": 1}, True, float("nan"), "\ud800")
    for _ in range(150):
        key, value = rng.choice(list(document)), rng.choice(odd)
        forged = json.dumps({**document, key: value})
        with connection:
            connection.execute("UPDATE turns SET answer = ?", [forged])
        try:
            answer = store.load(number).turns[0].answer
        except HistoryError as error:
            refused += 1
            assert number in str(error) and str(store.path) in str(error), (key, value)  # noqa: PT017
        else:
            assert all(len(row) == len(answer.columns) for row in answer.rows), (key, value)
            assert isinstance(answer.sql, str) and isinstance(answer.error, str), (key, value)
    for content in ("[" * 10_000, "3", "null", "", '{"rows": ' * 5000, b"\xff"):
        with connection:
            connection.execute("UPDATE turns SET answer = ?", [content])
        with pytest.raises(HistoryError, match=number):
            store.load(number)
    connection.close()
    assert refused > 75


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_history_that_is_no_file_is_refused_at_once(store, kind):
    store.path.mkdir() if kind == "folder" else os.mkfifo(store.path)
    with pytest.raises(HistoryError, match=r"history\.sqlite"):
        store.conversations()


# --- verified examples ---

PAIRS = "".join(f"-- question: How many {n}?\n-- id: {n:012x}\nSELECT {n} FROM t;\n\n" for n in range(5))


@pytest.mark.parametrize("seed", range(40))
def test_a_forged_file_of_pairs_is_read_or_refused_with_its_name(tmp_path, seed):
    rng, store = random.Random(seed), VerifiedStore(tmp_path, "shop")
    content = bytearray(PAIRS.encode())
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(content))
        piece = rng.choice([b"\0", b"\xff", b"'", b"/*", b"-- question:", b";", b"(" * 500, b"\r", b"\xe2\x80\xae"])
        content[place : place + rng.randrange(3)] = piece
    store.path.write_bytes(content)
    try:
        assert all(pair.question and pair.sql for pair in store.all())
    except TeachingError as error:
        assert str(store.path) in str(error)  # noqa: PT017
    assert store.path.read_bytes() == content


def test_pairs_in_a_pipe_a_folder_or_too_many_are_refused(tmp_path):
    def too_many(path: Path) -> None:
        path.write_text("-- question: a\nSELECT 1;\n" * 20_001)

    for number, make in enumerate((os.mkfifo, os.mkdir, too_many)):
        store = VerifiedStore(tmp_path, f"shop{number}")
        make(store.path)
        with pytest.raises(TeachingError, match=f"shop{number}"):
            store.all()


def test_thousands_of_copies_of_a_pair_get_ids_of_their_own(tmp_path):
    store = VerifiedStore(tmp_path, "shop")
    store.path.write_text("-- question: a\nSELECT 1;\n\n" * 3000)
    assert len({pair.verified_id for pair in store.all()}) == 3000


def test_a_time_beyond_the_calendar_is_today(tmp_path):
    store = VerifiedStore(tmp_path, "shop")
    store.path.write_text(PAIRS)
    os.utime(store.path, (2**40, 2**40))
    assert store.all()[0].added == date.today()
