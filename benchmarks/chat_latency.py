"""How long a person in the chat waits: from a question to the first token and to the rows.

    .venv/bin/python benchmarks/chat_latency.py
    .venv/bin/python benchmarks/chat_latency.py --database shop.sqlite --llm qwen2.5-coder-1.5b --questions 20

Asks questions about the bundled demo, or questions drawn from another database's schema, one after another in
conversations of five, through ``Conversation.stream`` as the page does, and prints the 50th and 95th percentile and the
longest time in milliseconds. The page adds at most 80 ms until it draws what came.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coderag_app import load_query_engine
from coderag_app.chat.example_questions import example_questions
from coderag_app.engine import TextToSQLQueryEngine

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo"
TURNS = 5


def questions_for(engine: TextToSQLQueryEngine, demo: bool, count: int) -> list[str]:
    """The demo's own questions, then such as the page offers, then the same again until there are enough."""
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines() if demo else []
    found = [json.loads(line)["question"] for line in lines]
    if engine.schema is not None:
        found += example_questions(engine.schema, engine.values, count)
    if not found:
        raise SystemExit("There is no question to ask: the schema gave none.")
    return [found[number % len(found)] for number in range(count)]


def measure(engine: TextToSQLQueryEngine, questions: Sequence[str]) -> dict[str, list[float]]:
    """Seconds to the first event, the first token, and the answer with its rows."""
    times: dict[str, list[float]] = {"first step": [], "first token": [], "rows": [], "other ending": []}
    for number, question in enumerate(questions):
        if number % TURNS == 0:
            talk = engine.conversation()
        started = time.perf_counter()
        seen: set[str] = set()
        for event in talk.stream(question):
            now = time.perf_counter() - started
            if "first step" not in seen:
                seen.add("first step")
                times["first step"].append(now)
            if event.step == "generate" and event.text and "first token" not in seen:
                seen.add("first token")
                times["first token"].append(now)
            if event.answer is not None:
                times["rows" if event.answer.ok else "other ending"].append(now)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--database", default=None, help="a database file or URL; the bundled demo by default")
    parser.add_argument("--llm", default="bundled")
    parser.add_argument("--storage-dir", default=None, help="an index to retrieve from; none by default")
    parser.add_argument(
        "--verified-dir", type=Path, default=None, help="folder of verified examples; the settings' one"
    )
    arguments = parser.parse_args()
    database = arguments.database or str(DEMO / "demo.sqlite")
    started = time.perf_counter()
    engine = load_query_engine(
        database=database,
        storage_dir=arguments.storage_dir,
        llm=arguments.llm,
        verified_dir=arguments.verified_dir,
    )
    questions = questions_for(engine, arguments.database is None, arguments.questions)
    engine.ask(questions[0])  # the first question loads what the following ones share
    print(f"ready after {time.perf_counter() - started:.1f} s, model {engine.llm_name}")
    times = measure(engine, questions)
    print(f"{len(questions)} questions, {len(times['rows'])} answered with rows")
    print(f"{'from the question to':22} {'count':>6} {'p50 ms':>9} {'p95 ms':>9} {'max ms':>9}")
    for what, seconds in times.items():
        if seconds:
            p50, p95, longest = (1000 * float(np.percentile(seconds, q)) for q in (50, 95, 100))
            print(f"{what:22} {len(seconds):6} {p50:9.1f} {p95:9.1f} {longest:9.1f}")


if __name__ == "__main__":
    main()
