"""Picking the rows worth showing: clear ones, of every task, unlike each other."""

import numpy as np
import pytest

from finetune.synthesis.drafts import DraftOrigin, SyntheticRow, content_hash
from finetune.synthesis.pipeline import SynthesisPlan, synthesize
from finetune.synthesis.row_selection import clarity, select_rows
from finetune.synthesis.rule_maker import RuleMaker
from finetune.synthesis.tasks import CATEGORIES, load_tasks


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    maker = RuleMaker.create(seed=0, databases=6)
    made = synthesize(SynthesisPlan(141, load_tasks()), maker, tmp_path_factory.mktemp("rows")).rows
    maker.close()
    return made


def make_row(task="web_query", query="how to sort a list of words", pos="sorted(words)", source="python:a", **origin):
    category = next(known.category for known in load_tasks() if known.name == task)
    checks = ("readable", "equivalent")
    return SyntheticRow(
        category, task, "python", query, pos, "prompt", source, DraftOrigin("rule", "r", origin), checks,
        content_hash(task, query, pos),
    )  # fmt: skip


def test_the_selection_takes_every_task_once_before_any_twice(rows):
    def embed(texts):
        vectors = np.random.default_rng(0).normal(size=(len(texts), 8)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    chosen = select_rows(rows, embed)
    assert len(chosen) == 40
    for category in CATEGORIES:
        tasks = [row.task for row in chosen if row.category == category]
        assert len(tasks) == 10
        assert len(set(tasks)) == min(10, sum(task.category == category for task in load_tasks()))


def test_the_selection_prefers_what_is_unlike_the_rest():
    near = [make_row(query=f"how to sort a list of words {n}", pos=f"sorted(words)  # {n:40}") for n in range(3)]
    far = make_row(query="how to read a file line by line", pos="list(open(path))  # one line each", source="python:z")
    vectors = {row.query: [1.0, 0.0] for row in near} | {far.query: [0.0, 1.0]}
    chosen = select_rows(
        [*near, far], lambda texts: np.array([vectors[t.split("\n")[0]] for t in texts], dtype=np.float32), 2
    )
    assert far in chosen


def test_long_lines_and_long_texts_are_less_clear():
    plain = make_row(pos="def f(words):\n" + "    words.sort()\n" * 15)
    assert clarity(plain) > clarity(make_row(pos="x = " + "1 + " * 60 + "1"))
    assert clarity(plain) > clarity(make_row(pos="def f(words):\n" + "    words.sort()\n" * 200))
