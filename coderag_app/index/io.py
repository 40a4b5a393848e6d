"""Read and write the parts of an index: vectors, documents, manifest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from coderag_app.cold_start import SynthesisRecord
from coderag_app.errors import IndexStoreError
from coderag_app.index import files as index_files
from coderag_app.index.checks import expect_same_encoder, expect_same_view
from coderag_app.index.embed_view import EMBED_VIEW_VERSION
from coderag_app.index.files import Manifest
from coderag_app.index.vectors import ExampleVectorStore
from coderag_app.types import EncoderInfo


def read_index(
    folder: Path, expect_encoder: EncoderInfo | None
) -> tuple[ExampleVectorStore, dict[str, bytes], Manifest]:
    """Vectors, lines of the documents file by node id, and the manifest; every checksum is compared first.

    Raises:
        IndexStoreError: It is missing, damaged, or was made with another encoder or embed view.
    """
    while True:
        manifest = index_files.read_manifest(folder)
        expect_same_view(manifest, folder)
        expect_same_encoder(manifest.encoder, expect_encoder, folder)
        try:
            index_files.check_files(folder, manifest)
            return (*_read_generation(folder / manifest.generation, manifest), manifest)
        except (IndexStoreError, OSError, RuntimeError, ValueError) as error:  # FAISS and NumPy raise the last two
            # A writer may have replaced the generation while it was being read; then the new one is read.
            if index_files.read_manifest(folder).generation == manifest.generation:
                raise error if isinstance(error, IndexStoreError) else IndexStoreError(str(error)) from error


def _read_generation(generation: Path, manifest: Manifest) -> tuple[ExampleVectorStore, dict[str, bytes]]:
    faiss_path, rows_path = generation / index_files.FAISS_FILE, generation / index_files.CORPUS_MAP_FILE
    vectors = ExampleVectorStore.read(faiss_path, rows_path, list(manifest.databases))
    lines = (generation / index_files.DOCUMENTS_FILE).read_bytes().split(b"\n")[:-1]
    found = (len(vectors), len(lines), vectors.dimension)
    expected = (manifest.count, manifest.count, manifest.encoder.dimension)
    if found != expected:
        raise IndexStoreError(
            f"{generation} holds (vectors, documents, dimension) = {found}, expected {expected}. "
            "Rebuild it: coderag ingest"
        )
    return vectors, dict(zip(vectors.node_ids, lines, strict=True))


def write_index(
    folder: Path,
    vectors: ExampleVectorStore,
    lines: Mapping[str, bytes],
    encoder: EncoderInfo,
    loaded_from: Manifest | None,
    synthesis: Mapping[str, SynthesisRecord] | None = None,
) -> Manifest:
    """Write a new generation under the lock.

    Args:
        folder: The index's folder.
        vectors: The vectors.
        lines: Lines of the documents file by node id.
        encoder: The encoder that made the vectors.
        loaded_from: The manifest of this folder that a change started from; None to replace whatever is there.
        synthesis: What synthetic examples were made from, by db_id; databases without any are left out.

    Raises:
        IndexStoreError: Another process writes or wrote since, or the disk refuses.
    """

    def write_files(generation: Path) -> None:
        vectors.write(generation / index_files.FAISS_FILE, generation / index_files.CORPUS_MAP_FILE)
        with (generation / index_files.DOCUMENTS_FILE).open("wb") as file:
            file.writelines(lines[node_id] + b"\n" for node_id in vectors.node_ids)

    draft = Manifest(
        encoder=encoder,
        embed_view_version=EMBED_VIEW_VERSION,
        count=len(vectors),
        databases=vectors.counts()[0],
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        created_by=_created_by(),
        synthesis={
            db_id: record
            for db_id, record in (synthesis or {}).items()
            if vectors.ids_of_database(db_id, verified=False)
        },
    )
    with index_files.storage_lock(folder):
        if loaded_from is not None and (folder / index_files.MANIFEST_FILE).exists():
            _expect_generation(folder, loaded_from.generation)
        return index_files.write_generation(folder, draft, write_files)


def _expect_generation(folder: Path, expected: str) -> None:
    current = index_files.read_manifest(folder).generation
    if current != expected:
        raise IndexStoreError(
            f"{folder} was written by someone else: it holds {current}, expected {expected}, from which this index was "
            "loaded. Load it again and repeat the change."
        )


def _created_by() -> str:
    try:
        return f"coderag {version('coderag')}"
    except PackageNotFoundError:
        return "coderag"
