"""The index of examples on disk: what is saved comes back, and nothing is lost."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from example_index import DIMENSION, ENCODER, make_example, make_index, random_vectors
from filelock import FileLock

from coderag_app.errors import IndexStoreError
from coderag_app.index import generations
from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex


def test_what_was_saved_comes_back_with_the_same_results(saved_index: Path) -> None:
    index, loaded = make_index(), ExampleIndex.load(saved_index, expect_encoder=ENCODER)
    wanted = random_vectors(1, seed=3)[0].tolist()
    assert loaded.search(wanted, top_k=10) == index.search(wanted, top_k=10)
    assert loaded.info().databases == {"db0": 7, "db1": 7, "db2": 6}


def test_the_files_have_their_names_and_the_map_needs_no_pickle(saved_index: Path) -> None:
    manifest = json.loads((saved_index / "manifest.json").read_text())
    generation = saved_index / manifest["generation"]
    assert sorted(path.name for path in generation.iterdir()) == [
        "sql_rag_corpus_map.npy",
        "sql_rag_documents.jsonl",
        "sql_rag_faiss_index.bin",
    ]
    rows = np.load(generation / "sql_rag_corpus_map.npy", allow_pickle=False)
    assert [row.decode() for row in rows["node_id"]] == [make_example(n, f"db{n % 3}").example_id for n in range(20)]
    assert manifest["encoder"] == {"name": "random", "fingerprint": ENCODER.fingerprint, "dimension": DIMENSION}


def test_saving_again_replaces_the_generation_and_leaves_one(saved_index: Path) -> None:
    make_index(3).save(saved_index)
    assert len(ExampleIndex.load(saved_index)) == 3
    assert [path.name for path in saved_index.glob("generation-*")] == ["generation-000002"]


def test_changes_to_a_loaded_index_are_kept_by_save(saved_index: Path) -> None:
    index = ExampleIndex.load(saved_index)
    index.remove(db_id="db0")
    index.append([example_to_node(make_example(50, "new"))], random_vectors(1))
    index.save()
    again = ExampleIndex.load(saved_index)
    assert again.info().databases == {"db1": 7, "db2": 6, "new": 1}
    assert len(again.verify()) == 3


def test_a_change_from_an_outdated_copy_is_refused(saved_index: Path) -> None:
    first, second = ExampleIndex.load(saved_index), ExampleIndex.load(saved_index)
    first.remove(db_id="db0")
    first.save()
    second.remove(db_id="db1")
    with pytest.raises(IndexStoreError, match="generation-000002, expected generation-000001"):
        second.save()
    assert "db1" in ExampleIndex.load(saved_index).info().databases


def test_an_empty_index_is_not_saved_over_a_good_one(saved_index: Path) -> None:
    with pytest.raises(IndexStoreError, match="without examples"):
        ExampleIndex.empty(ENCODER).save(saved_index)
    assert len(ExampleIndex.load(saved_index)) == 20


def test_surrogates_and_line_separators_in_an_example_survive(tmp_path: Path) -> None:
    example = replace(make_example(1), question="a\u2028b\r\nc\ud800", context="x\n\ny\x85z")
    ExampleIndex.from_nodes([example_to_node(example)], random_vectors(1), ENCODER).save(tmp_path)
    assert ExampleIndex.load(tmp_path).example(example.example_id) == example


def test_a_second_writer_waits_and_then_says_who_is_in_the_way(saved_index: Path) -> None:
    script = (
        "import sys; from coderag_app.index.generations import storage_lock; from pathlib import Path\n"
        "try:\n  with storage_lock(Path(sys.argv[1]), timeout_s=0.2): print('entered')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    with FileLock(saved_index / ".write.lock"):
        output = subprocess.run(
            [sys.executable, "-c", script, saved_index], capture_output=True, text=True, check=True
        ).stdout
    assert "IndexStoreError Another process is writing" in output


@pytest.mark.slow
def test_a_disk_that_refuses_leaves_the_previous_index(saved_index: Path) -> None:
    script = (
        "import resource, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from coderag_app.errors import IndexStoreError; from example_index import make_index\n"
        "index = make_index(2000); signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try: index.save(sys.argv[2])\nexcept IndexStoreError as error: print('refused:', error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parents[2] / "support"), saved_index],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "refused: Writing the index" in run.stdout, run.stderr
    assert len(ExampleIndex.load(saved_index)) == 20
    assert [path.name for path in saved_index.glob("generation-*")] == ["generation-000001"]


def test_a_reader_that_meets_a_swap_reads_the_new_generation(
    saved_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_files = generations.check_files

    def swap_then_check(folder: Path, manifest: generations.Manifest) -> None:
        monkeypatch.setattr(generations, "check_files", check_files)
        make_index(3).save(folder)  # removes the generation that the reader has just chosen
        check_files(folder, manifest)

    monkeypatch.setattr(generations, "check_files", swap_then_check)
    assert len(ExampleIndex.load(saved_index)) == 3
