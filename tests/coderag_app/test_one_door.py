"""The same questions through Python, the command line, the page and an evaluation: the same SQL and rows from each."""

import json
from contextlib import closing

import pytest
import streamlit as st

from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.examples import from_verified
from coderag_app.loading import load_query_engine
from coderag_app.settings import AppConfig
from finetune.evaluation.engines import engine_opener
from ui.cli import main
from ui.page.chat_state import Connection
from ui.page.session import PageSession

VERIFIED = {
    "How many stores are there?": "SELECT COUNT(*) + 1000 AS stores FROM stores",  # no model writes these
    "How many customers live in Berlin?": "SELECT COUNT(*) + 2000 AS n FROM customers WHERE city = 'Berlin'",
    "How many orders were placed in March 2023?": (
        "SELECT COUNT(*) + 3000 AS n FROM orders WHERE ordered_on >= '2023-03-01' AND ordered_on < '2023-04-01'"
    ),
}
WORD_FOR_WORD = ["how many stores are there", "How many customers live in Berlin?"]
TEMPLATES = [
    "How many customers live in Porto?",
    "How many orders were placed in June 2024?",
    "How many orders were placed in 2022?",
]
PLAIN = [
    "Which products are discontinued?",
    "How many customers want the newsletter?",
    "What is the average price of crime books?",
    "Which supplier takes the longest to deliver?",
    "How many shops do we have?",
]
CONVERSATIONS = [
    ["How many customers are there?", "only in Berlin", "and by city?", "top 3", "why is Porto missing?"],
    ["List the titles of all products.", "How many stores are there?", "and by country?"],
    ["How many suppliers are there?", "and the ones nobody likes?"],
]
ASKED = [[question] for question in (*WORD_FOR_WORD, *TEMPLATES, *PLAIN)] + CONVERSATIONS
Answers = list[tuple[str, str]]  # SQL and rows as JSON


def told(sql: str, rows: object) -> tuple[str, str]:
    return sql, json.dumps(rows, default=str)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory):
    """Settings of an empty folder and home, with the pairs taught."""
    folder = tmp_path_factory.mktemp("door")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        for name in ("CODERAG_STORAGE_DIR", "CODERAG_VERIFIED_DIR"):
            patch.delenv(name, raising=False)
        patch.setenv("CODERAG_DATABASE", str(DEMO_DATABASE))
        patch.setenv("CODERAG_LLM", "bundled")
        with closing(load_query_engine()) as engine:
            for question, sql in VERIFIED.items():
                engine.teach(question, sql)
        yield AppConfig.load()


@pytest.fixture(scope="module")
def python(config: AppConfig) -> Answers:
    """What ``ask`` of a loaded engine answers, with ``conversation`` where follow-ups come."""
    answers = []
    with closing(load_query_engine()) as engine:
        for questions in ASKED:
            ask = engine.ask if len(questions) == 1 else engine.conversation().ask
            answers += [ask(question) for question in questions]
    assert [any(map(from_verified, answer.sources)) for answer in answers[:5]] == [True] * 5
    return [told(answer.sql, answer.rows) for answer in answers]


def test_twenty_questions_take_every_way(python: Answers) -> None:
    assert len(python) == sum(map(len, ASKED)) == 20
    assert [json.loads(rows)[0][0] // 1000 for _, rows in python[:5]] == [1, 2, 2, 3, 3]
    assert all(sql for sql, _ in python[:-1])
    follow_ups = python[len(WORD_FOR_WORD + TEMPLATES + PLAIN) :]
    assert "Berlin" in follow_ups[1][0] and "GROUP BY" in follow_ups[2][0] and "LIMIT 3" in follow_ups[3][0]
    assert "+ 1000" in follow_ups[6][0]


def test_the_command_line_answers_the_same(python, config, capsys) -> None:
    answers = []
    for questions in ASKED:
        follow_ups = [part for question in questions[1:] for part in ("--follow-up", question)]
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(["ask", questions[0], *follow_ups, "--json"])
        documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        answers += [told(document["sql"], document["rows"]) for document in documents]
    assert answers == python


def test_the_page_answers_the_same(python, config) -> None:
    st.cache_resource.clear()
    session = PageSession(Connection.from_config(config))
    session.reopen()
    assert session.open_error == ""
    answers = []
    for questions in ASKED:
        session.begin()
        for question in questions:
            session.ask(question)
            assert session.live is not None and session.live.wait(120)
            session.take_answer()
            answer = session.chat.turns[-1].answer
            answers.append(told(answer.sql, answer.rows))
    st.cache_resource.clear()
    assert answers == python


def test_an_evaluations_engine_answers_the_same(python, config) -> None:
    answers = []
    with closing(engine_opener(config, verified=True)(config.database)) as engine:
        for questions in ASKED:
            talk = engine.conversation()
            answers += [talk.ask(question) for question in questions]
    assert [told(answer.sql, answer.rows) for answer in answers] == python


def test_an_evaluation_leaves_verified_examples_out_unless_told(config) -> None:
    with closing(engine_opener(config)(config.database)) as engine:
        answer = engine.ask(WORD_FOR_WORD[0])
    assert "1000" not in answer.sql and not answer.sources
