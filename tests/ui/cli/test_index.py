"""The commands around the index, models and evaluation, on the demo's examples and the real encoder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coderag_app.bundled.demo import DEMO_DATABASE, DEMO_EXAMPLES

pytestmark = [pytest.mark.model, pytest.mark.slow]

pytest_plugins = ["cli_runner"]


@pytest.fixture(scope="session")
def demo_index(tmp_path_factory) -> Path:
    """The demo's index, built once by the command itself."""
    folder = tmp_path_factory.mktemp("demo") / "index"
    result = subprocess.run(
        [sys.executable, "-m", "ui.cli", "ingest", "--demo", "--storage-dir", str(folder), "--json"],
        capture_output=True, text=True, check=True, cwd=folder.parent,
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert report["kept"] == report["read"] == len(DEMO_EXAMPLES.read_text().splitlines())
    return folder


def test_a_second_ingest_embeds_nothing(coderag, demo_index, tmp_path):
    shutil.copytree(demo_index, tmp_path / "index")
    outcome = coderag("ingest", "--demo", "--storage-dir", "index", "--json")
    assert outcome.code == 0
    assert outcome.documents[0]["embedded"] == 0
    assert outcome.documents[0]["reused"] > 60


def test_ask_shows_the_sources_with_their_similarity(coderag, demo_index):
    question = json.loads(DEMO_EXAMPLES.read_text().splitlines()[0])["question"]
    outcome = coderag("ask", "--demo", "--storage-dir", demo_index, question)
    assert outcome.code == 0
    assert "similarity" in outcome.out
    assert question in outcome.out.split("similarity")[1]
    as_json = coderag("ask", "--demo", "--storage-dir", demo_index, "--json", question).documents[0]
    similarities = [source["similarity"] for source in as_json["sources"]]
    assert len(similarities) == 3
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 0.5


def test_without_a_database_the_sql_is_checked_and_not_run(coderag, demo_index):
    outcome = coderag("ask", "--storage-dir", demo_index, "How many stores are there?")
    assert outcome.code == 0
    assert "not run" in outcome.out
    assert "SELECT COUNT(*)" in outcome.out


def test_index_info_and_verify_agree_with_what_was_ingested(coderag, demo_index):
    (info,) = coderag("index", "info", "--storage-dir", demo_index, "--json").documents
    assert info["count"] == info["databases"]["demo"] == info["verified"]
    assert info["dimension"] == 384
    assert "CodeRAG encoder" in coderag("index", "info", "--storage-dir", demo_index).out
    verified = coderag("index", "verify", "--storage-dir", demo_index)
    assert verified.code == 0
    assert verified.out.count("ok  ") >= 3


def test_a_damaged_index_is_refused_with_the_command_that_mends_it(coderag, demo_index, tmp_path):
    shutil.copytree(demo_index, tmp_path / "index")
    (data,) = (tmp_path / "index").rglob("sql_rag_faiss_index.bin")
    data.write_bytes(data.read_bytes()[:-1])
    outcome = coderag("index", "verify", "--storage-dir", "index")
    assert outcome.code == 1
    assert "coderag ingest" in outcome.err


def test_a_pair_is_added_found_and_removed(coderag, demo_index, tmp_path):
    shutil.copytree(demo_index, tmp_path / "index")
    question, sql = "What is the floor space of all shops together?", "SELECT SUM(floor_area_m2) FROM stores"
    added = coderag("index", "add", "-q", question, "--sql", sql, "-d", DEMO_DATABASE, "-s", "index")
    assert added.code == 0
    assert "1 rows read, 1 examples kept" in added.out
    source = coderag("ask", "--demo", "-s", "index", "--json", question).documents[0]["sources"][0]
    assert source["question"] == question
    assert source["sql"] == sql
    removed = coderag("index", "remove", source["example_id"], "-s", "index")
    assert removed.code == 0
    assert "1 example removed" in removed.out
    again = coderag("ask", "--demo", "-s", "index", "--json", question).documents[0]["sources"]
    assert question not in [source["question"] for source in again]


def test_a_pair_whose_sql_does_not_run_is_not_added(coderag, demo_index):
    outcome = coderag(
        "index", "add", "-q", "q", "--sql", "SELECT nope FROM stores", "-d", DEMO_DATABASE, "-s", demo_index
    )
    assert outcome.code == 1
    assert "nope" in outcome.err


def test_columns_can_be_mapped(coderag, tmp_path):
    (tmp_path / "pairs.csv").write_text('nl,query,ddl\nHow many?,SELECT COUNT(*) FROM t,"CREATE TABLE t (a INT)"\n')
    outcome = coderag(
        "ingest", "--file", "pairs.csv", "--map", "question=nl,sql=query", "--map", "context=ddl", "--json"
    )
    assert outcome.code == 0
    assert outcome.documents[0]["kept"] == 1
    assert outcome.documents[0]["storage_dir"] == "storage"


def test_an_input_without_a_usable_row_is_an_error(coderag, tmp_path):
    (tmp_path / "bad.jsonl").write_text(
        '{"question": "q", "sql": "DROP TABLE t", "context": "CREATE TABLE t (a INT)"}\n'
    )
    outcome = coderag("ingest", "--file", "bad.jsonl")
    assert outcome.code == 1
    assert "Nothing usable" in outcome.err


def test_models_names_the_presets_with_licence_and_what_auto_takes(coderag):
    (document,) = coderag("models", "--json").documents
    names = [model["spec"] for model in document["llms"]]
    assert {"mistral-7b-instruct", "qwen2.5-coder-7b", "qwen2.5-coder-1.5b", "bundled"} <= set(names)
    assert (
        sum(model["automatic"] for model in document["llms"]) == 1 == sum(m["automatic"] for m in document["encoders"])
    )
    table = coderag("models").out
    assert all(name in table for name in names)
    assert "Apache-2.0" in table


def test_evaluate_prints_the_figures_and_where_the_report_is(coderag):
    arguments = ["evaluate", "demo", "--arms", "none", "--limit", 3, "--run-dir", "run"]
    shown = coderag(*arguments)
    assert shown.code == 0
    assert "3 questions" in shown.out
    assert "run/report.md" in shown.out
    (document,) = coderag(*arguments, "--json").documents
    assert document["questions"] == 3
    assert document["run_dir"] == "run"
