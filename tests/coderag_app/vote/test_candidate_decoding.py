"""Sampling and voting through the engine with scripted replies: what is asked for, what wins, and when it ends."""

import sqlite3
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.llm.prompts import CANNOT_ANSWER, InstructFormat
from coderag_app.loading import load_query_engine
from coderag_app.settings import AppConfig
from coderag_app.types import AnswerStatus, RetrievedExample, SQLExample
from coderag_app.vote.decoding import SecondModel

FRANCE, SPAIN, ALL = (
    "SELECT count(*) FROM customer WHERE country = 'France'",
    "SELECT count(*) FROM customer WHERE country = 'Spain'",
    "SELECT count(*) FROM customer",
)
FRANCE_TOO = "SELECT count(id) FROM customer WHERE country IN ('France')"
BAD = "SELECT nme FROM customer"


class SamplingLLM(ScriptedLLM):
    """Notes the temperature of every call, and may take its time."""

    seconds: float = 0.0
    temperatures: list = []

    def stream_complete(self, prompt, formatted=False, **kwargs):
        self.temperatures.append(kwargs.get("temperature", 0))
        time.sleep(self.seconds)
        return super().stream_complete(prompt, formatted)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
            INSERT INTO customer VALUES (1, 'Zoë', 'France'), (2, 'Bob', 'Spain'), (3, 'Ann', 'France');
            """
        )
    return path


def asked(shop: Path, *replies: str, seconds: float = 0.0, **settings):
    llm = SamplingLLM(replies=list(replies), seconds=seconds, temperatures=[])
    engine = load_query_engine(database=shop, llm=llm, **settings)
    return engine.ask("How many customers?"), llm


def test_without_samples_the_model_is_asked_once(shop):
    answer, llm = asked(shop, ALL, FRANCE, samples=0)
    assert (answer.rows, llm.temperatures, answer.alternatives) == (((3,),), [0], ())
    assert answer.confidence is None  # neither probabilities nor candidates tell


def test_the_result_of_most_candidates_is_the_answer(shop):
    answer, llm = asked(shop, ALL, FRANCE, FRANCE_TOO, SPAIN, samples=3)
    assert answer.status is AnswerStatus.ANSWERED and answer.sql == FRANCE and answer.rows == ((2,),)
    assert llm.temperatures[0] == 0 and all(temperature > 0.5 for temperature in llm.temperatures[1:])
    assert len(set(llm.prompts)) == 1  # the same prompt every time
    assert answer.confidence.agreement == pytest.approx(2 / 4)
    assert [(alternative.sql, alternative.votes) for alternative in answer.alternatives] == [
        (FRANCE, 2), (ALL, 1), (SPAIN, 1)
    ]  # fmt: skip
    assert answer.attempts[-1].sql == FRANCE and "vote" in answer.timings_s


def test_the_most_likely_reply_wins_a_tie(shop):
    answer, _ = asked(shop, ALL, FRANCE, SPAIN, samples=2)
    assert answer.sql == ALL


def test_sampling_ends_when_the_first_three_agree(shop):
    answer, llm = asked(shop, FRANCE, FRANCE_TOO, FRANCE, SPAIN, samples=7)
    assert answer.rows == ((2,),)
    assert len(llm.prompts) == 3
    assert answer.confidence.agreement == 1.0


def test_candidates_that_the_guard_refuses_have_no_vote(shop):
    answer, _ = asked(shop, FRANCE, BAD, "DELETE FROM customer", "no SQL at all", SPAIN, samples=4)
    assert answer.sql == FRANCE
    assert answer.confidence.agreement == pytest.approx(1 / 5)
    assert sqlite3.connect(shop).execute("SELECT count(*) FROM customer").fetchone() == (3,)


def test_a_sample_answers_where_the_reply_and_its_repairs_failed(shop):
    answer, llm = asked(shop, BAD, BAD, FRANCE, FRANCE_TOO, samples=2, max_repairs=1)
    assert answer.status is AnswerStatus.REPAIRED and answer.rows == ((2,),)
    assert llm.temperatures[:2] == [0, 0]  # a repair of this prompt format is asked for anew, not drawn
    assert "Your previous query" in llm.prompts[1] and "Your previous query" not in llm.prompts[2]
    assert [bool(attempt.error) for attempt in answer.attempts] == [True, True, False]


def test_where_every_candidate_fails_the_answer_is_an_honest_failure(shop):
    answer, llm = asked(shop, BAD, samples=3, max_repairs=0)
    assert answer.status is AnswerStatus.FAILED and not answer.rows and "nme" in answer.error
    assert len(llm.prompts) == 4 and answer.confidence is None


def test_candidates_can_outvote_an_abstention_and_be_outvoted_by_it(shop):
    assert asked(shop, CANNOT_ANSWER, FRANCE, FRANCE_TOO, samples=2)[0].rows == ((2,),)
    outvoted, _ = asked(shop, FRANCE, CANNOT_ANSWER, CANNOT_ANSWER, samples=2)
    assert outvoted.status is AnswerStatus.ABSTAINED and outvoted.sql == "" and not outvoted.rows


def test_no_candidate_is_begun_after_the_budget(shop):
    answer, llm = asked(shop, FRANCE, SPAIN, seconds=0.06, samples=50, decode_budget_ms=150)
    assert answer.ok and 1 <= len(llm.prompts) < 10


def test_a_candidate_that_the_budget_cuts_short_has_no_vote(shop):
    class Slow(SamplingLLM):
        def stream_complete(self, prompt, formatted=False, **kwargs):
            for response in super().stream_complete(prompt, formatted, **kwargs):
                time.sleep(0.05 if kwargs.get("temperature") else 0)
                yield response

    llm = Slow(replies=[FRANCE, SPAIN + " -- " + "x" * 300], temperatures=[])
    answer = load_query_engine(database=shop, llm=llm, samples=5, decode_budget_ms=120).ask("How many?")
    assert answer.sql == FRANCE and len(llm.prompts) == 2
    assert llm.pieces_sent < 60
    assert answer.alternatives == ()


def test_the_same_reply_is_run_once(shop, monkeypatch):
    engine = load_query_engine(database=shop, llm=SamplingLLM(replies=[FRANCE, SPAIN], temperatures=[]), samples=4)
    ran = []
    execute = engine.database.execute
    monkeypatch.setattr(engine.database, "execute", lambda sql: ran.append(sql) or execute(sql))
    engine.ask("How many?")
    assert ran == [FRANCE, SPAIN]


def test_each_candidate_is_announced_while_it_is_written(shop):
    engine = load_query_engine(database=shop, llm=SamplingLLM(replies=[FRANCE, SPAIN, ALL], temperatures=[]), samples=2)
    events = list(engine.stream("How many?"))
    steps = list(dict.fromkeys(event.step for event in events))
    assert steps == ["retrieve", "link", "generate", "check", "execute", "vote", "done"]
    assert list(dict.fromkeys(event.text for event in events if event.step == "vote")) == ["1/2", "2/2"]


def test_closing_the_stream_stops_a_candidate_and_frees_the_model(shop):
    llm = SamplingLLM(replies=[FRANCE, SPAIN + " " * 3000], temperatures=[])
    engine = load_query_engine(database=shop, llm=llm, samples=5)
    stream = engine.stream("How many?")
    for event in stream:
        if event.step == "vote":
            break
    stream.close()
    assert llm.pieces_sent < 50
    assert engine.ask("How many?").ok  # the lock is free


def test_an_unsure_answer_is_held_back_with_its_sql(shop):
    unsure, _ = asked(shop, ALL, FRANCE, SPAIN, samples=2)
    sure, _ = asked(shop, ALL, ALL, samples=2)
    between = (unsure.confidence.score + sure.confidence.score) / 2
    held, _ = asked(shop, ALL, FRANCE, SPAIN, samples=2, abstain_below=between)
    assert held.status is AnswerStatus.ABSTAINED and not held.ok and held.rows == () and not held.executed
    assert held.sql == ALL and f"abstain_below is {between:.2f}" in held.error
    assert asked(shop, ALL, ALL, samples=2, abstain_below=between)[0].status is AnswerStatus.ANSWERED


def test_the_encoders_ranking_counts_when_it_is_asked_for(shop, monkeypatch):
    ranking = ModuleType("coderag_app.vote.candidate_ranking")
    ranking.rank_candidates = lambda question, sqls, schema, embed_model: [
        0.9 if "Spain" in sql else 0.1 for sql in sqls
    ]
    monkeypatch.setitem(sys.modules, "coderag_app.vote.candidate_ranking", ranking)

    def answer(rank: bool) -> str:
        llm = SamplingLLM(replies=[FRANCE, SPAIN, FRANCE_TOO], temperatures=[])
        engine = load_query_engine(database=shop, llm=llm, samples=2, rank_candidates=rank)
        engine.retriever = type("Encoder", (), {"embed_model": object(), "encoder_name": ""})()
        return engine.ask("How many?", ()).sql

    assert answer(False) == FRANCE
    assert answer(True) == SPAIN


def test_without_a_database_the_most_frequent_sql_wins(tmp_path):
    example = SQLExample("How many trees?", "SELECT count(*) FROM tree", "CREATE TABLE tree (id INT, height INT)")
    replies = ["SELECT height FROM tree", "SELECT max(height) FROM tree", "SELECT max(height) FROM tree"]
    llm = SamplingLLM(replies=replies, temperatures=[])
    engine = TextToSQLQueryEngine(llm, InstructFormat(), AppConfig.load(samples=2))
    answer = engine.ask("Tallest tree?", (RetrievedExample(example, 0.9),))
    assert answer.sql == replies[1] and not answer.executed


@pytest.mark.parametrize("mode", ["always", "repair", "never"])
def test_the_prompt_format_is_told_when_to_constrain(shop, mode):
    class Recording(InstructFormat):
        modes: list = []

        def build(self, request):
            self.modes.append(request.constrain)
            return super().build(request)

    engine = load_query_engine(
        database=shop, llm=SamplingLLM(replies=[ALL], temperatures=[]), constrain=mode, samples=1
    )
    engine.prompt_format = Recording()
    engine.ask("How many?")
    assert set(Recording.modes) == {mode}
    Recording.modes.clear()


def test_a_column_used_for_what_it_cannot_hold_is_no_answer(shop):
    odd = "SELECT count(*) FROM customer WHERE country > 1900"
    answer, _ = asked(shop, odd, odd, odd, samples=2)
    assert not answer.ok and answer.rows == () and "customer.country holds text: country > 1900" in answer.error
    plain, _ = asked(shop, FRANCE, FRANCE, FRANCE, samples=2)
    assert not any("holds" in reason for reason in plain.confidence.reasons)


def test_a_second_model_is_asked_once_and_can_answer_alone(shop):
    engine = load_query_engine(database=shop, llm=ScriptedLLM(replies=[ALL]), samples=0)
    other = ScriptedLLM(replies=[FRANCE])
    engine.second = SecondModel(other, InstructFormat(), 4096)
    answer = engine.ask("How many customers?")
    assert [(each.sql, each.votes) for each in answer.alternatives] == [(answer.sql, 1), (FRANCE, 0)]
    assert len(other.prompts) == 1
    silent = load_query_engine(database=shop, llm=ScriptedLLM(replies=[BAD, BAD, BAD]), samples=0, max_repairs=0)
    silent.second = SecondModel(ScriptedLLM(replies=[ALL]), InstructFormat(), 4096)
    assert silent.ask("How many customers?").rows == ((3,),)


def test_a_question_too_long_for_the_second_model_is_answered_by_the_first(shop):
    engine = load_query_engine(database=shop, llm=ScriptedLLM(replies=[ALL]), samples=0)
    engine.second = SecondModel(ScriptedLLM(replies=[FRANCE]), InstructFormat(), 64)
    answer = engine.ask("How many customers are there?")
    assert answer.rows == ((3,),) and answer.alternatives == ()
