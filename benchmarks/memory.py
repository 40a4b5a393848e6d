"""Whether memory stays flat over many different questions in one process.

    .venv/bin/python benchmarks/memory.py
    .venv/bin/python benchmarks/memory.py --storage-dir storage/demo --questions 5000
    .venv/bin/python benchmarks/memory.py --trace 20

Draws different questions about the bundled demo from its own names and values, asks each once with the bundled model,
and prints every ``--step`` questions the resident memory, the live Python objects and what the caches hold. Exit code
1 if the memory of the last half of the questions grew by more than ``--most-growth-mb``. ``--trace N`` also prints the
N lines of code whose memory grew most after the first line (half as fast).
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import random
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo" / "demo.sqlite"
TEMPLATES = (
    "How many {table} are there with {column} {value}?",
    "List the {column} of all {table} where {other} is above {number}",
    "What is the average {column} of {table} per {other}?",
    "Which {table} have the {number} highest {column}?",
    "Show {column} and {other} of {table} in {value} sorted by {column}",
    "Total {column} per month in {year} for {value}",
    "{table} without {column} since {year}-{month:02d}",
    "How many {table} of '{made}' have {other} {number}?",
    "What share of {table} is {value} by {column}, but not {made}?",
)
SYLLABLES = "ba ko ri tu le ma ni so vé pø dra shi ung or ke ta lü mi zan qua".split()


def different_questions(engine: TextToSQLQueryEngine, count: int, seed: int = 0) -> Iterator[str]:
    """Questions over the engine's schema and stored values, no two alike; a third hold words that nobody wrote before.

    Args:
        engine: An engine with a database.
        count: How many.
        seed: Of the drawing.
    """
    from coderag_app.schema.name_words import identifier_words

    draw, asked = random.Random(seed), set[str]()
    schema = engine.schema
    assert schema is not None
    while len(asked) < count:
        table = draw.choice(schema.tables)
        texts = [c for c in table.columns if not c.is_numeric] or list(table.columns)
        stored = engine.values.values_of(table.name, draw.choice(texts).name) or ("nothing",)
        question = draw.choice(TEMPLATES).format(
            table=identifier_words(table.name),
            column=identifier_words(draw.choice(table.columns).name),
            other=identifier_words(draw.choice(table.columns).name),
            value=draw.choice(stored),
            number=draw.randrange(10_000),
            year=draw.randrange(1950, 2026),
            month=draw.randrange(1, 13),
            made=" ".join("".join(draw.choices(SYLLABLES, k=3)).capitalize() for _ in range(2)),
        )
        if question not in asked:
            asked.add(question)
            yield question


def resident_mb() -> float:
    """Resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def caches() -> list[tuple[str, int, int | None]]:
    """Name, entries and limit of each ``lru_cache`` of the project, the fullest first."""
    found = [one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper]
    ours = [one for one in found if one.__module__.startswith(("coderag_app", "ingestion", "finetune", "ui"))]
    sizes = [(f"{one.__module__}.{one.__qualname__}", one.cache_info()) for one in ours]
    return sorted(((name, info.currsize, info.maxsize) for name, info in sizes), key=lambda row: -row[1])


def main() -> None:
    """Ask, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--llm", default="bundled")
    parser.add_argument("--storage-dir", default=None, help="an index, whose encoder then counts as well")
    parser.add_argument("--database", default=str(DEMO))
    parser.add_argument("--repeated", type=int, default=0, help="ask only so many different questions, again and again")
    parser.add_argument("--step", type=int, default=500, help="questions between two lines")
    parser.add_argument("--most-growth-mb", type=float, default=30.0)
    parser.add_argument("--trace", type=int, default=0, help="lines of code to print")
    arguments = parser.parse_args()
    from coderag_app import load_query_engine
    from coderag_app.errors import CodeRAGError

    engine = load_query_engine(arguments.database, arguments.storage_dir, llm=arguments.llm)
    pool = list(different_questions(engine, arguments.repeated)) if arguments.repeated else []
    questions = (
        (pool[number % len(pool)] for number in range(arguments.questions))
        if pool
        else different_questions(engine, arguments.questions)
    )
    sizes, before = [], None
    started = time.perf_counter()
    print(f"{'questions':>10}{'MB':>8}{'objects':>10}{'s':>7}  caches")
    for number, question in enumerate(questions, 1):
        try:
            engine.ask(question)
        except CodeRAGError as error:
            print(f"{question!r}: {error}", file=sys.stderr)
        if number % arguments.step == 0:
            gc.collect()
            sizes.append(resident_mb())
            fullest = ", ".join(f"{name.rpartition('.')[2]} {size}/{limit}" for name, size, limit in caches()[:5])
            elapsed = time.perf_counter() - started
            print(f"{number:10}{sizes[-1]:8.0f}{len(gc.get_objects()):10}{elapsed:7.0f}  {fullest}", flush=True)
            if arguments.trace and before is None:
                tracemalloc.start(8)
                before = tracemalloc.take_snapshot()
    if before is not None:
        after = tracemalloc.take_snapshot()
        for line in after.compare_to(before, "lineno")[: arguments.trace]:
            print(line)
    growth = sizes[-1] - sizes[len(sizes) // 2 - 1] if len(sizes) > 1 else 0.0
    print(f"the last half of the questions took {growth:+.0f} MB; at most {arguments.most_growth_mb:.0f} is expected")
    sys.exit(growth > arguments.most_growth_mb)


if __name__ == "__main__":
    main()
