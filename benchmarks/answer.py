"""How long an answer takes: questions of the bundled demo through the engine, by step.

    .venv/bin/python benchmarks/answer.py --questions 40
    .venv/bin/python benchmarks/answer.py --llm qwen2.5-coder-1.5b --questions 10

Prints the time to load, then for each step the 50th and 95th percentile in milliseconds, the time to the first token,
the peak memory, and how many times as fast as one question in a fresh process that is.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo"


def measure(llm: str, storage_dir: str | None, questions: list[str]) -> dict[str, list[float]]:
    """Seconds by step over the questions, in one process with the models loaded once."""
    from coderag_app import load_query_engine

    started = time.perf_counter()
    engine = load_query_engine(database=DEMO / "demo.sqlite", storage_dir=storage_dir, llm=llm)
    engine.ask(questions[0])
    times: dict[str, list[float]] = {"load": [time.perf_counter() - started]}
    for question in questions:
        started, first_token = time.perf_counter(), None
        for event in engine.stream(question):
            if event.step == "generate" and event.text and first_token is None:
                first_token = time.perf_counter() - started
            if event.answer is not None:
                steps = event.answer.timings_s | ({"first token": first_token} if first_token is not None else {})
                for step, seconds in steps.items():
                    times.setdefault(step, []).append(seconds)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=40, help="how many of the demo's questions (at most 40)")
    parser.add_argument("--llm", default="bundled")
    parser.add_argument("--storage-dir", default=None, help="an index to retrieve from; none by default")
    arguments = parser.parse_args()
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()[: arguments.questions]
    questions = [json.loads(line)["question"] for line in lines]
    times = measure(arguments.llm, arguments.storage_dir, questions)
    print(f"{len(questions)} questions, llm {arguments.llm}")
    print(f"{'step':12} {'p50 ms':>9} {'p95 ms':>9}")
    for step, seconds in times.items():
        print(f"{step:12} {1000 * np.percentile(seconds, 50):9.1f} {1000 * np.percentile(seconds, 95):9.1f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    command = [sys.executable, "-m", "coderag_app.cli", "ask", "--database", str(DEMO / "demo.sqlite"), "--json"]
    started = time.perf_counter()
    subprocess.run([*command, "--llm", arguments.llm, questions[0]], capture_output=True, check=False)
    cold = time.perf_counter() - started
    print(
        f"one question in a fresh process {cold:.1f} s, {cold / np.median(times['total']):.0f} times a loaded engine's"
    )


if __name__ == "__main__":
    main()
