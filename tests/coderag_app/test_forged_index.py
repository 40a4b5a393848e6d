"""Indexes that were changed together with their checksums give what was saved, or an error that names the file."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from example_index import ENCODER, make_index, random_vectors
from forged_index import WAYS, forge

from coderag_app.errors import IndexStoreError
from coderag_app.index.store import ExampleIndex

QUERY = random_vectors(1, seed=3)[0].tolist()
FORGED = 60  # 300 were run by hand: the same outcomes


def used(folder: Path) -> list:
    """What a program takes from an index: every example, and the nearest ones."""
    index = ExampleIndex.load(folder, expect_encoder=ENCODER)
    found = index.search(QUERY, top_k=20, distinct=False)
    assert len(index.verify()) == 3 and index.info().count == len(index.vectors.node_ids)
    return [(round(item.similarity, 5), replace(item.example, source="")) for item in found]


@pytest.mark.parametrize("seed", range(FORGED))
def test_a_forged_index_answers_as_before_or_names_its_file(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "storage"
    make_index().save(folder)
    honest = used(folder)
    how = forge(folder, seed)
    try:
        found = used(folder)
    except IndexStoreError as error:
        message = str(error)
        assert any(name in message for name in (str(folder), "sql_rag_")), (how, message)
        assert len(message) < 1000, how
    else:
        assert found == honest, how


def test_most_forged_indexes_are_refused(tmp_path: Path) -> None:
    refused = 0
    for seed in range(2 * len(WAYS)):
        folder = tmp_path / str(seed)
        make_index().save(folder)
        forge(folder, seed)
        try:
            used(folder)
        except IndexStoreError:
            refused += 1
    assert refused >= 1.6 * len(WAYS)


def test_a_link_in_the_place_of_the_lock_empties_no_other_file(saved_index: Path, tmp_path: Path) -> None:
    precious = tmp_path.with_name("precious")
    precious.write_text("kept")
    (saved_index / ".write.lock").unlink()
    (saved_index / ".write.lock").symlink_to(precious)
    with pytest.raises(IndexStoreError, match=r"\.write\.lock is a symbolic link"):
        make_index(3).save(saved_index)
    assert precious.read_text() == "kept"


def test_new_folders_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_index().save(tmp_path / "storage")
    finally:
        os.umask(before)
    paths = [tmp_path / "storage", *(tmp_path / "storage").rglob("*")]
    assert len(paths) == 7
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {"0o600"}


def test_a_reader_removes_what_a_killed_build_left(saved_index: Path) -> None:
    (saved_index / "generation-000009").mkdir()
    (saved_index / "generation-000009" / "sql_rag_faiss_index.bin").write_bytes(b"half")
    (saved_index / "rejected.jsonl.new").write_text("half")
    ExampleIndex.load(saved_index)
    kept = sorted(path.name for path in saved_index.iterdir())
    assert kept == [".write.lock", "generation-000001", "manifest.json"]


def test_a_name_with_a_lone_surrogate_survives(tmp_path: Path) -> None:
    from example_index import index_of, make_example

    example = make_example(1, "shop\ud800")
    index_of([(example, [1.0])]).save(tmp_path)
    assert ExampleIndex.load(tmp_path).example(example.example_id) == example
