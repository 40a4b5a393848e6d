"""The light encoder for questions: that it stands in for the full one, and that asking then needs no torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from example_index import DIMENSION, ENCODER

from coderag_app import load_query_engine
from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.bundled.integrity import BUNDLED
from coderag_app.encoders.encoder_loading import embed_documents, embed_queries, load_embed_model
from coderag_app.encoders.query_encoder import load_encoder_for_queries
from coderag_app.errors import IndexStoreError, ModelError
from coderag_app.settings import AppConfig
from coderag_app.types import EncoderInfo

pytestmark = [pytest.mark.model, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
COMPACT = BUNDLED / "query_encoder" / "compact"
TEXTS = (
    "How many stores are there?",
    "Which customers from São Paulo spent more than 1,200.50 € in 2024?",
    "SELECT T1.name, COUNT(*) FROM singer AS T1 JOIN concert AS T2 ON T1.id = T2.singer_id GROUP BY T1.name",
    "한국어 이름",  # llama.cpp's own tokenizer cuts these three otherwise
    "कितने छात्र हैं",
    "a" * 300,
    "什么是学生的名字？",
    "",
    " ".join(f"column_{number}" for number in range(900)),
)
# Asks the demo with an index and a verified example, so that a question is embedded, an example, and the candidates.
ASK = """
import sys
from ui.cli import main
try:
    main(sys.argv[1:])
finally:
    print("loaded:", sorted({"torch", "transformers", "sentence_transformers"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def demo_index(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "storage"
    command = [sys.executable, "-m", "ui.cli", "ingest", "--demo", "--storage-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def asked(folder: Path, *options: str, program: str = "ask") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ASK, program, *options, "--database", str(DEMO_DATABASE)]
    environment = os.environ | {"CODERAG_VERIFIED_DIR": str(folder / "verified"), "CODERAG_LLM": "bundled"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


def test_asking_with_an_index_imports_no_torch(demo_index, tmp_path):
    taught = asked(tmp_path, "-q", "How many shops?", "--sql", "SELECT COUNT(*) FROM stores", program="teach")
    assert taught.returncode == 0, taught.stderr
    index = ("--storage-dir", str(demo_index), "--query-encoder", "compact")
    done = asked(tmp_path, *index, "--json", "Which product categories cost most on average?")
    document = json.loads(done.stdout.splitlines()[0])
    assert document["sources"] and "compact" in document["encoder"], done.stderr
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_asking_with_the_full_encoder_does(demo_index, tmp_path):
    done = asked(tmp_path, "--storage-dir", str(demo_index), "--query-encoder", "full", "--json", "How many stores?")
    assert "'torch'" in done.stdout.splitlines()[-1], done.stderr


def test_it_puts_texts_where_the_full_encoder_puts_them():
    light, full = (load_encoder_for_queries(name) for name in ("compact", "full"))
    assert light.info == full.info
    vectors = [embed_queries(encoder.embed_model, TEXTS) for encoder in (light, full)]
    assert (vectors[0] * vectors[1]).sum(axis=1).min() > 0.995
    documents = embed_documents(light.embed_model, TEXTS)
    assert np.abs(documents - vectors[0]).max() < 1e-6


def test_half_of_a_surrogate_pair_is_embedded():
    vector = load_encoder_for_queries("compact").embed_model.get_query_embedding("Which \ud83d shops?")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_an_index_of_another_encoder_gets_the_full_one_or_an_error():
    minilm = load_embed_model("minilm")
    assert load_encoder_for_queries("auto", "minilm", made_with=minilm.info).info == minilm.info
    with pytest.raises(IndexStoreError, match=rf"(?s){ENCODER.fingerprint}.*aligned with.*coderag train-query-encoder"):
        load_encoder_for_queries("compact", made_with=ENCODER)


def test_a_saved_index_of_another_encoder_is_refused_by_name(saved_index):
    with pytest.raises(IndexStoreError, match="built with random"):
        load_query_engine(database=DEMO_DATABASE, storage_dir=saved_index, llm="bundled", query_encoder="compact")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("static", r"No query encoder of kind static ships.*--kind static --output"),
        ("smallest", r"Got query encoder 'smallest'\. Expected auto, full, compact"),
    ],
)
def test_what_is_not_there_is_named_with_what_makes_it(setting, message):
    with pytest.raises(ModelError, match=message):
        load_encoder_for_queries(setting)


def of_its_own(folder: Path, **changes: object) -> Path:
    shutil.copytree(COMPACT, folder, dirs_exist_ok=True)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps(card | changes), encoding="utf-8")
    return folder


def test_a_folder_of_ones_own_is_used(tmp_path):
    teacher = {"name": "mine", "fingerprint": "f" * 16, "dimension": 384}
    folder = of_its_own(tmp_path, teacher=teacher)
    loaded = load_encoder_for_queries(str(folder), made_with=EncoderInfo(**teacher))
    assert loaded.name == f"mine (compact, {folder})"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "tiny"}, "kind 'tiny', expected 1 and one of compact"),
        ({"format_version": 2}, "got format 2"),
        (
            {"teacher": {"name": "x", "fingerprint": "y", "dimension": DIMENSION}},
            "384 dimensions, or zeros, expected 16",
        ),
        ({"teacher": None}, "card.json is no QueryEncoderCard"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(tmp_path, changes, message):
    with pytest.raises(ModelError, match=message):
        load_encoder_for_queries(str(of_its_own(tmp_path, **changes)))


@pytest.mark.parametrize("name", ["encoder.gguf", "tokenizer.json"])
def test_a_file_that_was_cut_is_refused(tmp_path, name):
    path = of_its_own(tmp_path) / name
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ModelError, match=name):
        load_encoder_for_queries(str(tmp_path))


def test_a_folder_may_name_kinds_and_no_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coderag.toml").write_text(f'query_encoder = "{COMPACT}"\n', encoding="utf-8")
    assert AppConfig.load().query_encoder == "auto"
    (tmp_path / "coderag.toml").write_text('query_encoder = "full"\n', encoding="utf-8")
    assert AppConfig.load().query_encoder == "full"
