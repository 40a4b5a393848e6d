"""How much longer an answer takes when other processes, or other people, want the cores as well.

    .venv/bin/python benchmarks/busy.py
    .venv/bin/python benchmarks/busy.py --runs 3 --loads quiet "all cores busy" --settings new

A run asks a few questions about the bundled demo, one after another; several askers are threads of one process, as the
page has them. Each load is measured in a process of its own, with the threads that CodeRAG chooses (new) and with those
that llama.cpp and OpenMP choose by themselves (old): all cores read prompts, and a thread that waits spins. Prints the
50th and 95th percentile of an answer in milliseconds, both as multiples of the quiet machine's, and the slowest run as
a multiple of the median one. It wants a quiet machine and takes at most eight minutes; busy processes end with it.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo"
QUESTIONS = 5  # of one run
LIMIT_S = 40  # of one load with its loading; ten of them and what is between them stay below eight minutes
LAST_ANSWERS_S = 8  # before the limit no new run begins
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
LOADS = {  # busy processes, and askers
    "quiet": (0, 1),
    "one busy core": (1, 1),
    "all cores busy": (CORES, 1),
    "two askers": (0, 2),
    "six askers": (0, 6),
}


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Processes that compute without end; each ends by itself at the limit should this one not get to end it."""
    loop = f"import time\nend = time.monotonic() + {LIMIT_S}\nwhile time.monotonic() < end: pass"
    running = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def as_before() -> None:
    """Let llama.cpp and torch have the threads that they choose by themselves."""
    import llama_cpp

    from coderag_app.encoders.encoder_loading import torch_encoder

    plain = llama_cpp.Llama.__init__

    def with_all_cores(self: Any, *arguments: Any, **options: Any) -> None:
        plain(self, *arguments, **(options | {"n_threads": None, "n_threads_batch": None}))

    llama_cpp.Llama.__init__ = with_all_cores
    torch_encoder.encoder_threads = lambda *_: nullcontext()


def measure(arguments: argparse.Namespace) -> None:
    """Print, for each run as it ends, the seconds of its answers as a line of JSON."""
    last = time.monotonic() + LIMIT_S - LAST_ANSWERS_S
    if arguments.child == "old":
        as_before()
    from coderag_app import load_query_engine

    engine = load_query_engine(database=DEMO / "demo.sqlite", storage_dir=arguments.storage_dir, llm=arguments.llm)
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[:QUESTIONS]]
    for question in questions:
        engine.ask(question)
    processes, askers = LOADS[arguments.loads[0]]
    to_do = itertools.count(1)
    one_line = threading.Lock()

    def ask(offset: int) -> None:
        while next(to_do) <= arguments.runs and time.monotonic() < last:
            seconds = []
            for position in range(len(questions)):
                started = time.perf_counter()
                engine.ask(questions[(position + offset) % len(questions)])
                seconds.append(time.perf_counter() - started)
            with one_line:
                print(json.dumps(seconds), flush=True)

    with busy(processes):
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(askers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    engine.close()


def measured_apart(arguments: argparse.Namespace, setting: str, load: str) -> tuple[list[list[float]], bool]:
    """The runs of one load in a fresh process, and whether it ended by itself."""
    command = [sys.executable, __file__, "--child", setting, "--loads", load, "--llm", arguments.llm]
    command += ["--runs", str(arguments.runs)]
    command += ["--storage-dir", arguments.storage_dir] if arguments.storage_dir else []
    # A library waits as it always has where the user said how; 300,000 is what GCC's OpenMP does unasked.
    environment = os.environ | ({"GOMP_SPINCOUNT": "300000"} if setting == "old" else {})
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    timer = threading.Timer(LIMIT_S, child.kill)
    timer.start()
    try:
        output, _ = child.communicate()
    finally:
        timer.cancel()
        child.kill()
    if child.returncode > 0:
        raise SystemExit(f"{setting}, {load}: the measuring process failed, see above.")
    runs = []
    for line in output.splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # cut off where the process was ended
            runs.append(json.loads(line))
    return runs, child.returncode == 0


def row(runs: list[list[float]], quiet: list[list[float]]) -> str:
    """The numbers of one load."""
    if not runs:
        return "no run ended"
    found, base = np.percentile(sum(runs, []), [50, 95]), np.percentile(sum(quiet, []), [50, 95])
    totals = [sum(run) for run in runs]
    ratios = "".join(f"{ratio:8.2f}" for ratio in (*(found / base), max(totals) / np.median(totals)))
    return f"{len(runs):5}{1000 * found[0]:8.0f}{1000 * found[1]:8.0f}{ratios}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help=f"of {QUESTIONS} questions, shared out among the askers")
    parser.add_argument("--llm", default="bundled")
    parser.add_argument("--storage-dir", default=None, help="an index to retrieve from, such as that of `make demo`")
    parser.add_argument("--loads", nargs="+", choices=list(LOADS), default=list(LOADS), help="default: all")
    parser.add_argument("--settings", nargs="+", choices=["new", "old"], default=["new", "old"])
    parser.add_argument("--child", choices=["new", "old"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        measure(arguments)
        return
    print(f"{CORES} cores, llm {arguments.llm}; milliseconds, multiples of quiet, slowest run by median run")
    print(f"{'load':16}{'threads':9}{'runs':>5}{'p50':>8}{'p95':>8}{'x p50':>8}{'x p95':>8}{'slowest':>8}")
    quiet: dict[str, list[list[float]]] = {}
    for load, setting in itertools.product(arguments.loads, arguments.settings):
        runs, ended = measured_apart(arguments, setting, load)
        quiet.setdefault(setting, runs)
        note = "" if ended else f"   not done after {LIMIT_S} s"
        print(f"{load:16}{setting:9}{row(runs, quiet[setting])}{note}", flush=True)


if __name__ == "__main__":
    main()
