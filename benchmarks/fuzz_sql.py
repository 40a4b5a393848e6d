"""Throw random SQL at guard and database: no error that is not CodeRAG's own, nothing over its limits.

    python benchmarks/fuzz_sql.py [--count 10000] [--seed 1] [--minutes 10]

Texts are made of the allowed and the hostile statements of the tests, cut, spliced and nested at random, and of random
tokens. What the guard lets through is run on a SQLite and a DuckDB file under small limits. Prints what was found;
exits with 1 if anything was.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import duckdb

from coderag_app.database import Limits, open_database
from coderag_app.errors import CodeRAGError, SQLRejectedError
from coderag_app.sql.explanation import explain_sql
from coderag_app.sql.guard import check_sql
from coderag_app.sql.lenient_reading import read_sql

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
LIMITS = Limits(timeout_s=1.0, max_memory_mb=128, max_rows=200)
SLACK_S = 0.2  # 20% of the limit; a machine that is busy with other work needs more
GUARD_S = 1.0  # for checking one text
READ_S = 4.0  # for reading it in each of eight dialects, and putting it into words
_TOKEN = re.compile(r"\s+|\w+|'[^']*'|\"[^\"]*\"|.", re.DOTALL)
_WORDS = (
    "SELECT FROM WHERE GROUP BY ORDER LIMIT UNION ALL EXCEPT WITH RECURSIVE AS JOIN LEFT ON USING CASE WHEN THEN END "
    "CAST ( ) [ ] { } , . :: -> ->> || * + - / % = <> < > LIKE GLOB IN EXISTS NOT NULL date text decimal STRUCT ROW "
    "ARRAY MAP INTERVAL OVER PARTITION replace printf hex zeroblob repeat lpad group_concat json_each generate_series "
    "unnest list_sort levenshtein random abs x'00' 'a' \"b\" `c` $1 ? @v 1e400 9223372036854775808 0x1 -- /* */ ; \x00"
).split()


def statements() -> list[str]:
    """The statements of the tests, without their headers."""
    folder = next(TESTS.rglob("allowed.sql")).parent
    texts: list[str] = []
    for path in sorted(folder.glob("a*.sql")):
        blocks = re.split(r"^-- (?:attack|allowed):.*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        texts += [block.strip() for block in blocks[1:] if block.strip()]
    return texts


def mutated(rng: random.Random, seeds: list[str]) -> str:
    """A text made from one or two statements, or from nothing."""
    kind = rng.randrange(6)
    tokens = _TOKEN.findall(rng.choice(seeds))
    if kind == 0:
        other = _TOKEN.findall(rng.choice(seeds))
        tokens = tokens[: rng.randrange(len(tokens) + 1)] + other[rng.randrange(len(other)) :]
    elif kind == 1:
        for _ in range(rng.randrange(1, 5)):
            tokens.insert(rng.randrange(len(tokens) + 1), f" {rng.choice(_WORDS)} ")
    elif kind == 2:
        start = rng.randrange(len(tokens))
        tokens[start : start + rng.randrange(1, 6)] = []
    elif kind == 3:
        start, size = rng.randrange(len(tokens)), rng.randrange(1, 8)
        tokens[start:start] = tokens[start : start + size] * rng.randrange(2, 40)
    elif kind == 4:
        opened = rng.choice(["(", "date(", "text(", "CASE WHEN ", "(SELECT * FROM (", "STRUCT(", "[", "NOT ", "hex("])
        return "SELECT " + opened * rng.randrange(2, 70) + "1" + ")" * rng.randrange(70)
    else:
        tokens = ["SELECT ", *(f"{rng.choice(_WORDS)} " for _ in range(rng.randrange(3, 60)))]
    return "".join(tokens)


def databases(folder: Path) -> dict[str, Path]:
    """A SQLite and a DuckDB file with a few rows and one cell of 900 kB."""
    sys.path.insert(0, str(next(TESTS.rglob("sql_cases.py")).parent))
    from sql_cases import write_music

    write_music(folder / "music.sqlite")
    with duckdb.connect(str(folder / "music.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE singer (singer_id INTEGER, name VARCHAR, country VARCHAR, age INTEGER, notes JSON)"
        )
        connection.execute("INSERT INTO singer SELECT i, repeat('ab', 450000), 'France', i, '{}' FROM range(5) t(i)")
        connection.execute(
            "CREATE TABLE item AS SELECT i AS id, [i, i + 1] AS list, {'a': i} AS pair FROM range(100) t(i)"
        )
    return {"sqlite": folder / "music.sqlite", "duckdb": folder / "music.duckdb"}


def main() -> int:
    """Run; the number of findings decides the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0, help="end after this long")
    options = parser.parse_args()
    rng, seeds = random.Random(options.seed), statements()
    logging.disable(logging.WARNING)  # sqlglot says of most texts what it does not support
    folder = Path(tempfile.mkdtemp(prefix="coderag-fuzz-"))
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    worst = dict.fromkeys(("read", "guard", "query"), 0.0)
    ends = time.monotonic() + options.minutes * 60
    try:
        opened = {dialect: open_database(path, LIMITS) for dialect, path in databases(folder).items()}
        schemas = {dialect: database.read_schema(samples=0) for dialect, database in opened.items()}
        for number in range(options.count):
            if time.monotonic() > ends:
                print(f"ended after {number} texts: the time is up")
                break
            text = mutated(rng, seeds).replace("{folder}", str(folder))
            dialect = rng.choice(("sqlite", "duckdb", "postgres", "mysql"))
            schema = schemas.get(dialect, schemas["sqlite"])
            try:
                started = time.monotonic()
                read_sql(text)
                explain_sql(text, dialect)
                worst["read"] = max(worst["read"], spent := time.monotonic() - started)
                findings += [f"reading took {spent:.1f} s: {text[:300]!r}"] if spent > READ_S else []
                started = time.monotonic()
                checked = check_sql(text, schema, dialect)
                worst["guard"] = max(worst["guard"], spent := time.monotonic() - started)
                findings += [f"guard took {spent:.1f} s: {text[:300]!r}"] if spent > GUARD_S else []
                if dialect not in opened:
                    outcomes["allowed, not run"] += 1
                    continue
                started = time.monotonic()
                opened[dialect].execute(checked.sql)
                outcomes["ran"] += 1
            except SQLRejectedError:
                outcomes["refused by the guard"] += 1
                continue
            except CodeRAGError as error:
                outcomes["stopped by a limit" if "raise" in str(error) else "failed in the database"] += 1
            except Exception as error:
                findings.append(f"{type(error).__name__} {error} from {dialect}: {text[:300]!r}")
                continue
            worst["query"] = max(worst["query"], spent := time.monotonic() - started)
            if spent > LIMITS.timeout_s + SLACK_S:
                findings.append(f"{dialect} ran {spent:.2f} s at a limit of {LIMITS.timeout_s:g}: {text[:300]!r}")
        for database in opened.values():
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for outcome, count in outcomes.most_common():
        print(f"{count:7} {outcome}")
    print("longest, in s:", ", ".join(f"{what} {seconds:.2f}" for what, seconds in worst.items()))
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"peak memory: this process {peaks[0]:.0f} MB, the largest process that ran SQL {peaks[1]:.0f} MB")
    print(f"{len(findings)} findings")
    for finding in findings[:50]:
        print(" ", finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
