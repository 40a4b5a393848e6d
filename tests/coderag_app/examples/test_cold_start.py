"""`coderag ingest --synthesize`: a database that nobody has asked yet gets examples, below those a person verified."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coderag_app.database import open_database
from coderag_app.encoders.encoder_loading import LoadedEncoder, embed_documents, load_embed_model
from coderag_app.errors import ConfigurationError, IngestionError
from coderag_app.examples.retriever import ExampleRetriever
from coderag_app.examples.synthetic import add_synthetic_examples, staleness
from coderag_app.index.embed_view import embed_view
from coderag_app.index.store import ExampleIndex
from coderag_app.index.synthesis import VECTOR_RECIPE, SynthesisRecord, drawn_to_questions
from coderag_app.types import Origin

pytestmark = [pytest.mark.model, pytest.mark.slow]

pytest_plugins = ["cli_runner"]

SCRIPT = """
CREATE TABLE singers (singer_id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);
CREATE TABLE concerts (concert_id INTEGER PRIMARY KEY,
    singer_id INTEGER REFERENCES singers, stadium TEXT, sold INTEGER);
INSERT INTO singers VALUES (1, 'Ana Silva', 'Peru', 30), (2, 'Bo Lind', 'Norway', 41), (3, 'Cy Roe', 'Peru', 25);
INSERT INTO concerts VALUES (1, 1, 'Arena', 900), (2, 1, 'Dome', 400), (3, 2, 'Arena', 650), (4, 3, 'Park', 120);
"""
PAIR = {"question": "How many singers live in Peru?", "sql": "SELECT count(*) FROM singers WHERE country = 'Peru'"}


@pytest.fixture(scope="session")
def encoder() -> LoadedEncoder:
    return load_embed_model("auto")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT)
    return path


def synthesize(path: Path, folder: Path, encoder: LoadedEncoder, limit: int = 80, seed: int = 0):
    with closing(open_database(path)) as database:
        return add_synthetic_examples(database, folder, encoder, limit, seed)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, encoder: LoadedEncoder) -> Path:
    """An index of the database's 80 synthetic examples, made once for the tests that only begin with it."""
    folder = tmp_path_factory.mktemp("made")
    with closing(sqlite3.connect(folder / "music.sqlite")) as connection:
        connection.executescript(SCRIPT)
    synthesize(folder / "music.sqlite", folder / "index", encoder)
    return folder / "index"


@pytest.fixture
def index_folder(made_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_once, tmp_path / "index"))


def test_the_hook_finds_what_makes_examples_and_fills_a_new_index(music, tmp_path, encoder):
    report = synthesize(music, tmp_path / "index", encoder)
    index = ExampleIndex.load(tmp_path / "index", expect_encoder=encoder.info)
    assert (report.made, report.embedded, report.total, len(index)) == (80, 80, 80, 80)
    assert index.info().synthetic == 80
    index.verify()


def test_a_question_finds_the_synthetic_query_that_answers_it(music, tmp_path, encoder):
    synthesize(music, tmp_path / "index", encoder, limit=600)
    retriever = ExampleRetriever(ExampleIndex.load(tmp_path / "index"), encoder.embed_model)
    found = [item.example.sql for item in retriever.retrieve_examples("How many singers are there per country?")]
    with closing(open_database(music)) as database:
        rows = [sorted(map(sorted_row, database.execute(sql).rows)) for sql in found]
    assert sorted(map(sorted_row, [("Norway", 1), ("Peru", 2)])) in rows


def test_the_vector_of_a_made_example_is_drawn_to_its_question(music, tmp_path, encoder, index_folder):
    index = ExampleIndex.load(tmp_path / "index")
    examples = [index.example(node_id) for node_id in index.vectors.node_ids]
    queries = embed_documents(encoder.embed_model, [embed_view(e.sql, e.context) for e in examples])
    questions = embed_documents(encoder.embed_model, [e.question for e in examples])
    stored = index.vectors.vectors(index.vectors.node_ids)
    assert stored == pytest.approx(drawn_to_questions(queries, questions), abs=0.02)  # batches differ in bf16
    assert np.mean((stored * questions).sum(axis=1) > (queries * questions).sum(axis=1)) == 1.0
    assert np.mean((stored * queries).sum(axis=1) > (stored * questions).sum(axis=1)) > 0.9  # the SQL weighs more


def sorted_row(row) -> list[str]:
    return sorted(map(str, row))


def test_making_them_again_embeds_nothing_and_removes_nothing(music, tmp_path, encoder, index_folder):
    again = synthesize(music, tmp_path / "index", encoder)
    assert (again.made, again.embedded, again.reused, again.removed) == (80, 0, 80, 0)


def test_vectors_that_were_made_in_another_way_are_made_anew(music, tmp_path, encoder, index_folder):
    index = ExampleIndex.load(tmp_path / "index")
    wanted = index.vectors.vectors(index.vectors.node_ids)
    index.synthesis["music"] = replace(index.synthesis["music"], vectors="")
    index.save(tmp_path / "index")
    again = synthesize(music, tmp_path / "index", encoder)
    assert (again.made, again.embedded, again.reused, again.removed) == (80, 80, 0, 0)
    renewed = ExampleIndex.load(tmp_path / "index")
    assert len(renewed) == 80
    assert renewed.vectors.vectors(index.vectors.node_ids) == pytest.approx(wanted, abs=0.02)
    assert renewed.synthesis["music"].vectors == VECTOR_RECIPE


def test_after_a_change_of_the_schema_the_stale_ones_are_replaced(music, tmp_path, encoder, index_folder):
    with closing(sqlite3.connect(music)) as connection:
        connection.executescript("ALTER TABLE singers RENAME COLUMN age TO years_of_life")
    report = synthesize(music, tmp_path / "index", encoder)
    index = ExampleIndex.load(tmp_path / "index")
    examples = [index.example(node_id) for node_id in index.vectors.node_ids]
    assert report.removed > 0
    assert len(index) == report.made
    assert all("years_of_life" in example.context for example in examples)


def test_the_index_says_when_its_synthetic_examples_no_longer_fit(music, tmp_path, encoder, index_folder):
    records = ExampleIndex.load(tmp_path / "index").synthesis
    with closing(open_database(music)) as database:
        assert staleness(records, "music", database.read_schema(samples=0)) == ""
    with closing(sqlite3.connect(music)) as connection:
        connection.executescript("ALTER TABLE singers ADD COLUMN label TEXT")
    with closing(open_database(music)) as database:
        schema = database.read_schema(samples=0)
    message = staleness(records, "music", schema, "music.sqlite")
    assert f"got fingerprint {records['music'].schema_fingerprint}, expected {schema.fingerprint}" in message
    assert "coderag ingest --database music.sqlite --synthesize" in message
    assert staleness(records, "other", schema) == ""


def test_verified_examples_stay_and_come_before_synthetic_ones(music, tmp_path, encoder, coderag):
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(json.dumps(PAIR) + "\n")
    options = ("--storage-dir", "index")
    assert coderag("ingest", "--database", music, "--pairs", pairs, *options).code == 0
    outcome = coderag("ingest", "--database", music, "--synthesize", "--limit", "300", "--json", *options)
    assert outcome.documents[0]["total"] == 301
    retriever = ExampleRetriever(ExampleIndex.load(tmp_path / "index"), encoder.embed_model, similarity_top_k=5)
    found = retriever.retrieve_examples("Count the singers from Peru")
    assert found[0].example.origin is Origin.VERIFIED
    assert {item.example.origin for item in found[1:]} == {Origin.SYNTHETIC}


def test_a_synthetic_copy_of_a_verified_query_is_not_shown_beside_it(music, tmp_path, encoder):
    synthesize(music, tmp_path / "index", encoder, limit=300)
    index = ExampleIndex.load(tmp_path / "index")
    example = index.example(index.vectors.node_ids[0])
    from coderag_app.index.nodes import example_to_document
    from coderag_app.types import SQLExample

    taught = SQLExample("In other words?", example.sql, example.context, example.db_id)
    index.append([example_to_document(taught)], index.vectors.vectors([example.example_id]))
    found = index.search(index.vectors.vectors([example.example_id])[0].tolist(), top_k=5)
    assert [item.example.sql for item in found].count(example.sql) == 1
    assert found[0].example.question == "In other words?"


def test_removing_a_database_forgets_what_its_examples_were_made_from(music, tmp_path, encoder):
    other = tmp_path / "second.sqlite"
    shutil.copy(music, other)
    synthesize(music, tmp_path / "index", encoder)
    synthesize(other, tmp_path / "index", encoder)
    index = ExampleIndex.load(tmp_path / "index")
    assert set(index.synthesis) == {"music", "second"}
    index.remove(db_id="music")
    index.save()
    assert set(ExampleIndex.load(tmp_path / "index").synthesis) == {"second"}


def test_a_database_without_rows_is_refused_and_the_index_stays(tmp_path, music, encoder, index_folder):
    empty = tmp_path / "empty.sqlite"
    with closing(sqlite3.connect(empty)) as connection:
        connection.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    with pytest.raises(IngestionError, match="at least one table with rows"):
        synthesize(empty, tmp_path / "index", encoder)
    assert len(ExampleIndex.load(tmp_path / "index")) == 80


def test_without_the_package_that_makes_them_the_error_says_what_to_install(music, tmp_path, encoder, monkeypatch):
    monkeypatch.setattr("coderag_app.examples.synthetic.entry_points", lambda group: ())
    with pytest.raises(ConfigurationError, match="pip install"):
        synthesize(music, tmp_path / "index", encoder)


def test_index_info_shows_what_they_were_made_from_and_warns_when_stale(music, tmp_path, coderag):
    options = ("--storage-dir", "index")
    assert coderag("ingest", "--database", music, "--synthesize", "--limit", "60", *options).code == 0
    (fresh,) = coderag("index", "info", "--storage-dir", "index", "--database", music, "--json").documents
    assert fresh["synthesis"]["music"]["limit"] == 60
    assert fresh["stale"] == ""
    with closing(sqlite3.connect(music)) as connection:
        connection.executescript("ALTER TABLE singers ADD COLUMN label TEXT")
    told = coderag("index", "info", "--storage-dir", "index", "--database", music)
    assert "Make them anew" in told.err.replace("\n", " ")


def test_asking_with_stale_synthetic_examples_warns(music, tmp_path, coderag, caplog):
    options = ("--storage-dir", "index")
    assert coderag("ingest", "--database", music, "--synthesize", "--limit", "60", *options).code == 0
    asked = ("ask", "--database", music, *options, "How many singers are there?")
    reply = ["SELECT count(*) FROM singers"]
    assert coderag(*asked, replies=reply).code == 0
    assert "another schema" not in caplog.text
    with closing(sqlite3.connect(music)) as connection:
        connection.executescript("ALTER TABLE singers ADD COLUMN label TEXT")
    assert coderag(*asked, replies=reply).code == 0
    assert "another schema" in caplog.text
    assert f"coderag ingest --database {music} --synthesize" in caplog.text


@pytest.mark.parametrize("others", [("--demo",), ("--file", "x.jsonl"), ("--pairs", "x.jsonl")])
def test_synthesize_takes_one_database_and_no_other_input(music, coderag, others):
    outcome = coderag("ingest", "--database", music, "--synthesize", *others)
    assert outcome.code == 2
    assert "--synthesize" in outcome.err


def test_synthesize_without_a_database_says_what_is_missing(coderag):
    outcome = coderag("ingest", "--synthesize")
    assert outcome.code == 2
    assert "--database FILE_OR_URL" in outcome.err.replace("\n", " ")


def test_a_record_of_another_database_does_not_make_this_one_stale(music):
    with closing(open_database(music)) as database:
        schema = database.read_schema(samples=0)
    assert staleness({"elsewhere": SynthesisRecord("0" * 16, 10, 0, "2026-01-01")}, "music", schema) == ""
