"""Index files that are damaged, foreign or edited are refused with what to do."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from example_index import DIMENSION, ENCODER, make_index

from coderag_app.errors import IndexStoreError
from coderag_app.index import generations
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.types import EncoderInfo

DATA_FILES = ["sql_rag_faiss_index.bin", "sql_rag_corpus_map.npy", "sql_rag_documents.jsonl"]


def data_file(folder: Path, name: str) -> Path:
    return folder / "generation-000001" / name


def test_a_missing_index_is_refused_with_the_command_that_builds_one(tmp_path: Path) -> None:
    assert not index_exists(tmp_path)
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(IndexStoreError, match="coderag ingest"):
            ExampleIndex.load(folder)


def test_an_index_without_its_manifest_is_refused_as_half_written(saved_index: Path) -> None:
    (saved_index / "manifest.json").unlink()
    with pytest.raises(IndexStoreError, match=r"cut off.*expected manifest.json.*coderag ingest"):
        ExampleIndex.load(saved_index)


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_missing_file_is_refused(saved_index: Path, name: str) -> None:
    data_file(saved_index, name).unlink()
    with pytest.raises(IndexStoreError, match=rf"{name} is missing, expected \d+ bytes.*coderag ingest"):
        ExampleIndex.load(saved_index)


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused_with_both_sizes(saved_index: Path, name: str, share: float) -> None:
    path = data_file(saved_index, name)
    size = path.stat().st_size
    os.truncate(path, int(size * share))
    with pytest.raises(IndexStoreError, match=rf"has {int(size * share)} bytes, expected {size}.*coderag ingest"):
        ExampleIndex.load(saved_index)


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.9999])
def test_a_flipped_bit_is_refused_with_both_checksums(saved_index: Path, name: str, share: float) -> None:
    path = data_file(saved_index, name)
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1 << 3
    path.write_bytes(content)
    with pytest.raises(IndexStoreError, match=r"its sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}.*coderag ingest"):
        ExampleIndex.load(saved_index)


@pytest.mark.parametrize("name", DATA_FILES)
def test_damage_after_loading_is_found_by_verify(saved_index: Path, name: str) -> None:
    index = ExampleIndex.load(saved_index)
    os.truncate(data_file(saved_index, name), 10)
    with pytest.raises(IndexStoreError, match="has 10 bytes"):
        index.verify()


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_of_another_index_is_refused(
    saved_index: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    other = tmp_path_factory.mktemp("other")
    make_index(21, seed=1).save(other)
    data_file(saved_index, name).write_bytes(data_file(other, name).read_bytes())
    with pytest.raises(IndexStoreError, match=name):
        ExampleIndex.load(saved_index)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"format_version": 1}', "\x00\x01"])
def test_a_manifest_that_is_none_is_refused(saved_index: Path, content: str) -> None:
    (saved_index / "manifest.json").write_text(content)
    with pytest.raises(IndexStoreError, match=r"manifest.json.*coderag ingest"):
        ExampleIndex.load(saved_index)


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 19), ("databases", {"db1": 7, "db0": 7, "db2": 6}), ("generation", "../evil"), ("created_at", "never")],
)
def test_an_edited_manifest_is_refused(saved_index: Path, field: str, value: object) -> None:
    path = saved_index / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(IndexStoreError, match=r"was changed after it was written.*expected [0-9a-f]{64}"):
        ExampleIndex.load(saved_index)


def rewrite_manifest(folder: Path, **changes: object) -> None:
    """Change the manifest and make its checksum right again, as an attacker or a buggy writer would."""
    manifest = generations.read_manifest(folder)
    (folder / "manifest.json").write_text(replace(manifest, **changes).to_json())


def test_a_manifest_may_not_name_a_folder_elsewhere(saved_index: Path) -> None:
    rewrite_manifest(saved_index, generation="../evil")
    with pytest.raises(IndexStoreError, match=r"names '../evil', expected generation-NNNNNN"):
        ExampleIndex.load(saved_index)


def test_another_format_version_is_refused(saved_index: Path) -> None:
    rewrite_manifest(saved_index, format_version=2)
    with pytest.raises(IndexStoreError, match="format version 2, expected 1"):
        ExampleIndex.load(saved_index)


def test_another_embed_view_is_refused(saved_index: Path) -> None:
    rewrite_manifest(saved_index, embed_view_version="schema-first/0")
    with pytest.raises(IndexStoreError, match=r"'schema-first/0', expected 'sql\+used-tables/1'.*coderag ingest"):
        ExampleIndex.load(saved_index)


def test_a_wrong_count_in_a_valid_manifest_is_refused(saved_index: Path) -> None:
    rewrite_manifest(saved_index, count=19)
    with pytest.raises(IndexStoreError, match=r"\(20, 20, 16\), expected \(19, 19, 16\)"):
        ExampleIndex.load(saved_index)


def test_a_wrong_dimension_in_a_valid_manifest_is_refused(saved_index: Path) -> None:
    rewrite_manifest(saved_index, encoder=replace(ENCODER, dimension=32))
    with pytest.raises(IndexStoreError, match=r"\(20, 20, 16\), expected \(20, 20, 32\)"):
        ExampleIndex.load(saved_index)


def test_a_corpus_map_with_pickled_objects_is_not_loaded(saved_index: Path) -> None:
    path = data_file(saved_index, "sql_rag_corpus_map.npy")
    np.save(path, np.array([object()] * 20, dtype=object), allow_pickle=True)
    files = {**(generations.read_manifest(saved_index).files or {}), path.name: generations.file_record(path)}
    rewrite_manifest(saved_index, files=files)
    with pytest.raises(IndexStoreError, match="allow_pickle"):
        ExampleIndex.load(saved_index)


def test_another_encoder_is_refused_with_both_names(saved_index: Path) -> None:
    other = EncoderInfo("MiniLM", "ffff", DIMENSION)
    with pytest.raises(IndexStoreError, match=r"built with random \(16-d.*encoder in use is MiniLM .*coderag ingest"):
        ExampleIndex.load(saved_index, expect_encoder=other)


def test_another_dimension_is_refused_with_both_numbers(saved_index: Path) -> None:
    with pytest.raises(IndexStoreError, match=r"16-d.*384-d"):
        ExampleIndex.load(saved_index, expect_encoder=replace(ENCODER, dimension=384))


def test_a_damaged_index_can_be_replaced_by_a_new_build(saved_index: Path) -> None:
    (saved_index / "manifest.json").write_text("broken")
    make_index(3).save(saved_index)
    assert len(ExampleIndex.load(saved_index)) == 3


def test_verify_finds_a_document_that_is_not_what_its_id_says() -> None:
    index = make_index(5)
    first, second = list(index._lines)[:2]
    index._lines[first] = index._lines[second]
    with pytest.raises(IndexStoreError, match="content hash"):
        index.verify()
