"""A small evaluation with real parts: a SQLite database, verified examples, the real engine; replies written before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripted_llm import ScriptedLLM

from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.loading import load_query_engine
from coderag_app.settings import AppConfig

SCHEMA = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), amount REAL);
"""
ROWS = """
INSERT INTO customer VALUES (1, 'Zoë', 'France'), (2, 'Bob', 'Spain'), (3, '<b>&Co</b>', 'France');
INSERT INTO purchase VALUES (1, 1, 10.5), (2, 1, 4), (3, 2, 7);
"""
PAIRS = [
    ("How many customers are there?", "SELECT count(*) FROM customer"),
    ("Name all customers.", "SELECT name FROM customer"),
    ("Which customers are from France?", "SELECT name FROM customer WHERE country = 'France'"),
    ("What did each customer spend?", "SELECT customer_id, sum(amount) FROM purchase GROUP BY customer_id"),
    ("Purchases, the largest first", "SELECT id FROM purchase ORDER BY amount DESC"),
    ("Who spent more than 1000?", "SELECT customer_id FROM purchase WHERE amount > 1000"),  # empty
    ("How many customers are from Peru?", "SELECT count(*) FROM customer WHERE country = 'Peru'"),  # a lone 0
    ("Which invoices are open?", "SELECT id FROM invoice WHERE open"),  # fails
]
EXAMPLES = [
    ("Count the purchases.", "SELECT count(*) FROM purchase"),
    ("Which customers are from Spain?", "SELECT name FROM customer WHERE country = 'Spain'"),
    ("List the amounts of all purchases.", "SELECT amount FROM purchase"),
    ("How many customers are there?", "SELECT count(*) FROM customer"),  # gives the first question away
]


class LookupLLM(ScriptedLLM):
    """Replies by the question, and by whether examples were shown: (without, with), or one reply for both."""

    answers: dict[str, tuple[str, str]]
    replies: list[str] = [""]

    def _next_reply(self, prompt: str) -> str:
        self._prompts.append(prompt)
        question = prompt.split("### Question\n")[1].split("\n")[0]
        without, shown = self.answers.get(question, ("SELECT 0", "SELECT 0"))
        return shown if "### Examples" in prompt else without


def build_shop(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA + ROWS)
    connection.close()
    return path


def write_pairs(path: Path, pairs: Sequence[tuple[str, str]] = PAIRS) -> Path:
    rows = ({"id": f"q{i}", "question": question, "sql": sql} for i, (question, sql) in enumerate(pairs))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_examples(path: Path) -> Path:
    rows = ({"question": question, "sql": sql, "context": SCHEMA, "db_id": "shop"} for question, sql in EXAMPLES)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def engine_opener_with(answers: Mapping[str, tuple[str, str]], opened: list[str] | None = None, llm=None, samples=0):
    """An ``open_engine`` with the real engine around a LookupLLM; notes the databases it opens."""
    llm = llm or LookupLLM(answers=dict(answers))

    def open_engine(target: str) -> TextToSQLQueryEngine:
        if opened is not None:
            opened.append(target)
        config = AppConfig(storage_dir=Path("no index"), max_repairs=0, samples=samples)
        return load_query_engine(database=target, llm=llm, config=config)

    return open_engine


def gold_answers(wrong_without: Sequence[int] = (), wrong_with: Sequence[int] = ()) -> dict[str, tuple[str, str]]:
    """The gold as the reply to every question, except where a wrong one is asked for."""
    return {
        question: tuple(f"SELECT {i} AS wrong" if i in wrong else sql for wrong in (wrong_without, wrong_with))
        for i, (question, sql) in enumerate(PAIRS)
    }
