"""The bundled demo database and the questions that ship with it."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coderag_app.bundled import demo
from coderag_app.bundled.demo.build_demo import build_demo

DEMO_DIR = Path(demo.__file__).parent
DEMO_DATABASE = DEMO_DIR / "demo.sqlite"


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _dump(path: Path) -> list[str]:
    with closing(_connect(path)) as connection:
        return list(connection.iterdump())


def _read_jsonl(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DEMO_DIR / name).read_text(encoding="utf-8").splitlines()]


def _plain(text: str) -> str:
    """Drop case, punctuation and spacing, so that only different wordings count as different."""
    return "".join(character for character in text.casefold() if character.isalnum())


EXAMPLES = _read_jsonl("examples.jsonl")
QUESTIONS = _read_jsonl("questions.jsonl")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """The shipped database, open for reading only."""
    with closing(_connect(DEMO_DATABASE)) as opened:
        yield opened


def test_shipped_database_is_what_the_script_builds(tmp_path: Path) -> None:
    """A rebuild gives the shipped rows and schema; dumps are compared since the bytes name SQLite's version."""
    build_demo(tmp_path / "rebuilt.sqlite")
    assert _dump(tmp_path / "rebuilt.sqlite") == _dump(DEMO_DATABASE)


def test_same_seed_gives_same_bytes_and_another_seed_other_rows(tmp_path: Path) -> None:
    """On one machine the build is reproducible to the byte, and the seed does matter."""
    paths = [tmp_path / name for name in ("one.sqlite", "two.sqlite", "other.sqlite")]
    for path, seed in zip(paths, (7, 7, 8), strict=True):
        build_demo(path, seed=seed)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert _dump(paths[0]) != _dump(paths[2])


def test_build_replaces_an_existing_file(tmp_path: Path) -> None:
    """A second build over the first leaves one copy of the rows and reports their number."""
    output = tmp_path / "demo.sqlite"
    build_demo(output)
    counts = build_demo(output)
    with closing(_connect(output)) as connection:
        stored = {table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in counts}
    assert stored == counts


def test_readme_names_every_table_with_its_row_count(connection: sqlite3.Connection) -> None:
    """The README's table is the database's list of tables and counts."""
    lines = (DEMO_DIR / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    counts = {table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in tables}
    assert {name: int(rows) for name, rows, _ in cells[1:]} == counts


def test_database_is_sound_and_small(connection: sqlite3.Connection) -> None:
    """No broken page or foreign key, every table has a primary key, and the file stays fit for git."""
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        assert any(column[5] for column in connection.execute(f"PRAGMA table_info({table})")), table
    assert DEMO_DATABASE.stat().st_size < 600_000


@pytest.mark.parametrize(
    ("trait", "sql"),
    [
        ("NULL e-mail", "SELECT COUNT(*) FROM customers WHERE email IS NULL"),
        ("empty e-mail", "SELECT COUNT(*) FROM customers WHERE email = ''"),
        ("walk-in order", "SELECT COUNT(*) FROM orders WHERE customer_id IS NULL"),
        ("unicode store", "SELECT COUNT(*) FROM stores WHERE city IN ('Łódź', '北京') HAVING COUNT(*) = 2"),
        ("unicode customer", "SELECT COUNT(*) FROM customers WHERE first_name = 'Zoë'"),
        ("namesake stores", "SELECT 1 FROM stores GROUP BY name HAVING COUNT(DISTINCT city) > 1"),
        ("namesake customers", "SELECT 1 FROM customers GROUP BY first_name, last_name HAVING COUNT(*) > 1"),
        ("shared title", "SELECT 1 FROM products GROUP BY title HAVING COUNT(*) > 1"),
        ("many to many", "SELECT 1 FROM product_creators GROUP BY product_id HAVING COUNT(*) > 1"),
        ("mixed case", "SELECT 1 FROM products GROUP BY LOWER(category) HAVING COUNT(DISTINCT category) > 1"),
        ("manager's manager", "SELECT 1 FROM staff a JOIN staff b ON b.id = a.manager_id WHERE b.manager_id NOT NULL"),
        ("country without customers", "SELECT 1 FROM countries WHERE code NOT IN (SELECT country_code FROM customers)"),
    ],
)
def test_awkward_trait_exists(connection: sqlite3.Connection, trait: str, sql: str) -> None:
    """Each real-life awkwardness that the README promises is in the data."""
    row = connection.execute(sql).fetchone()
    assert row is not None and row[0] > 0, trait


@pytest.mark.parametrize("pair", EXAMPLES + QUESTIONS, ids=lambda pair: pair["question"][:40])
def test_sql_answers_with_a_value(connection: sqlite3.Connection, pair: dict[str, str]) -> None:
    """Every shipped query runs on a read-only connection and returns something other than NULL."""
    rows = connection.execute(pair["sql"]).fetchall()
    assert any(value is not None for row in rows for value in row), pair["question"]


def test_no_tie_straddles_the_cut_of_a_question(connection: sqlite3.Connection) -> None:
    """A question that gold SQL answers with LIMIT n has one right answer: rows n and n + 1 differ in the sort key."""
    checked = 0
    for question in QUESTIONS:
        cut = re.fullmatch(r"SELECT (.+) ORDER BY (.+?)( DESC)? LIMIT (\d+)", question["sql"])
        if cut is None:
            continue
        query, key, descending, limit = cut.groups()
        longer = f"SELECT {key}, {query} ORDER BY {key}{descending or ''} LIMIT {int(limit) + 1}"
        keys = [row[0] for row in connection.execute(longer)]
        assert len(keys) == int(limit) + 1 and keys[-2] != keys[-1], question["question"]
        checked += 1
    assert checked == sum(" LIMIT " in question["sql"] for question in QUESTIONS) > 0


def test_files_hold_enough_pairs_of_the_right_shape() -> None:
    """At least 60 examples and exactly 40 numbered questions, with no other fields."""
    assert len(EXAMPLES) >= 60
    assert all(set(pair) == {"question", "sql"} for pair in EXAMPLES)
    assert [pair["id"] for pair in QUESTIONS] == [f"demo-{number}" for number in range(40)]
    assert all(set(pair) == {"id", "question", "sql"} for pair in QUESTIONS)


def test_no_question_or_query_appears_twice() -> None:
    """Evaluation questions are held out: no wording and no query is shared, within a file or between the two."""
    for field in ("question", "sql"):
        texts = [_plain(pair[field]) for pair in EXAMPLES + QUESTIONS]
        assert sorted(text for text in set(texts) if texts.count(text) > 1) == []


def test_examples_use_every_table(connection: sqlite3.Connection) -> None:
    """No table is left without an example that reads it."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    read: set[str] = set()

    def note(action: int, table: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table:
            read.add(table)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    for pair in EXAMPLES:
        connection.execute(pair["sql"])
    assert tables - read == set()
