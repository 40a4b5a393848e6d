"""The engine in a LlamaIndex app: prompts, responses, streaming, events, routers, agents, the event loop."""

import asyncio
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.query_engine import CustomQueryEngine, RouterQueryEngine, SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import QueryBundle
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool
from scripted_llm import ScriptedLLM, ScriptedToolCaller

from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.errors import CodeRAGError, ConfigurationError
from coderag_app.loading import load_query_engine

HOW_MANY = "How many boats are there?"
COUNT = "SELECT COUNT(*) FROM boat"


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "harbour.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE boat (boat_id INTEGER PRIMARY KEY, name TEXT, length_m REAL, home_port TEXT);
            INSERT INTO boat VALUES (1, 'Petrel', 9.5, 'Bergen'), (2, 'a|b ![x](http://x.org)', 12, NULL);
            """
        )
    return path


def engine_with(harbour: Path, *replies: str, **settings: Any) -> TextToSQLQueryEngine:
    return load_query_engine(database=harbour, llm=ScriptedLLM(replies=list(replies)), **settings)


# --- what a response says ---


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (COUNT, "The answer is 2."),
        ("SELECT home_port FROM boat WHERE boat_id = 2", "The answer is NULL."),
        ("SELECT name FROM boat WHERE boat_id = 2", r"The answer is a\|b !\[x](http://x.org)."),
        ("SELECT name, length_m FROM boat WHERE boat_id = 1", "| name | length_m |\n| --- | --- |\n| Petrel | 9.5 |"),
        (
            "SELECT name FROM boat WHERE boat_id = 9",
            "The query found no rows.\n\n```sql\nSELECT name FROM boat WHERE boat_id = 9\n```",
        ),
    ],
)
def test_a_response_is_a_sentence_or_a_markdown_table(harbour: Path, sql: str, text: str) -> None:
    question = HOW_MANY if sql == COUNT else "Which home port?" if "home_port" in sql else "Which boats?"
    assert str(engine_with(harbour, sql).query(question)) == text


def test_a_response_says_which_rows_it_leaves_out(harbour: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT i FROM n"
    text = str(engine_with(harbour, numbers).query("Which numbers are there?"))
    assert text.count("\n| ") == 21 and text.endswith("The first 20 of 50 rows.")
    cut = engine_with(harbour, numbers, max_rows=5).query("Which numbers are there?")
    assert "database holds more" in str(cut) and cut.metadata["truncated"]


def test_a_failure_says_so_and_shows_the_last_sql(harbour: Path) -> None:
    response = engine_with(harbour, "SELECT colour FROM boat", max_repairs=0).query("Which boats are there?")
    assert str(response).startswith("The question was not answered.") and "```sql\nSELECT colour" in str(response)
    assert response.metadata["status"] == "failed" and response.metadata["rows"] == []


def test_the_metadata_are_json_and_documented(harbour: Path) -> None:
    metadata = engine_with(harbour, COUNT).query(HOW_MANY).metadata
    assert json.loads(json.dumps(metadata)) == metadata
    assert metadata["rows"] == [[2]] and metadata["sql"] == COUNT and metadata["executed"] is True
    documentation = (Path(__file__).parents[2] / "docs/python.md").read_text(encoding="utf-8")
    assert [key for key in metadata if f"`{key}`" not in documentation] == []


# --- prompts ---


def test_updated_prompts_reach_the_model(harbour: Path) -> None:
    engine = engine_with(harbour, "SELECT colour FROM boat", COUNT)
    assert set(engine.get_prompts()) == {"instructions", "repair"}
    engine.update_prompts(
        {
            "instructions": PromptTemplate("Ahoy! Write {dialect}."),
            "repair": PromptTemplate("Mend {my_sql}", template_var_mappings={"sql": "my_sql"}),
        }
    )
    assert engine.query(HOW_MANY).metadata["status"] == "repaired"
    first, second = engine.llm.prompts
    assert first.startswith("Ahoy! Write sqlite.") and "CREATE TABLE boat" in first
    assert "Mend SELECT colour FROM boat" in second
    assert engine.get_prompts()["instructions"].get_template() == "Ahoy! Write {dialect}."
    assert engine_with(harbour, COUNT).get_prompts()["instructions"].get_template().startswith("You write SQL")


def test_a_prompt_that_can_not_be_used_is_refused(harbour: Path) -> None:
    engine = engine_with(harbour, COUNT)
    with pytest.raises(ConfigurationError, match="'text_qa'.*instructions, repair"):
        engine.update_prompts({"text_qa": PromptTemplate("x")})
    with pytest.raises(ConfigurationError, match="context.*nothing fills"):
        engine.update_prompts({"instructions": PromptTemplate("{context}")})
    engine.query(HOW_MANY)
    assert engine.llm.prompts[0].startswith("You write SQL for a sqlite database.")


# --- streaming ---


def test_a_streamed_response_gives_the_same_text_in_pieces(harbour: Path) -> None:
    sql = "SELECT name, length_m FROM boat"
    whole = engine_with(harbour, sql).query("Length of each boat?")
    response = engine_with(harbour, sql).query("Length of each boat?", streaming=True)
    assert isinstance(response, StreamingResponse)
    pieces = list(response.response_gen)
    assert len(pieces) == 4 and "".join(pieces) == str(whole)
    assert response.metadata["sql"] == sql


def test_an_engine_can_be_loaded_to_stream(harbour: Path) -> None:
    engine = engine_with(harbour, COUNT, streaming=True)
    response = engine.query(HOW_MANY)
    assert isinstance(response, StreamingResponse) and engine.llm.prompts == []  # asked when it is read
    assert str(response) == "The answer is 2." and response.get_response().metadata["rows"] == [[2]]
    assert str(engine.query(HOW_MANY, streaming=False)) == "The answer is 2."

    async def read() -> list[str]:
        streamed = await engine.aquery(HOW_MANY)
        assert isinstance(streamed, AsyncStreamingResponse)
        return [piece async for piece in streamed.async_response_gen()]

    assert asyncio.run(read()) == ["The answer is 2."]


# --- retrieval ---


@pytest.mark.model
def test_the_examples_can_be_retrieved_and_given_back(harbour: Path) -> None:
    engine = engine_with(harbour, COUNT, embed_model="bundled")
    assert engine.retrieve(QueryBundle(HOW_MANY)) == []
    engine.teach("Names of all boats", "SELECT name FROM boat")
    found = engine.retrieve(QueryBundle("The names of the boats in Bergen"))
    assert [node.metadata["sql"] for node in found] == ["SELECT name FROM boat"] and found[0].score > 0.3
    assert [node.node_id for node in asyncio.run(engine.aretrieve("Boats"))] == [found[0].node_id]
    response = engine.synthesize(QueryBundle(HOW_MANY), found)
    assert response.source_nodes == found and "SELECT name FROM boat" in engine.llm.prompts[-1]
    assert asyncio.run(engine.asynthesize(QueryBundle(HOW_MANY), [])).source_nodes == []


# --- events ---


class Recorder(BaseEventHandler):
    """Keeps every event."""

    events: list[BaseEvent] = []

    @classmethod
    def class_name(cls) -> str:
        return "Recorder"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)


@pytest.fixture
def recorded() -> Any:
    root, recorder, spans = get_dispatcher(), Recorder(), SimpleSpanHandler()
    root.add_event_handler(recorder)
    root.add_span_handler(spans)
    yield recorder.events, spans
    root.event_handlers.remove(recorder)
    root.span_handlers.remove(spans)


def test_events_and_spans_tell_each_step(harbour: Path, recorded: Any) -> None:
    events, spans = recorded
    engine_with(harbour, "SELECT colour FROM boat", COUNT).query(HOW_MANY)
    names = [type(event).__name__ for event in events]
    own = [name for name in names if name.startswith(("SQL", "Examples"))]
    assert own == ["SQLGeneratedEvent", "SQLCheckedEvent"] * 2 + ["SQLExecutedEvent"]
    assert names[0] == "QueryStartEvent" and names[-1] == "QueryEndEvent"
    refused, accepted = [event for event in events if type(event).__name__ == "SQLCheckedEvent"]
    assert "colour" in refused.error and accepted.sql == COUNT and accepted.error == ""
    executed = events[names.index("SQLExecutedEvent")]
    assert (executed.sql, executed.rows) == (COUNT, 1)
    done = {span.id_.split("-")[0].split(".")[-1] for span in spans.completed_spans}
    assert {"query", "checked_sql", "executed_sql"} <= done
    assert any("checked_sql" in span.id_ for span in spans.dropped_spans)


@pytest.mark.model
def test_an_event_tells_the_examples_that_were_found(harbour: Path, recorded: Any) -> None:
    engine = engine_with(harbour, COUNT, embed_model="bundled")
    engine.teach("Names of all boats", "SELECT name FROM boat")
    engine.query(HOW_MANY)
    (found,) = [event for event in recorded[0] if type(event).__name__ == "ExamplesRetrievedEvent"]
    assert found.question == HOW_MANY and len(found.example_ids) == len(found.similarities) == 1


# --- routers and agents ---


class Weather(CustomQueryEngine):
    """Another engine of the same app."""

    def custom_query(self, query_str: str) -> str:
        return "Rain."


def tools(engine: TextToSQLQueryEngine) -> list[QueryEngineTool]:
    return [
        QueryEngineTool.from_defaults(Weather(), name="weather", description="The weather."),
        QueryEngineTool.from_defaults(engine, name="boats", description="Questions about boats."),
    ]


def routed(engine: TextToSQLQueryEngine) -> RouterQueryEngine:
    selector = LLMSingleSelector.from_defaults(ScriptedLLM(replies=['[{"choice": 2, "reason": "boats"}]']))
    return RouterQueryEngine.from_defaults(tools(engine), llm=MockLLM(), selector=selector)


def test_a_router_asks_it(harbour: Path) -> None:
    router = routed(engine_with(harbour, COUNT))
    assert str(router.query(HOW_MANY)) == "The answer is 2."
    response = asyncio.run(router.aquery(HOW_MANY))
    assert response.metadata["sql"] == COUNT and response.metadata["selector_result"].ind == 1


@pytest.mark.parametrize("use_async", [False, True])
def test_sub_questions_reach_it(harbour: Path, use_async: bool) -> None:
    sub_questions = json.dumps([{"sub_question": HOW_MANY, "tool_name": "boats"}])
    writer = ScriptedLLM(replies=["There are two boats."])
    engine = SubQuestionQueryEngine.from_defaults(
        tools(engine_with(harbour, COUNT)),
        llm=writer,
        question_gen=LLMQuestionGenerator.from_defaults(ScriptedLLM(replies=[sub_questions])),
        response_synthesizer=get_response_synthesizer(llm=writer, use_async=use_async),
        use_async=use_async,
        verbose=False,
    )
    assert str(engine.query("How big is the fleet?")) == "There are two boats."
    assert "The answer is 2." in writer.prompts[0]


def agent_reply(engine: TextToSQLQueryEngine) -> tuple[str, ScriptedToolCaller]:
    llm = ScriptedToolCaller(replies=[f"boats({HOW_MANY})", "Two boats."])
    agent = FunctionAgent(tools=tools(engine), llm=llm, streaming=False)

    async def run() -> str:
        return str(await agent.run("How big is the fleet?"))

    return asyncio.run(run()), llm


def test_an_agent_calls_it_as_a_tool(harbour: Path) -> None:
    reply, llm = agent_reply(engine_with(harbour, COUNT))
    assert reply == "Two boats." and "The answer is 2." in llm.prompts[1]


@pytest.mark.model
def test_the_bundled_model_answers_routers_and_agents(harbour: Path, recorded: Any) -> None:
    engine = load_query_engine(database=harbour, llm="bundled")
    assert engine.get_prompts() == {}
    with pytest.raises(ConfigurationError, match="language of its own"):
        engine.update_prompts({"instructions": PromptTemplate("x")})
    assert str(routed(engine).query(HOW_MANY)) == "The answer is 2."
    names = {type(event).__name__ for event in recorded[0]}
    assert {"LLMCompletionStartEvent", "SQLGeneratedEvent", "SQLCheckedEvent", "SQLExecutedEvent"} <= names
    assert "The answer is 2." in agent_reply(engine)[1].prompts[1]
    assert str(engine.query(HOW_MANY, streaming=True)) == "The answer is 2."
    assert str(asyncio.run(engine.aquery(HOW_MANY))) == "The answer is 2."


# --- the event loop ---


class WaitingLLM(ScriptedLLM):
    """Replies only when it is told to."""

    _go: Any = None

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        assert self._go.wait(30)
        return super().stream_complete(prompt, formatted, **kwargs)


def test_the_loop_runs_on_while_the_model_writes(harbour: Path) -> None:
    llm = WaitingLLM(replies=[COUNT])
    llm._go = threading.Event()
    engine = load_query_engine(database=harbour, llm=llm)

    async def ask() -> str:
        answer = asyncio.create_task(engine.aquery(HOW_MANY))
        for _ in range(100):  # only a loop that runs gets here and lets the model reply
            await asyncio.sleep(0)
        assert not answer.done()
        llm._go.set()
        return str(await answer)

    assert asyncio.run(ask()) == "The answer is 2."


def test_cancelling_stops_the_model(harbour: Path) -> None:
    llm = WaitingLLM(replies=["SELECT name FROM boat " * 10_000])
    llm._go = threading.Event()
    engine = load_query_engine(database=harbour, llm=llm)

    async def cancel() -> None:
        answer = asyncio.create_task(engine.aquery(HOW_MANY))
        while not any(thread.name.startswith("asyncio") for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        llm._go.set()

    with pytest.raises(CodeRAGError, match="question"):
        engine.query("")
    asyncio.run(cancel())  # waits for the thread
    assert llm.pieces_sent < 100
