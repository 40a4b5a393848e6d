"""Read and write the parts of an index: vectors, documents, manifest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from coderag_app.errors import FileRefusedError, IndexStoreError
from coderag_app.files import read_bytes, refusals_as
from coderag_app.index import generations
from coderag_app.index.embed_view import EMBED_VIEW_VERSION
from coderag_app.index.generations import Manifest
from coderag_app.index.index_checks import check_lengths, expect_same_encoder, expect_same_view
from coderag_app.index.synthesis import SynthesisRecord
from coderag_app.index.vectors import ExampleVectorStore, read_faiss_header
from coderag_app.types import EncoderInfo

_MAX_DOCUMENTS_BYTES = 4_000_000_000  # they are held in memory; 100,000 examples take 0.2 GB


def read_index(
    folder: Path, expect_encoder: EncoderInfo | None
) -> tuple[ExampleVectorStore, dict[str, bytes], Manifest]:
    """Vectors, lines of the documents file by node id, and the manifest; every checksum is compared first.

    Raises:
        IndexStoreError: It is missing, damaged, or was made with another encoder or embed view.
    """
    while True:
        manifest = generations.read_manifest(folder)
        expect_same_view(manifest, folder)
        expect_same_encoder(manifest.encoder, expect_encoder, folder)
        try:
            generations.check_files(folder, manifest)
            found = (*_read_generation(folder / manifest.generation, manifest), manifest)
        except (IndexStoreError, OSError, RuntimeError, MemoryError) as error:  # FAISS raises the last two
            # A writer may have replaced the generation while it was being read; then the new one is read.
            if generations.read_manifest(folder).generation == manifest.generation:
                raise error if isinstance(error, IndexStoreError) else IndexStoreError(f"{folder}: {error}") from error
        else:
            generations.remove_stale_if_idle(folder)
            return found


def _read_generation(generation: Path, manifest: Manifest) -> tuple[ExampleVectorStore, dict[str, bytes]]:
    """Vectors and lines of the documents file, once what the files hold has been compared with the manifest."""
    faiss_path, rows_path, documents_path = (generation / name for name in generations.DATA_FILES)
    with refusals_as(IndexStoreError, generations.REBUILD):
        vector_count, dimension = read_faiss_header(faiss_path)
        lines = read_bytes(documents_path, _MAX_DOCUMENTS_BYTES, follow_links=False).split(b"\n")[:-1]
        found = (vector_count, len(lines), dimension)
        expected = (manifest.count, manifest.count, manifest.encoder.dimension)
        if found != expected:
            raise FileRefusedError(
                f"{generation} holds (vectors, documents, dimension) = {found}, expected {expected}."
            )
        vectors = ExampleVectorStore.read(faiss_path, rows_path, manifest.count, list(manifest.databases))
        counts = vectors.counts()[0]
        if counts != manifest.databases:
            raise FileRefusedError(f"{rows_path} counts other examples by database than {generations.MANIFEST_FILE}.")
    try:
        check_lengths(vectors)
    except IndexStoreError as error:
        raise IndexStoreError(f"{faiss_path}: {error} {generations.REBUILD}") from error
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
        vectors.write(generation / generations.FAISS_FILE, generation / generations.CORPUS_MAP_FILE)
        with (generation / generations.DOCUMENTS_FILE).open("wb") as file:
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
    with generations.storage_lock(folder):
        if loaded_from is not None and (folder / generations.MANIFEST_FILE).exists():
            _expect_generation(folder, loaded_from.generation)
        return generations.write_generation(folder, draft, write_files)


def _expect_generation(folder: Path, expected: str) -> None:
    current = generations.read_manifest(folder).generation
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
