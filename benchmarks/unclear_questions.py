"""How often an answered question is asked back as unclear.

    .venv/bin/python benchmarks/unclear_questions.py ../shared/data/spider_dev

Takes the gold SQL of each question as its answer, asks ``clarify`` whether the words fit another column as well, and
prints how many such questions there are, some of them, and the median time of one call.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import lru_cache
from pathlib import Path

from coderag_app.answers.clarification import clarify
from coderag_app.database import open_database
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.types import AnswerStatus, Attempt, SQLAnswer
from finetune.evaluation.datasets import load_dataset


@lru_cache(maxsize=256)
def opened(path: Path) -> tuple[Schema, ValueIndex]:
    """A database's schema and values."""
    database = open_database(path)
    try:
        schema = database.read_schema(samples=0)
        values = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
    finally:
        database.close()
    return schema, values


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="what coderag evaluate takes: a folder of the Spider layout, pairs, demo")
    parser.add_argument("--show", type=int, default=5, help="how many unclear questions to print")
    arguments = parser.parse_args()
    questions = load_dataset(arguments.dataset).questions
    unclear: list[str] = []
    unanswered, times = 0, []
    for each in questions:
        schema, values = opened(Path(each.database))
        attempts = (Attempt("gold", each.gold_sql, ""),)
        answer = SQLAnswer(each.question, each.gold_sql, AnswerStatus.ANSWERED, attempts=attempts)
        started = time.perf_counter()
        found = clarify(answer, schema, values)
        times.append(1000 * (time.perf_counter() - started))
        if found is not None:
            unclear.append(f"{each.question}\n    {found.text}")
        failed = SQLAnswer(each.question, "", AnswerStatus.FAILED, attempts=attempts)
        unanswered += clarify(failed, schema, values) is not None
    print(f"{len(questions)} questions: {len(unclear)} unclear with the gold SQL, {unanswered} without an answer")
    print(f"median {statistics.median(times):.1f} ms")
    for text in unclear[: arguments.show]:
        print(text)


if __name__ == "__main__":
    main()
