"""The index of examples: search, change, persistence, and refusal of what is damaged or foreign."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from llama_index.core import VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.vector_stores.faiss import FaissVectorStore

from coderag_app.errors import IndexStoreError
from coderag_app.index import files as index_files
from coderag_app.index.nodes import example_from_node, example_to_document, example_to_node, llm_view
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.models import LoadedEncoder, load_embed_model
from coderag_app.retriever import ExampleRetriever
from coderag_app.types import EncoderInfo, Origin, SQLExample

DIMENSION = 16
ENCODER = EncoderInfo("random", "0123456789abcdef", DIMENSION)


def make_example(number: int, db_id: str = "shop", origin: Origin = Origin.VERIFIED) -> SQLExample:
    return SQLExample(
        question=f"How many rows has t{number}?",
        sql=f"SELECT COUNT(*) FROM t{number}",
        context=f"CREATE TABLE t{number} (id INT, größe TEXT);",
        db_id=db_id,
        origin=origin,
        source=f"pairs.jsonl:{number}",
    )


def random_vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)


def make_index(count: int = 20, seed: int = 0) -> ExampleIndex:
    nodes = [example_to_node(make_example(number, f"db{number % 3}")) for number in range(count)]
    return ExampleIndex.from_nodes(nodes, random_vectors(count, seed), ENCODER)


def index_of(pairs: list[tuple[SQLExample, list[float]]]) -> ExampleIndex:
    vectors = np.zeros((len(pairs), DIMENSION), dtype=np.float32)
    for row, (_, start) in enumerate(pairs):
        vectors[row, : len(start)] = start
    return ExampleIndex.from_nodes([example_to_node(example) for example, _ in pairs], vectors, ENCODER)


def query(*start: float) -> list[float]:
    return [*start, *[0.0] * (DIMENSION - len(start))]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    make_index().save(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def minilm() -> LoadedEncoder:
    return load_embed_model("minilm")


# --- nodes ---


def test_llm_and_embedding_read_different_texts_of_one_node() -> None:
    node = example_to_node(make_example(1))
    assert node.get_content(MetadataMode.LLM) == (
        "DATABASE CONTEXT:\nCREATE TABLE t1 (id INT, größe TEXT);\n\nSQL QUERY:\nSELECT COUNT(*) FROM t1"
    )
    assert node.get_content(MetadataMode.EMBED) == "SELECT COUNT(*) FROM t1\nt1(id, größe)"


def test_braces_in_an_example_do_not_disturb_the_templates() -> None:
    example = replace(make_example(1), sql="SELECT '{metadata_str} {x} {}' FROM t1")
    node = example_to_node(example)
    assert node.get_content(MetadataMode.EMBED).startswith("SELECT '{metadata_str} {x} {}' FROM t1\n")
    assert node.get_content(MetadataMode.LLM) == llm_view(example)


@pytest.mark.parametrize("make", [example_to_node, example_to_document])
def test_an_example_comes_back_from_its_node_unchanged(make: Callable) -> None:
    example = replace(make_example(1, origin=Origin.SYNTHETIC), context="\n\nSQL QUERY:\nDATABASE CONTEXT:\n x ")
    assert example_from_node(make(example)) == example


def test_a_node_of_another_origin_is_refused() -> None:
    with pytest.raises(IndexStoreError, match="no SQL example"):
        example_from_node(TextNode(text="hello"))


def test_a_node_whose_text_was_changed_is_refused() -> None:
    node = example_to_node(make_example(1))
    node.text = node.text.replace("id INT", "id TEXT")
    with pytest.raises(IndexStoreError, match="content hash"):
        example_from_node(node)


# --- search ---


def test_an_exact_match_comes_first_with_similarity_one() -> None:
    index, vectors = make_index(), random_vectors(20)
    for row in range(20):
        best = index.search((7 * vectors[row]).tolist(), top_k=3)[0]
        assert best.example == make_example(row, f"db{row % 3}")
        assert best.similarity == pytest.approx(1.0, abs=1e-5)


def test_similarities_are_cosines_in_falling_order() -> None:
    index, vectors = make_index(), random_vectors(20)
    wanted = random_vectors(1, seed=9)[0]
    cosines = sorted(vectors @ wanted / np.linalg.norm(vectors, axis=1) / np.linalg.norm(wanted), reverse=True)
    found = [result.similarity for result in index.search(wanted.tolist(), top_k=20)]
    assert found == pytest.approx(cosines, abs=1e-5)
    assert found == sorted(found, reverse=True)


def test_asking_for_more_than_there_is_returns_all() -> None:
    assert len(make_index(5).search(query(1.0), top_k=1000)) == 5


@pytest.mark.parametrize("top_k", [0, -1])
def test_asking_for_nothing_returns_nothing(top_k: int) -> None:
    assert make_index().search(query(1.0), top_k=top_k) == []


def test_an_empty_index_finds_nothing() -> None:
    assert ExampleIndex.empty(ENCODER).search(query(1.0), top_k=3) == []


@pytest.mark.parametrize("vector", [query(float("nan")), query(float("inf")), query(0.0), [1.0] * (DIMENSION + 1), []])
def test_a_query_that_cannot_be_compared_is_refused(vector: list[float]) -> None:
    with pytest.raises(IndexStoreError):
        make_index().search(vector, top_k=3)


def test_a_search_in_one_database_finds_its_nearest_and_no_other() -> None:
    index, vectors = make_index(60), random_vectors(60)
    wanted = random_vectors(1, seed=4)[0]
    cosines = vectors @ wanted / np.linalg.norm(vectors, axis=1)
    expected = [row for row in np.argsort(-cosines).tolist() if row % 3 == 1][:5]
    found = index.search(wanted.tolist(), top_k=5, db_id="db1")
    assert [result.example for result in found] == [make_example(row, "db1") for row in expected]


def test_a_search_in_an_unknown_database_finds_nothing() -> None:
    assert make_index().search(query(1.0), db_id="elsewhere") == []


@pytest.mark.parametrize("position", [0, 1, 25, 49, 50])
def test_at_equal_similarity_verified_examples_come_before_synthetic_ones(position: int) -> None:
    pairs = [(make_example(n, origin=Origin.SYNTHETIC), [1.0, 0.5]) for n in range(50)]
    pairs.insert(position, (make_example(99), [1.0, 0.5]))
    found = index_of(pairs).search(query(1.0, 0.5), top_k=3)
    assert [result.example.origin for result in found] == [Origin.VERIFIED, Origin.SYNTHETIC, Origin.SYNTHETIC]
    assert [result.example.sql[-2:] for result in found[1:]] == ["t0", "t1"]


def test_a_verified_example_comes_before_a_synthetic_one_that_is_little_nearer() -> None:
    index = index_of([(make_example(1, origin=Origin.SYNTHETIC), [1.0, 0.1]), (make_example(2), [1.0, 0.4])])
    found = index.search(query(1.0), top_k=2)
    assert [result.example.origin for result in found] == [Origin.VERIFIED, Origin.SYNTHETIC]
    assert found[0].similarity < found[1].similarity


def test_a_synthetic_example_that_is_much_nearer_comes_before_a_verified_one() -> None:
    index = index_of([(make_example(1), [1.0, 1.0]), (make_example(2, origin=Origin.SYNTHETIC), [1.0, 0.1])])
    found = index.search(query(1.0), top_k=2)
    assert [result.example.origin for result in found] == [Origin.SYNTHETIC, Origin.VERIFIED]


def test_thousands_of_nearer_synthetic_examples_do_not_hide_a_verified_one() -> None:
    pairs = [(make_example(n, origin=Origin.SYNTHETIC), [1.0, 0.001 * n]) for n in range(300)]
    index = index_of([*pairs, (make_example(999), [1.0, 0.4])])
    origins = [result.example.origin for result in index.search(query(1.0), top_k=3)]
    assert origins == [Origin.VERIFIED, Origin.SYNTHETIC, Origin.SYNTHETIC]


def test_a_synthetic_copy_of_a_verified_query_gives_way_to_it() -> None:
    copy = replace(make_example(1), question="Made up?", origin=Origin.SYNTHETIC)
    index = index_of([(copy, [1.0]), (make_example(1), [1.0]), (make_example(2, origin=Origin.SYNTHETIC), [1.0, 0.5])])
    assert [result.example.question for result in index.search(query(1.0), top_k=3)] == [
        "How many rows has t1?", "How many rows has t2?",
    ]  # fmt: skip


def test_the_same_sql_asked_in_other_words_is_returned_once() -> None:
    copies = [(replace(make_example(1), question=f"Wording {n}?"), [1.0]) for n in range(30)]
    index = index_of([*copies, (make_example(2), [1.0, 1.0]), (make_example(3), [1.0, 2.0])])
    assert [result.example.sql[-2:] for result in index.search(query(1.0), top_k=3)] == ["t1", "t2", "t3"]
    assert [result.example.sql[-2:] for result in index.search(query(1.0), top_k=3, distinct=False)] == ["t1"] * 3


def test_the_same_sql_in_two_databases_is_returned_for_both() -> None:
    index = index_of([(make_example(1, "a"), [1.0]), (make_example(1, "b"), [1.0])])
    assert {result.example.db_id for result in index.search(query(1.0), top_k=3)} == {"a", "b"}


# --- append and remove ---


def test_appending_the_same_example_twice_keeps_one() -> None:
    index = make_index(5)
    added = index.append([example_to_node(make_example(0, "db0")), example_to_node(make_example(7))], random_vectors(2))
    assert added == [make_example(7).example_id]
    assert len(index) == 6


def test_the_same_example_twice_in_one_call_is_kept_once() -> None:
    node = example_to_node(make_example(1))
    assert len(ExampleIndex.from_nodes([node, node], random_vectors(2), ENCODER)) == 1


@pytest.mark.parametrize(
    "vectors",
    [np.full((1, DIMENSION), np.nan), np.zeros((1, DIMENSION)), np.ones((1, DIMENSION + 1)), np.ones((2, DIMENSION))],
)
def test_vectors_that_cannot_be_searched_are_refused_and_nothing_is_added(vectors: np.ndarray) -> None:
    index = make_index(5)
    with pytest.raises(IndexStoreError):
        index.append([example_to_node(make_example(7))], vectors)
    assert len(index) == 5
    index.verify()


def test_removal_by_id_takes_that_example_and_leaves_the_rest_findable() -> None:
    index, vectors = make_index(), random_vectors(20)
    index.remove([make_example(4, "db1").example_id])
    assert len(index) == 19
    for row in range(20):
        best = index.search(vectors[row].tolist(), top_k=1)[0]
        assert (best.example == make_example(row, f"db{row % 3}")) == (row != 4)


def test_removal_by_database_takes_all_of_it_and_keeps_the_others_apart() -> None:
    index = make_index(20)
    assert len(index.remove(db_id="db0")) == 7
    assert index.info().databases == {"db1": 7, "db2": 6}
    assert index.search(query(1.0), db_id="db0") == []
    assert {result.example.db_id for result in index.search(query(1.0), top_k=20, db_id="db2")} == {"db2"}


def test_an_unknown_id_is_refused_and_nothing_is_removed() -> None:
    index = make_index(5)
    with pytest.raises(IndexStoreError, match="Nothing was removed"):
        index.remove([make_example(0, "db0").example_id, "f" * 32])
    assert len(index) == 5


def test_an_unknown_database_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(IndexStoreError, match="db0, db1, db2"):
        make_index().remove(db_id="nope")


def test_a_removed_example_can_come_back() -> None:
    index = make_index(5)
    index.remove([make_example(0, "db0").example_id])
    index.append([example_to_node(make_example(0, "db0"))], random_vectors(1))
    assert len(index) == 5
    index.verify()


@pytest.fixture
def frequent_thread_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("frequent_thread_switches")
def test_searching_while_others_append_and_remove_never_mixes_up_examples() -> None:
    nodes, vectors = [example_to_node(make_example(number)) for number in range(60)], random_vectors(60)
    index, errors, stop = ExampleIndex.from_nodes(nodes, vectors, ENCODER), [], threading.Event()
    expected = {result.example: result.similarity for result in index.search(query(1.0, 0.3), top_k=60)}

    def search_on() -> None:
        try:
            while not stop.is_set():
                found = index.search(query(1.0, 0.3), top_k=60)
                assert len(found) >= 40
                for result in found:
                    assert result.similarity == pytest.approx(expected[result.example], abs=1e-5)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=search_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(100):
        chosen = [(turn * 7 + step) % 60 for step in range(20)]  # from anywhere, so that the rows of others move
        index.remove([nodes[number].node_id for number in chosen])
        index.append([nodes[number] for number in chosen], vectors[chosen])
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(index) == 60


# --- on disk ---


def test_what_was_saved_comes_back_with_the_same_results(saved: Path) -> None:
    index, loaded = make_index(), ExampleIndex.load(saved, expect_encoder=ENCODER)
    wanted = random_vectors(1, seed=3)[0].tolist()
    assert loaded.search(wanted, top_k=10) == index.search(wanted, top_k=10)
    assert loaded.info().databases == {"db0": 7, "db1": 7, "db2": 6}


def test_the_files_have_their_names_and_the_map_needs_no_pickle(saved: Path) -> None:
    manifest = json.loads((saved / "manifest.json").read_text())
    generation = saved / manifest["generation"]
    assert sorted(path.name for path in generation.iterdir()) == [
        "sql_rag_corpus_map.npy",
        "sql_rag_documents.jsonl",
        "sql_rag_faiss_index.bin",
    ]
    rows = np.load(generation / "sql_rag_corpus_map.npy", allow_pickle=False)
    assert [row.decode() for row in rows["node_id"]] == [make_example(n, f"db{n % 3}").example_id for n in range(20)]
    assert manifest["encoder"] == {"name": "random", "fingerprint": ENCODER.fingerprint, "dimension": DIMENSION}


def test_saving_again_replaces_the_generation_and_leaves_one(saved: Path) -> None:
    make_index(3).save(saved)
    assert len(ExampleIndex.load(saved)) == 3
    assert [path.name for path in saved.glob("generation-*")] == ["generation-000002"]


def test_changes_to_a_loaded_index_are_kept_by_save(saved: Path) -> None:
    index = ExampleIndex.load(saved)
    index.remove(db_id="db0")
    index.append([example_to_node(make_example(50, "new"))], random_vectors(1))
    index.save()
    again = ExampleIndex.load(saved)
    assert again.info().databases == {"db1": 7, "db2": 6, "new": 1}
    assert len(again.verify()) == 3


def test_a_change_from_an_outdated_copy_is_refused(saved: Path) -> None:
    first, second = ExampleIndex.load(saved), ExampleIndex.load(saved)
    first.remove(db_id="db0")
    first.save()
    second.remove(db_id="db1")
    with pytest.raises(IndexStoreError, match="generation-000002, expected generation-000001"):
        second.save()
    assert "db1" in ExampleIndex.load(saved).info().databases


def test_an_empty_index_is_not_saved_over_a_good_one(saved: Path) -> None:
    with pytest.raises(IndexStoreError, match="without examples"):
        ExampleIndex.empty(ENCODER).save(saved)
    assert len(ExampleIndex.load(saved)) == 20


def test_surrogates_and_line_separators_in_an_example_survive(tmp_path: Path) -> None:
    example = replace(make_example(1), question="a\u2028b\r\nc\ud800", context="x\n\ny\x85z")
    ExampleIndex.from_nodes([example_to_node(example)], random_vectors(1), ENCODER).save(tmp_path)
    assert ExampleIndex.load(tmp_path).example(example.example_id) == example


def test_a_second_writer_waits_and_then_says_who_is_in_the_way(saved: Path) -> None:
    script = (
        "import sys; from coderag_app.index.files import storage_lock; from pathlib import Path\n"
        "try:\n  with storage_lock(Path(sys.argv[1]), timeout_s=0.2): print('entered')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    with FileLock(saved / ".write.lock"):
        output = subprocess.run(
            [sys.executable, "-c", script, saved], capture_output=True, text=True, check=True
        ).stdout
    assert "IndexStoreError Another process is writing" in output


def test_a_disk_that_refuses_leaves_the_previous_index(saved: Path) -> None:
    script = (
        "import resource, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_coderag_app_index_store as t\n"
        "index = t.make_index(2000); signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try: index.save(sys.argv[2])\nexcept t.IndexStoreError as error: print('refused:', error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), saved], capture_output=True, text=True, check=False
    )
    assert "refused: Writing the index" in run.stdout, run.stderr
    assert len(ExampleIndex.load(saved)) == 20
    assert [path.name for path in saved.glob("generation-*")] == ["generation-000001"]


def test_a_reader_that_meets_a_swap_reads_the_new_generation(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_files = index_files.check_files

    def swap_then_check(folder: Path, manifest: index_files.Manifest) -> None:
        monkeypatch.setattr(index_files, "check_files", check_files)
        make_index(3).save(folder)  # removes the generation that the reader has just chosen
        check_files(folder, manifest)

    monkeypatch.setattr(index_files, "check_files", swap_then_check)
    assert len(ExampleIndex.load(saved)) == 3


# --- what is refused ---

DATA_FILES = ["sql_rag_faiss_index.bin", "sql_rag_corpus_map.npy", "sql_rag_documents.jsonl"]


def data_file(folder: Path, name: str) -> Path:
    return folder / "generation-000001" / name


def test_a_missing_index_is_refused_with_the_command_that_builds_one(tmp_path: Path) -> None:
    assert not index_exists(tmp_path)
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(IndexStoreError, match="coderag ingest"):
            ExampleIndex.load(folder)


def test_an_index_without_its_manifest_is_refused_as_half_written(saved: Path) -> None:
    (saved / "manifest.json").unlink()
    with pytest.raises(IndexStoreError, match=r"cut off.*expected manifest.json.*coderag ingest"):
        ExampleIndex.load(saved)


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_missing_file_is_refused(saved: Path, name: str) -> None:
    data_file(saved, name).unlink()
    with pytest.raises(IndexStoreError, match=rf"{name} is missing, expected \d+ bytes.*coderag ingest"):
        ExampleIndex.load(saved)


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused_with_both_sizes(saved: Path, name: str, share: float) -> None:
    path = data_file(saved, name)
    size = path.stat().st_size
    os.truncate(path, int(size * share))
    with pytest.raises(IndexStoreError, match=rf"has {int(size * share)} bytes, expected {size}.*coderag ingest"):
        ExampleIndex.load(saved)


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.9999])
def test_a_flipped_bit_is_refused_with_both_checksums(saved: Path, name: str, share: float) -> None:
    path = data_file(saved, name)
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1 << 3
    path.write_bytes(content)
    with pytest.raises(IndexStoreError, match=r"its sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}.*coderag ingest"):
        ExampleIndex.load(saved)


@pytest.mark.parametrize("name", DATA_FILES)
def test_damage_after_loading_is_found_by_verify(saved: Path, name: str) -> None:
    index = ExampleIndex.load(saved)
    os.truncate(data_file(saved, name), 10)
    with pytest.raises(IndexStoreError, match="has 10 bytes"):
        index.verify()


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_of_another_index_is_refused(saved: Path, tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    other = tmp_path_factory.mktemp("other")
    make_index(21, seed=1).save(other)
    data_file(saved, name).write_bytes(data_file(other, name).read_bytes())
    with pytest.raises(IndexStoreError, match=name):
        ExampleIndex.load(saved)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"format_version": 1}', "\x00\x01"])
def test_a_manifest_that_is_none_is_refused(saved: Path, content: str) -> None:
    (saved / "manifest.json").write_text(content)
    with pytest.raises(IndexStoreError, match=r"manifest.json.*coderag ingest"):
        ExampleIndex.load(saved)


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 19), ("databases", {"db1": 7, "db0": 7, "db2": 6}), ("generation", "../evil"), ("created_at", "never")],
)
def test_an_edited_manifest_is_refused(saved: Path, field: str, value: object) -> None:
    path = saved / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(IndexStoreError, match=r"was changed after it was written.*expected [0-9a-f]{64}"):
        ExampleIndex.load(saved)


def rewrite_manifest(folder: Path, **changes: object) -> None:
    """Change the manifest and make its checksum right again, as an attacker or a buggy writer would."""
    manifest = index_files.read_manifest(folder)
    (folder / "manifest.json").write_text(replace(manifest, **changes).to_json())


def test_a_manifest_may_not_name_a_folder_elsewhere(saved: Path) -> None:
    rewrite_manifest(saved, generation="../evil")
    with pytest.raises(IndexStoreError, match=r"names '../evil', expected generation-NNNNNN"):
        ExampleIndex.load(saved)


def test_another_format_version_is_refused(saved: Path) -> None:
    rewrite_manifest(saved, format_version=2)
    with pytest.raises(IndexStoreError, match="format version 2, expected 1"):
        ExampleIndex.load(saved)


def test_another_embed_view_is_refused(saved: Path) -> None:
    rewrite_manifest(saved, embed_view_version="schema-first/0")
    with pytest.raises(IndexStoreError, match=r"'schema-first/0', expected 'sql\+used-tables/1'.*coderag ingest"):
        ExampleIndex.load(saved)


def test_a_wrong_count_in_a_valid_manifest_is_refused(saved: Path) -> None:
    rewrite_manifest(saved, count=19)
    with pytest.raises(IndexStoreError, match=r"\(20, 20, 16\), expected \(19, 19, 16\)"):
        ExampleIndex.load(saved)


def test_a_wrong_dimension_in_a_valid_manifest_is_refused(saved: Path) -> None:
    rewrite_manifest(saved, encoder=replace(ENCODER, dimension=32))
    with pytest.raises(IndexStoreError, match=r"\(20, 20, 16\), expected \(20, 20, 32\)"):
        ExampleIndex.load(saved)


def test_a_corpus_map_with_pickled_objects_is_not_loaded(saved: Path) -> None:
    path = data_file(saved, "sql_rag_corpus_map.npy")
    np.save(path, np.array([object()] * 20, dtype=object), allow_pickle=True)
    files = {**(index_files.read_manifest(saved).files or {}), path.name: index_files.file_record(path)}
    rewrite_manifest(saved, files=files)
    with pytest.raises(IndexStoreError, match="allow_pickle"):
        ExampleIndex.load(saved)


def test_another_encoder_is_refused_with_both_names(saved: Path) -> None:
    other = EncoderInfo("MiniLM", "ffff", DIMENSION)
    with pytest.raises(IndexStoreError, match=r"built with random \(16-d.*encoder in use is MiniLM .*coderag ingest"):
        ExampleIndex.load(saved, expect_encoder=other)


def test_another_dimension_is_refused_with_both_numbers(saved: Path) -> None:
    with pytest.raises(IndexStoreError, match=r"16-d.*384-d"):
        ExampleIndex.load(saved, expect_encoder=replace(ENCODER, dimension=384))


def test_a_damaged_index_can_be_replaced_by_a_new_build(saved: Path) -> None:
    (saved / "manifest.json").write_text("broken")
    make_index(3).save(saved)
    assert len(ExampleIndex.load(saved)) == 3


def test_verify_finds_a_document_that_is_not_what_its_id_says() -> None:
    index = make_index(5)
    first, second = list(index._lines)[:2]
    index._lines[first] = index._lines[second]
    with pytest.raises(IndexStoreError, match="content hash"):
        index.verify()


# --- as LlamaIndex sees it ---


def test_the_llama_index_view_is_a_vector_store_index_over_faiss(saved: Path, minilm: LoadedEncoder) -> None:
    view = ExampleIndex.load(saved).vector_store_index(minilm.embed_model)
    assert isinstance(view, VectorStoreIndex)
    assert isinstance(view.vector_store, FaissVectorStore)


@pytest.fixture
def real_index(minilm: LoadedEncoder) -> ExampleIndex:
    nodes = [example_to_node(example) for example in REAL_EXAMPLES]
    texts = [node.get_content(MetadataMode.EMBED) for node in nodes]
    vectors = np.array(minilm.embed_model.get_text_embedding_batch(texts), dtype=np.float32)
    return ExampleIndex.from_nodes(nodes, vectors, minilm.info)


SHOP = (
    "CREATE TABLE customer (id INT, name TEXT, city TEXT); CREATE TABLE invoice (id INT, customer_id INT, total REAL);"
)
ZOO = "CREATE TABLE animal (id INT, species TEXT, weight_kg REAL);"
REAL_EXAMPLES = [
    SQLExample(
        "How many customers live in each city?", "SELECT city, COUNT(*) FROM customer GROUP BY city", SHOP, "shop"
    ),
    SQLExample("What is the total of all invoices?", "SELECT SUM(total) FROM invoice", SHOP, "shop"),
    SQLExample(
        "Which animal is the heaviest?", "SELECT species FROM animal ORDER BY weight_kg DESC LIMIT 1", ZOO, "zoo"
    ),
    SQLExample("How many animals are there?", "SELECT COUNT(*) FROM animal", ZOO, "zoo"),
]


def test_a_question_finds_its_example_with_the_real_encoder(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    retriever = ExampleRetriever(real_index, minilm.embed_model)
    for example in REAL_EXAMPLES:
        assert retriever.retrieve_examples(example.question)[0].example == example


def test_the_retriever_returns_scored_nodes_with_the_llm_text(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    found = ExampleRetriever(real_index, minilm.embed_model, similarity_top_k=2).retrieve("heaviest animal")
    assert len(found) == 2
    assert found[0].get_content(MetadataMode.LLM) == llm_view(REAL_EXAMPLES[2])
    assert 1 >= found[0].score >= found[1].score


def test_the_retriever_keeps_to_its_database(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    found = ExampleRetriever(real_index, minilm.embed_model, db_id="shop").retrieve("heaviest animal")
    assert {node.node.metadata["db_id"] for node in found} == {"shop"}


def test_the_retriever_works_asynchronously(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    retriever = ExampleRetriever(real_index, minilm.embed_model)
    found = asyncio.run(retriever.aretrieve("sum of the invoices"))
    assert found[0].node.metadata["sql"] == "SELECT SUM(total) FROM invoice"


def test_a_blank_question_finds_nothing(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    assert ExampleRetriever(real_index, minilm.embed_model).retrieve("  ") == []


def test_llama_indexs_own_retriever_finds_the_same(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    theirs = real_index.vector_store_index(minilm.embed_model).as_retriever(similarity_top_k=4)
    ours = ExampleRetriever(real_index, minilm.embed_model, similarity_top_k=4)
    question = "How many animals do we have?"
    assert [(node.node_id, node.score) for node in theirs.retrieve(question)] == [
        (node.node_id, pytest.approx(node.score, abs=1e-5)) for node in ours.retrieve(question)
    ]


def test_llama_indexs_query_engine_shows_the_llm_text_to_its_llm(
    real_index: ExampleIndex, minilm: LoadedEncoder
) -> None:
    view = real_index.vector_store_index(minilm.embed_model)
    answer = view.as_query_engine(llm=MockLLM(), similarity_top_k=1).query("Which animal is the heaviest?")
    assert [node.node.metadata["sql"] for node in answer.source_nodes] == [REAL_EXAMPLES[2].sql]
    assert llm_view(REAL_EXAMPLES[2]) in str(answer)  # MockLLM repeats its prompt


def test_a_metadata_filter_restricts_llama_indexs_retriever(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    filters = MetadataFilters(filters=[MetadataFilter(key="db_id", value="zoo")])
    view = real_index.vector_store_index(minilm.embed_model)
    found = view.as_retriever(similarity_top_k=4, filters=filters).retrieve("city")
    assert {node.node.metadata["db_id"] for node in found} == {"zoo"}


def test_a_filter_that_is_not_supported_says_what_is(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    filters = MetadataFilters(filters=[MetadataFilter(key="question", value="x")])
    retriever = real_index.vector_store_index(minilm.embed_model).as_retriever(filters=filters)
    with pytest.raises(IndexStoreError, match="expected db_id"):
        retriever.retrieve("city")


def test_what_llama_index_inserts_and_deletes_is_kept_by_save(
    real_index: ExampleIndex, minilm: LoadedEncoder, tmp_path: Path
) -> None:
    view = real_index.vector_store_index(minilm.embed_model)
    new = SQLExample("Average weight?", "SELECT AVG(weight_kg) FROM animal", ZOO, "zoo")
    view.insert_nodes([example_to_node(new)])
    view.delete_nodes([REAL_EXAMPLES[0].example_id], delete_from_docstore=True)
    view.delete_ref_doc(REAL_EXAMPLES[1].example_id, delete_from_docstore=True)
    real_index.save(tmp_path)
    loaded = ExampleIndex.load(tmp_path, expect_encoder=minilm.info)
    loaded.verify()
    assert loaded.vectors.node_ids == [example.example_id for example in [*REAL_EXAMPLES[2:], new]]


def test_llama_index_may_not_insert_what_is_no_example(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    with pytest.raises(IndexStoreError, match="no SQL example"):
        real_index.vector_store_index(minilm.embed_model).insert_nodes([TextNode(text="hello")])
    assert len(real_index) == 4


def test_loading_and_searching_embeds_no_document(real_index: ExampleIndex, tmp_path: Path) -> None:
    real_index.save(tmp_path)
    script = (
        "import sys; from coderag_app.index.store import ExampleIndex\n"
        "index = ExampleIndex.load(sys.argv[1]); index.verify(); index.search([1.0] * 384)\n"
        "assert 'torch' not in sys.modules and 'sentence_transformers' not in sys.modules; print(len(index))"
    )
    output = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "4"
