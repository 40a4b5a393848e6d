"""Follow-ups in a conversation: which way each question takes, and that the model is asked only where it must be."""

import sqlite3
from dataclasses import replace

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.chat.conversation import Conversation, ConversationTurn
from coderag_app.chat.example_questions import example_questions
from coderag_app.examples import from_verified
from coderag_app.loading import load_query_engine
from coderag_app.types import AnswerStatus, Confidence

pytestmark = pytest.mark.model


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, joined DATE);
            INSERT INTO customer VALUES (1, 'Ann', 'Lyon', '2023-05-01'), (2, 'Bob', 'Paris', '2022-02-02');
            INSERT INTO customer VALUES (3, 'Cid', 'Paris', '2023-06-01');
            """
        )
    connection.close()
    llm = ScriptedLLM(replies=["SELECT count(*) FROM customer", "SELECT name FROM customer"])
    opened = load_query_engine(database=path, llm=llm)
    yield opened
    opened.close()


def test_follow_ups_build_on_each_other_without_the_model(engine):
    talk = Conversation(engine)
    assert talk.ask("How many customers are there?").rows == ((3,),)
    assert talk.ask("only in Paris").rows == ((2,),)
    assert talk.ask("and for Lyon?").rows == ((1,),)
    assert talk.ask("and by city?").rows == (("Lyon", 1), ("Paris", 2))
    assert talk.ask("only for 2023").rows == (("Lyon", 1), ("Paris", 1))
    assert len(talk.ask("top 1").rows) == 1
    assert len(engine.llm.prompts) == 1
    assert [turn.asked for turn in talk.turns][1:3] == ["only in Paris", "and for Lyon?"]
    assert "city is 'Paris'" in talk.turns[1].note and talk.turns[0].note == ""
    assert talk.turns[1].answer.question == "How many customers are there, only in Paris?"


def test_a_follow_up_is_no_surer_than_what_it_builds_on(engine):
    unsure = replace(engine.ask("How many customers are there?"), confidence=Confidence(0.3, 0.5, None, ("a guess",)))
    unsure = replace(unsure, doubts=("Not used: are",))
    talk = Conversation(engine, [ConversationTurn("How many customers are there?", unsure)])
    changed, written = talk.ask("only in Paris"), talk.ask("why do they come?")
    assert changed.rows == ((2,),) and changed.confidence.score == 0.3 and changed.doubts == ("Not used: are",)
    assert "builds on the answer before" in changed.confidence.reasons[-1]
    assert written.sql == "SELECT name FROM customer" and written.confidence.score <= 0.3


def test_a_question_of_its_own_goes_to_the_model_as_it_is(engine):
    talk = Conversation(engine)
    talk.ask("How many customers are there?")
    answer = talk.ask("List the names of all customers.")
    assert answer.sql == "SELECT name FROM customer" and answer.question == "List the names of all customers."
    assert "How many customers are there" not in engine.llm.prompts[1]


def test_a_follow_up_that_no_edit_answers_gives_the_model_question_and_sql_of_before(engine):
    talk = Conversation(engine)
    talk.ask("How many customers are there?")
    answer = talk.ask("and those who never came back?")
    prompt = engine.llm.prompts[1]
    assert "Question: How many customers are there?\nSQL: SELECT count(*) FROM customer" in prompt
    assert "How many customers are there, and those who never came back?" in prompt
    assert answer.sources[0].example.source == "previous answer" and "Understood as" in talk.turns[-1].note


def test_the_first_question_is_never_a_follow_up(engine):
    answer = Conversation(engine).ask("and by city?")
    assert answer.sql == "SELECT count(*) FROM customer" and answer.question == "and by city?"


def test_why_something_is_missing_is_answered_and_does_not_become_the_context(engine):
    talk = Conversation(engine)
    talk.ask("How many customers are there?")
    talk.ask("and by city?")
    talk.ask("since 2023-06-01")
    answer = talk.ask("why is Lyon missing?")
    assert [row[2] for row in answer.rows] == [1, 0] and "does not meet the condition" in talk.turns[-1].note
    assert talk.ask("and since 2022?").rows == (("Lyon", 1), ("Paris", 2))
    assert len(engine.llm.prompts) == 1


def test_a_value_that_is_stored_nowhere_gets_an_honest_answer(engine):
    talk = Conversation(engine)
    talk.ask("How many customers are there?")
    answer = talk.ask("why is Lyonn missing?")
    assert answer.status is AnswerStatus.ABSTAINED and "Similar values: Lyon" in answer.error and not answer.rows


def test_verified_pairs_come_before_follow_ups_and_the_model(engine):
    engine.teach("only in Paris", "SELECT 42 FROM customer LIMIT 1")
    talk = engine.conversation()
    talk.ask("How many customers are there?")
    answer = talk.ask("only in Paris")
    assert answer.rows == ((42,),) and from_verified(answer.sources[0])


def test_a_conversation_goes_on_from_stored_turns_and_from_edited_sql(engine):
    talk = Conversation(engine)
    first = talk.ask("How many customers are there?")
    resumed = Conversation(engine, turns=[ConversationTurn("How many customers are there?", first)])
    assert resumed.ask("only in Paris").rows == ((2,),)
    resumed.show("my own", engine.run_sql("SELECT name FROM customer"))
    assert resumed.ask("only in Lyon").rows == (("Ann",),)


def test_two_conversations_over_one_engine_do_not_mix(engine):
    first, second = Conversation(engine), Conversation(engine)
    first.ask("How many customers are there?")
    second.ask("List the names")
    assert first.ask("only in Paris").rows == ((2,),)
    assert second.ask("only in Paris").rows == (("Bob",), ("Cid",))


def test_a_stream_that_is_closed_leaves_the_conversation_as_it_was(engine):
    talk = Conversation(engine)
    stream = talk.stream("How many customers are there?")
    next(event for event in stream if event.step == "generate")
    stream.close()
    assert talk.turns == ()


def test_the_last_event_of_a_follow_up_holds_the_answer_that_is_the_last_turn(engine):
    talk = Conversation(engine)
    talk.ask("How many customers are there?")
    events = list(talk.stream("only in Paris"))
    assert [event.step for event in events] == ["check", "done"]
    assert events[-1].answer == talk.turns[-1].answer and events[-1].answer.timings_s["total"] > 0


def test_example_questions_use_the_words_of_the_schema(engine):
    questions = example_questions(engine.schema, engine.values)
    assert questions[0] == "How many customers are there?" and len(set(questions)) == len(questions) >= 3
    assert any("Lyon" in question or "city" in question for question in questions)


def test_a_filter_on_rows_of_another_table_repeats_no_row_that_is_summed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "farms.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE farms (farm_id INTEGER PRIMARY KEY, village TEXT, hectares INTEGER);
            CREATE TABLE fields (field_id INTEGER PRIMARY KEY, farm_id INTEGER REFERENCES farms, crop TEXT);
            INSERT INTO farms VALUES (1, 'Ost', 40), (2, 'Ost', 25), (3, 'West', 12);
            INSERT INTO fields VALUES (1, 1, 'rye'), (2, 1, 'rye'), (3, 2, 'oats'), (4, 3, 'rye');
            """
        )
    connection.close()
    llm = ScriptedLLM(replies=["SELECT SUM(hectares) FROM farms"])
    opened = load_query_engine(database=path, llm=llm)
    talk = Conversation(opened)
    assert talk.ask("Total hectares of farms").rows == ((77,),)
    assert talk.ask("only with crop rye").rows == ((52,),)
    opened.close()
