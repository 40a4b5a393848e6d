"""Mined negatives with the real MiniLM: near, below the margin, and never what the positive means."""

import sqlite3

import pytest
import torch
import typer
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from coderag_app.encoders.encoder_loading import minilm_folder
from coderag_app.errors import ModelError
from finetune.encoder.hard_negatives import (
    MiningPlan,
    load_cross_encoder,
    main,
    means_the_same,
    mine,
    open_from,
    open_synthetic,
)
from finetune.encoder.training_rows import EncoderRow, read_rows, write_rows
from finetune.synthesis.domains import load_domains

pytestmark = pytest.mark.model

TABLE = "\nsinger(singer_id, name, country, age)"
QUERIES = {
    "How many singers are there?": "SELECT count(*) FROM singer",
    "Say three.": "SELECT length('abc') FROM singer LIMIT 1",  # returns what the first one does
    "List the names of all singers.": "SELECT name FROM singer",
    "From which countries are the singers?": "SELECT country FROM singer",
    "What is the average age of the singers?": "SELECT avg(age) FROM singer",
    "How old is the oldest singer?": "SELECT max(age) FROM singer",
    "Names of singers by age?": "SELECT name FROM singer ORDER BY age",
}


@pytest.fixture(scope="module")
def model():
    return SentenceTransformer(str(minilm_folder()[0]))


@pytest.fixture(scope="module")
def rows():
    return [EncoderRow(question, sql + TABLE, group="music") for question, sql in QUERIES.items()]


@pytest.fixture(scope="module")
def databases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("databases")
    with sqlite3.connect(folder / "music.sqlite") as connection:
        connection.execute("CREATE TABLE singer (singer_id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER)")
        singers = [(1, "Ann", "France", 30), (2, "Bob", "Spain", 41), (3, "Cleo", "Italy", 25)]
        connection.executemany("INSERT INTO singer VALUES (?, ?, ?, ?)", singers)
    return folder


def test_mined_negatives_are_never_equivalent_and_respect_the_margin(model, rows, databases):
    mined, counts = mine(rows, model, MiningPlan(negatives=2), open_target=open_from(databases))
    assert [row.anchor for row in mined] == list(QUERIES)
    assert counts["kept"] > 0
    assert counts["means the same"] > 0
    for row in mined:
        assert row.positive not in row.negatives
        if "count(" in row.positive or "length(" in row.positive:
            assert not [text for text in row.negatives if "count(" in text or "length(" in text]
        for text in row.negatives:
            query, positive, negative = model.encode([row.anchor, row.positive, text], normalize_embeddings=True)
            assert query @ negative <= 0.95 * (query @ positive) + 1e-4
    assert any(row.negatives for row in mined)


def test_negatives_that_were_there_stay_behind_the_mined_ones(model, rows):
    first = EncoderRow(rows[0].anchor, rows[0].positive, ("SELECT 1",), group="music")
    mined, _ = mine([first, *rows[2:]], model, MiningPlan(negatives=1))
    more, _ = mine([first, *rows[2:]], model, MiningPlan(negatives=20))
    assert mined[0].negatives[0] != "SELECT 1"
    assert more[0].negatives[-1] == "SELECT 1"


def test_equal_meaning_is_seen_in_sql_and_in_python(databases):
    assert means_the_same("SELECT a FROM t WHERE x = 1" + TABLE, "select  a from t where 1 = x" + TABLE)
    assert not means_the_same("SELECT a FROM t", "SELECT b FROM t")
    assert means_the_same("def f(x):\n    return x+1", "def f(x):\n    return (x + 1)  # one more")
    assert not means_the_same("def f(x):\n    return x + 1", "def f(x):\n    return x + 2")
    with open_from(databases)("music") as target:
        assert means_the_same("SELECT count(*) FROM singer", "SELECT count(singer_id) FROM singer", target)
        assert not means_the_same("SELECT count(*) FROM singer", "SELECT max(age) FROM singer", target)


def test_invented_databases_are_drawn_again_by_their_name():
    with open_synthetic("no_such_domain_1") as target:
        assert target is None
    name = load_domains()[0].name
    with open_synthetic(f"{name}_3") as target:
        assert target.db_id == f"{name}_3"
        assert target.schema.tables


def test_a_cross_encoder_that_is_not_there_is_an_error_that_says_so(tmp_path):
    with pytest.raises(ModelError, match="cross-encoder"):
        load_cross_encoder(str(tmp_path / "absent"))


def test_a_cross_encoder_scores_the_candidates_again(model, rows):
    class Undecided:
        """Finds everything equally good, so that the margin leaves nothing."""

        def predict(self, pairs, **_):
            return torch.ones(len(pairs))

    mined, counts = mine(rows, model, MiningPlan(negatives=2), cross_encoder=Undecided())
    assert counts["kept"] == 0
    assert not any(row.negatives for row in mined)


def test_the_command_writes_rows_that_can_be_trained_on(rows, databases, tmp_path):
    write_rows(rows, tmp_path / "rows.jsonl")
    app = typer.Typer()
    app.command()(main)
    arguments = [str(tmp_path / "rows.jsonl"), str(tmp_path / "mined.jsonl"), "--databases", str(databases)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert len(read_rows([tmp_path / "mined.jsonl"])) == len(rows)
