"""Measuring encoders: a perfect system scores 1.0 whatever is duplicated, and the figures follow the ranking."""

import json
from pathlib import Path

import numpy as np
import pytest

from coderag_app.errors import ConfigurationError
from coderag_app.llm.llm_loading import load_embed_model
from finetune.evaluation.encoder_ranking import (
    METRICS,
    BM25Ranker,
    EncoderRanker,
    LabelledDocument,
    intervals,
    means,
    rank,
    ranking_task,
)
from finetune.evaluation.encoder_report import evaluate_rankers, load_rankers
from finetune.evaluation.encoder_tasks import TASKS, descriptions, load_task

pytestmark = [pytest.mark.model, pytest.mark.slow]


class Scripted:
    """Scores that depend on the texts alone, as an encoder's do."""

    name = "scripted"

    def __init__(self, right):
        self.right = right

    def scores(self, queries, documents):
        return np.array([[float(self.right(q, d)) for d in documents] for q in queries], dtype=np.float32)


def perfect(task):
    item = dict(zip(task.documents, task.items, strict=True))
    answers = dict(zip(task.queries, task.relevant, strict=True))
    return Scripted(lambda query, document: item[document] in answers[query])


DUPLICATES = [
    LabelledDocument("SELECT name FROM singer", ("music", "names"), "Who sings?"),
    LabelledDocument("SELECT singer.name FROM singer", ("music", "names"), "Names of the singers?"),  # another spelling
    LabelledDocument(
        "SELECT name FROM singer", ("choir", "names"), "Who sings in the choir?"
    ),  # the same text elsewhere
    LabelledDocument("SELECT count(*) FROM concert", ("music", "count"), "How many are there?"),
    LabelledDocument("SELECT count(*) FROM boat", ("harbour", "count"), "How many are there?"),  # the same question
    LabelledDocument("SELECT * FROM pier", ("harbour", "all")),
]


def test_a_perfect_ranking_scores_one_in_spite_of_duplicates():
    task = ranking_task("duplicates", DUPLICATES)
    assert means(rank(task, perfect(task))) == dict.fromkeys(METRICS, 1.0)


def test_spellings_and_copies_are_one_item_and_equal_questions_share_their_answers():
    task = ranking_task("duplicates", DUPLICATES)
    assert len(task.documents) == 5
    assert len(set(task.items)) == 4
    assert [len(relevant) for relevant in task.relevant] == [1, 1, 1, 2, 2]


def test_a_ranking_that_is_always_wrong_scores_zero_at_one():
    task = ranking_task("duplicates", DUPLICATES)
    oracle = perfect(task).right
    scores = means(rank(task, Scripted(lambda query, document: not oracle(query, document))))
    assert scores["recall_at_1"] == 0.0
    assert 0.0 < scores["mrr_at_10"] < 0.6


def test_the_metrics_are_those_of_the_place_where_the_answer_stands():
    documents = [LabelledDocument(f"document {i}", i) for i in range(20)]
    task = ranking_task("places", [*documents, LabelledDocument("document 3", 3, "which?")])
    scores = means(rank(task, Scripted(lambda _, document: -int(document.split()[1]))))
    assert scores == pytest.approx(
        {"recall_at_1": 0, "recall_at_3": 0, "recall_at_10": 1, "mrr_at_10": 0.25, "ndcg_at_10": 1 / np.log2(5)}
    )


def test_ten_items_are_looked_at_even_if_the_first_places_are_copies():
    spellings = [LabelledDocument(f"spelling {i}", "same") for i in range(30)]
    task = ranking_task("copies", [*spellings, LabelledDocument("other", "other", "which?")])
    ranker = Scripted(lambda _, document: document.startswith("spelling"))
    assert means(rank(task, ranker))["mrr_at_10"] == 0.5


@pytest.mark.parametrize(
    "source",
    [source for source in TASKS if source.name != "spider_train"],  # spider_dev's reader, with four times the queries
    ids=lambda source: source.name,
)
def test_a_perfect_ranking_scores_one_on_every_benchmark(source, shared_data):
    task = load_task(source, shared_data)
    if len(task.queries) > 300:  # what is right does not depend on how many are asked
        task = type(task)(task.name, task.queries[::5], task.documents, task.items, task.relevant[::5])
    assert means(rank(task, perfect(task))) == dict.fromkeys(METRICS, 1.0)


def test_bm25_reads_the_words_of_identifiers():
    right = LabelledDocument("SELECT homeTown FROM big_singer", 1, "home town of the singer")
    task = ranking_task(
        "words", [right, LabelledDocument("SELECT a FROM b", 2), LabelledDocument("SELECT c FROM d", 3)]
    )
    assert means(rank(task, BM25Ranker()))["recall_at_1"] == 1.0


def test_the_real_encoder_finds_the_plain_answer():
    task = ranking_task(
        "plain",
        [
            LabelledDocument(
                "SELECT count(*) FROM singer\nsinger(id, name, country)", 1, "How many singers are there?"
            ),
            LabelledDocument(
                "SELECT max(capacity) FROM stadium\nstadium(id, name, capacity)", 2, "How big is the biggest stadium?"
            ),
        ],
    )
    values = rank(task, EncoderRanker("MiniLM", load_embed_model("minilm")))
    assert values["recall_at_1"] == [1.0, 1.0]
    assert intervals(values)["recall_at_1"].low < 1.0  # two queries prove little


def test_descriptions_are_ranked_over_code_without_its_docstring(tmp_path):
    code = 'def add(a, b):\n    """Add two numbers.\n\n    >>> add(1, 2)\n    """\n    return a + b\n'
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps({"id": "1", "query": "Add two numbers.", "code": code}), encoding="utf-8")
    assert [document.text for document in descriptions(path)] == ["def add(a, b):\n    return a + b"]


def test_absent_data_is_said_and_an_unknown_task_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="No benchmark data"):
        evaluate_rankers([BM25Ranker()], tmp_path)
    with pytest.raises(ConfigurationError, match="spider_dev"):
        evaluate_rankers([BM25Ranker()], tmp_path, ["spyder"])


def test_what_is_there_is_measured_and_what_is_not_is_skipped(tmp_path: Path):
    row = {"id": "1", "query": "add", "code": "def add(a, b): return a + b"}
    (tmp_path / "code_search").mkdir()
    (tmp_path / "code_search" / "mbpp.jsonl").write_text(json.dumps(row), encoding="utf-8")
    report = evaluate_rankers([BM25Ranker()], tmp_path)
    assert [(score.task, score.ranker, score.queries) for score in report.scores] == [("mbpp", "BM25", 1)]
    assert "spider_dev" in report.skipped
    assert "humaneval" in report.skipped


def test_an_encoder_that_is_named_twice_is_measured_once():
    assert [ranker.name for ranker in load_rankers(["minilm", "minilm"])] == ["BM25", "all-MiniLM-L6-v2"]
