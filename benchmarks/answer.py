"""How long an answer takes, and the memory it needs, for each way of choosing the reply.

    .venv/bin/python benchmarks/answer.py --questions 40
    .venv/bin/python benchmarks/answer.py --storage-dir storage/demo
    .venv/bin/python benchmarks/answer.py --llm qwen2.5-coder-1.5b --questions 10 --settings greedy "voting 8"

Asks questions of the bundled demo through the engine, each setting in a process of its own, and prints the 50th and
95th percentile in milliseconds of the whole answer and of its steps, the time to the first token, the time to load,
and the peak memory. Last, how many times as fast as one question in a fresh process a loaded engine is. The settings
with examples need an index (``--storage-dir``) and are left out without one.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo"
SETTINGS: dict[str, dict[str, Any]] = {
    "greedy": {"similarity_top_k": 0, "samples": 0},
    "constrained": {"similarity_top_k": 0, "samples": 0, "constrain": "always"},
    "voting 8": {"similarity_top_k": 0, "samples": 8, "rank_candidates": False},
    "ranked 8": {"similarity_top_k": 0, "samples": 8},
    "as it comes, no examples": {"similarity_top_k": 0},
    "3 examples": {"similarity_top_k": 3, "samples": 0},
    "as it comes, 3 examples": {"similarity_top_k": 3},
}
STEPS = ("total", "first token", "retrieve", "link", "generate", "vote", "check", "execute")


def measure(llm: str, storage_dir: str | None, questions: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Seconds by step over the questions, in this process with the models loaded once, and its peak memory in MB."""
    from coderag_app import load_query_engine

    started = time.perf_counter()
    index = storage_dir if settings["similarity_top_k"] else None  # an index loads the encoder
    engine = load_query_engine(database=DEMO / "demo.sqlite", storage_dir=index, llm=llm, **settings)
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
    return {"times": times, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured_apart(arguments: argparse.Namespace, setting: str) -> dict[str, Any]:
    """The same in a fresh process, so that no setting inherits another's memory."""
    command = [sys.executable, __file__, "--only", setting, "--llm", arguments.llm]
    command += ["--questions", str(arguments.questions)]
    command += ["--storage-dir", arguments.storage_dir] if arguments.storage_dir else []
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(found.stdout)


def milliseconds(seconds: list[float] | None) -> str:
    """Median and 95th percentile."""
    if not seconds:
        return ""
    return f"{1000 * np.percentile(seconds, 50):.0f} / {1000 * np.percentile(seconds, 95):.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=40, help="how many of the demo's questions (at most 40)")
    parser.add_argument("--llm", default="bundled")
    parser.add_argument("--storage-dir", default=None, help="an index to retrieve from, such as that of `make demo`")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=None, help="default: all")
    parser.add_argument("--only", choices=list(SETTINGS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()[: arguments.questions]
    questions = [json.loads(line)["question"] for line in lines]
    if arguments.only:
        found = measure(arguments.llm, arguments.storage_dir, questions, SETTINGS[arguments.only])
        print(json.dumps(found))
        return
    wanted = arguments.settings or [name for name in SETTINGS if arguments.storage_dir or "examples" not in name]
    print(f"{len(questions)} questions, llm {arguments.llm}; milliseconds, median / 95th percentile")
    print(f"{'setting':26}" + "".join(f"{step:>14}" for step in STEPS) + f"{'load s':>8}{'peak MB':>9}")
    totals: dict[str, list[float]] = {}
    for name in wanted:
        found = measured_apart(arguments, name)
        totals[name] = found["times"]["total"]
        cells = "".join(f"{milliseconds(found['times'].get(step)):>14}" for step in STEPS)
        print(f"{name:26}{cells}{found['times']['load'][0]:8.1f}{found['peak_mb']:9.0f}", flush=True)
    command = [sys.executable, "-m", "ui.cli", "ask", "--database", str(DEMO / "demo.sqlite"), "--json"]
    started = time.perf_counter()
    subprocess.run([*command, "--llm", arguments.llm, questions[0]], capture_output=True, check=False)
    cold = time.perf_counter() - started
    warm = float(np.median(totals[wanted[0]]))
    print(
        f"one question in a fresh process takes {cold:.1f} s, {cold / warm:.0f} times a loaded engine's ({wanted[0]})"
    )


if __name__ == "__main__":
    main()
