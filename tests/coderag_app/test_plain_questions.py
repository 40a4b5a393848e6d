"""What is put plainly before a model reads it, and said with the answer: slips, signs, spellings of a value."""

import sqlite3

import pytest

from coderag_app.loading import load_query_engine

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "gym.sqlite"
    with sqlite3.connect(path) as made:
        made.executescript("""
            CREATE TABLE members (member_id INTEGER PRIMARY KEY, name TEXT, club TEXT, credit TEXT, visits INTEGER);
            INSERT INTO members VALUES (1, 'Ola', 'Riverside', '1.250,50', 4), (2, 'Per', 'riverside ', '-12,00', 0),
              (3, 'Rut', 'Hilltop', '0,00', 9), (4, 'Siv', 'RIVERSIDE', '-7,25', 2), (5, 'Ulf', 'Hilltop', '30,00', 0);
            CREATE TABLE coaches (coach_id INTEGER PRIMARY KEY, name TEXT, discipline TEXT, wage REAL);
            INSERT INTO coaches VALUES (1, 'Ada Lind', 'gymnastics', 30), (2, 'Bo Ek', 'wrestling', 20),
              (3, 'Cy Berg', 'gymnastics', 40);
        """)
    made.close()
    opened = load_query_engine(database=path, llm="bundled")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many members have a negative credit?", [(2,)]),
        ("How many members have a credit above zero?", [(2,)]),
        ("List the names of members with zero visits", [("Per",), ("Ulf",)]),
        ("How many members are in the club Riverside?", [(3,)]),
    ],
)
def test_signs_and_spellings(engine, question, rows):
    answer = engine.ask(question)
    assert sorted(answer.rows) == rows and answer.question == question


def test_spellings_are_said_with_the_answer(engine):
    talk = engine.conversation()
    assert talk.ask("How many members are in the club Riverside?").rows == ((3,),)
    assert "'Riverside', 'riverside' and 'RIVERSIDE' of club were taken for one value" in talk.turns[-1].note
    assert talk.ask("How many members are in the club Hilltop?").rows == ((2,),)
    assert not talk.turns[-1].note


def test_slips_are_said_and_never_sure(engine):
    answer = engine.ask("avarage wage of gymnastcs coaches")
    assert answer.rows == ((35.0,),) and answer.question == "avarage wage of gymnastcs coaches"
    assert {"Read 'avarage' as 'average'", "Read 'gymnastcs' as 'gymnastics'"} <= set(answer.doubts)
    assert answer.confidence is not None and answer.confidence.score < 0.7
