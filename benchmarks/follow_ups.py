"""How many follow-ups a change of the query before answers, over Spider dev's queries, and how long it takes.

    python benchmarks/follow_ups.py ../shared/data/spider_dev --every 2

Every changed query is checked by the guard and run. What counts is that none is refused and nothing raises; that a
follow-up does not fit a database (no France in it, no date) is expected.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np

from coderag_app.chat.follow_ups.answering import edited_sql
from coderag_app.database import open_database
from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.schema.value_index import ValueIndex
from coderag_app.settings import AppConfig

FOLLOW_UPS = (
    "only in France", "except France", "and by city?", "and by country?", "per year", "also by name", "top 5",
    "bottom 3 by id", "how many?", "for 2014", "since 2010", "over 10", "sorted by name", "reverse", "the average",
    "and the maximum?", "with their name", "show only the name", "distinct", "for all countries",
)  # fmt: skip


def opened(path: Path) -> TextToSQLQueryEngine:
    """An engine that runs SQL and asks no model."""
    database = open_database(path)
    schema = database.read_schema()
    values = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
    return TextToSQLQueryEngine(None, None, AppConfig(), database, schema, values)  # type: ignore[arg-type]


def main() -> None:
    """Print the counts and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="Spider dev: questions.jsonl and databases/")
    parser.add_argument("--every", type=int, default=1, help="take each n-th query")
    arguments = parser.parse_args()
    paths = {path.stem: path for path in (arguments.folder / "databases").rglob("*.sqlite")}
    engines: dict[str, TextToSQLQueryEngine] = {}
    counts: Counter[str] = Counter()
    times: list[float] = []
    for line in (arguments.folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()[:: arguments.every]:
        row = json.loads(line)
        engine = engines.setdefault(row["db_id"], engines.get(row["db_id"]) or opened(paths[row["db_id"]]))
        previous = engine.run_sql(row["sql"])
        for follow_up in FOLLOW_UPS if previous.ok else ():
            started = time.perf_counter()
            edited = edited_sql(follow_up, previous.sql, engine.schema, engine.values)
            times.append(1000 * (time.perf_counter() - started))
            ran = edited is not None and engine.run_sql(edited.sql).ok
            counts["left to the model" if edited is None else "ran" if ran else "refused"] += 1
    print(", ".join(f"{count} {what}" for what, count in counts.most_common()))
    print(f"milliseconds per follow-up: {np.percentile(times, 50):.1f} median, {np.percentile(times, 95):.1f} at 95%")


if __name__ == "__main__":
    main()
