"""The index of examples in memory: nodes, search, and changes."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from example_index import DIMENSION, ENCODER, index_of, make_example, make_index, query, random_vectors
from llama_index.core.schema import MetadataMode, TextNode

from coderag_app.errors import IndexStoreError
from coderag_app.index.nodes import example_from_node, example_to_document, example_to_node, llm_view
from coderag_app.index.store import ExampleIndex
from coderag_app.types import Origin


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
