"""ExampleIndex: verified examples with their vectors, in memory and on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode
from llama_index.vector_stores.faiss import FaissVectorStore
from numpy.typing import NDArray

from coderag_app.errors import IndexStoreError
from coderag_app.files import private_folder, system_message
from coderag_app.index import generations
from coderag_app.index.docstore import example_docstore, plain_docstore, storage_context
from coderag_app.index.embed_view import EMBED_VIEW_VERSION
from coderag_app.index.generations import Manifest
from coderag_app.index.index_checks import check_contents
from coderag_app.index.io import read_index, write_index
from coderag_app.index.nodes import example_from_line, node_to_line
from coderag_app.index.ranking import rank_hits
from coderag_app.index.vectors import ExampleVectorStore
from coderag_app.types import EncoderInfo, RetrievedExample, SQLExample


@dataclass(frozen=True)
class IndexInfo:
    """A summary of an index, for display.

    Attributes:
        databases: Number of examples by db_id, largest first.
        manifest: The manifest it was loaded from or saved with; None if it was never on disk.
    """

    count: int
    verified: int
    synthetic: int
    databases: dict[str, int]
    encoder: EncoderInfo
    embed_view_version: str
    storage_dir: Path | None
    manifest: Manifest | None


def index_exists(storage_dir: str | Path) -> bool:
    """Whether there is an index to load; a damaged one counts, so that loading it says what is wrong."""
    return (Path(storage_dir) / generations.MANIFEST_FILE).exists()


class ExampleIndex:
    """Examples that are found by their embeddings. Load it, or build it with ``from_nodes`` or ``empty`` + ``append``.

    Similarities are cosines; ``synthesis`` says by db_id what synthetic examples were made from. Several threads may
    search while one appends or removes.
    """

    def __init__(
        self,
        vectors: ExampleVectorStore,
        lines: dict[str, bytes],
        encoder: EncoderInfo,
        storage_dir: Path | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        """Assign; ``lines`` maps node ids to lines of the documents file."""
        self.vectors = vectors
        self.encoder = encoder
        self.storage_dir = storage_dir
        self.manifest = manifest
        self.synthesis = dict(manifest.synthesis) if manifest is not None else {}
        self._lines = lines

    @classmethod
    def empty(cls, encoder: EncoderInfo) -> ExampleIndex:
        """Make an index without examples."""
        return cls(ExampleVectorStore.empty(encoder.dimension), {}, encoder)

    @classmethod
    def from_nodes(
        cls, nodes: Sequence[BaseNode], embeddings: NDArray[np.float32], encoder: EncoderInfo
    ) -> ExampleIndex:
        """Make an index of these nodes (see ``append``)."""
        index = cls.empty(encoder)
        index.append(nodes, embeddings)
        return index

    @classmethod
    def load(cls, storage_dir: str | Path, expect_encoder: EncoderInfo | None = None) -> ExampleIndex:
        """Load a persisted index; nothing is embedded. Every file is checked against the manifest.

        Args:
            storage_dir: Folder that ``save`` wrote.
            expect_encoder: The encoder that questions will be embedded with.

        Raises:
            IndexStoreError: It is missing, damaged, or was made with another encoder or embed view.
        """
        folder = Path(storage_dir)
        vectors, lines, manifest = read_index(folder, expect_encoder)
        return cls(vectors, lines, manifest.encoder, folder, manifest)

    def save(self, storage_dir: str | Path | None = None) -> Manifest:
        """Write the index; readers see the old or the new one, even if the writer dies.

        Args:
            storage_dir: Folder to write to; None for the one it was loaded from.

        Raises:
            IndexStoreError: The index is empty, another process writes, the disk refuses, or the folder holds a
                newer generation than the one this index was loaded from.
        """
        folder = Path(storage_dir) if storage_dir is not None else self.storage_dir
        if folder is None:
            raise IndexStoreError("This index was never on disk; expected the folder to save it to: save('storage').")
        if len(self) == 0:
            raise IndexStoreError(f"Refused to save an index without examples. Delete {folder} to be rid of it.")
        loaded_from = self.manifest if self.storage_dir == folder else None
        with self.vectors.lock:
            self.manifest = write_index(folder, self.vectors, self._lines, self.encoder, loaded_from, self.synthesis)
        self.storage_dir = folder
        return self.manifest

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.vectors)

    def __contains__(self, example_id: str) -> bool:
        """Whether the example with that content hash is in the index."""
        return example_id in self.vectors

    def append(self, nodes: Sequence[BaseNode], embeddings: NDArray[np.float32]) -> list[str]:
        """Add new example nodes; call ``save`` to persist them.

        Args:
            nodes: Nodes or Documents of ``example_nodes``.
            embeddings: Vectors of their embed views, shape (len(nodes), dimension), of any length.

        Returns:
            The ids that were new.

        Raises:
            IndexStoreError: A wrong shape, a vector that is zero or not finite, or a node without an example.
        """
        if not nodes:
            return []
        with self.vectors.lock:
            added = self.vectors.add_vectors(nodes, embeddings)
            new = set(added)
            self._lines.update((node.node_id, node_to_line(node)) for node in nodes if node.node_id in new)
        return added

    def remove(self, ids: Iterable[str] = (), db_id: str | None = None) -> list[str]:
        """Remove examples by id and by database; call ``save`` to persist the change.

        Returns:
            The ids that were removed.

        Raises:
            IndexStoreError: An id or the database is not in the index; then nothing is removed.
        """
        with self.vectors.lock:
            return self._remove(list(dict.fromkeys(ids)), db_id)

    def _remove(self, wanted: list[str], db_id: str | None) -> list[str]:
        unknown = [example_id for example_id in wanted if example_id not in self.vectors]
        if unknown:
            shown = ", ".join(unknown[:5])
            raise IndexStoreError(f"Not in the index: {shown} ({len(unknown)} ids). Nothing was removed.")
        if db_id is not None:
            of_database = self.vectors.ids_of_database(db_id)
            if not of_database:
                known = ", ".join(name or "(none)" for name in self.vectors.databases[:20])
                raise IndexStoreError(f"No example of database {db_id!r}; the index has: {known}. Nothing was removed.")
            wanted = list(dict.fromkeys([*wanted, *of_database]))
        self.vectors.delete_nodes(wanted)
        for example_id in wanted:
            del self._lines[example_id]
        return wanted

    def search(
        self, query_embedding: Sequence[float], top_k: int = 3, db_id: str | None = None, distinct: bool = True
    ) -> list[RetrievedExample]:
        """Find the examples nearest to a question, best first.

        Verified examples come before synthetic ones that are at most ``ranking.VERIFIED_LEAD`` nearer, and a synthetic
        example with the same SQL as a verified one is dropped.

        Args:
            query_embedding: The question's vector, from the index's encoder.
            top_k: How many at most.
            db_id: Only examples of this database; empty list if it has none.
            distinct: Return the same SQL on the same tables once, however many questions ask for it: copies push out
                other examples and teach an LLM nothing.

        Raises:
            IndexStoreError: The vector has another dimension, is zero or is not finite.
        """
        db_ids = None if db_id is None else frozenset([db_id])
        with self.vectors.lock:
            return rank_hits(partial(self.vectors.nearest, query_embedding, db_ids), self._lines, top_k, distinct)

    def example(self, example_id: str) -> SQLExample:
        """Return the example with that content hash.

        Raises:
            IndexStoreError: It is not in the index.
        """
        if example_id not in self.vectors:
            raise IndexStoreError(f"Not in the index: {example_id}. `coderag index info` says what is.")
        return example_from_line(self._lines[example_id], example_id)[0]

    def storage_context(self) -> StorageContext:
        """Return the same content as LlamaIndex's stores, for ``load_index_from_storage``; nothing is copied."""
        return storage_context(self.vectors, example_docstore(self._lines), {i: i for i in self.vectors.node_ids})

    def vector_store_index(self, embed_model: BaseEmbedding) -> VectorStoreIndex:
        """Return the same content as a LlamaIndex VectorStoreIndex; changes made there change this index too."""
        index = load_index_from_storage(self.storage_context(), embed_model=embed_model)
        assert isinstance(index, VectorStoreIndex)  # noqa: S101 - narrows the type; the context holds this kind alone
        return index

    def export_llama_index(self, folder: str | Path) -> None:
        """Write the index as LlamaIndex's own files, which open without CodeRAG.

        The folder opens with ``StorageContext.from_defaults(persist_dir=folder,
        vector_store=FaissVectorStore.from_persist_dir(folder))`` and ``load_index_from_storage``.

        Raises:
            IndexStoreError: The disk refuses.
        """
        with self.vectors.lock:
            rows = {str(row): node_id for row, node_id in enumerate(self.vectors.node_ids)}
            plain = storage_context(FaissVectorStore(self.vectors.client), plain_docstore(self._lines), rows)
            try:
                plain.persist(private_folder(Path(folder)))
            except OSError as error:
                raise IndexStoreError(f"{folder} cannot be written: {system_message(error)}") from error

    def info(self) -> IndexInfo:
        """Summarise the index."""
        databases, verified = self.vectors.counts()
        return IndexInfo(
            count=len(self),
            verified=verified,
            synthetic=len(self) - verified,
            databases=dict(sorted(databases.items(), key=lambda item: (-item[1], item[0]))),
            encoder=self.encoder,
            embed_view_version=EMBED_VIEW_VERSION,
            storage_dir=self.storage_dir,
            manifest=self.manifest,
        )

    def verify(self) -> tuple[str, ...]:
        """Check everything that can be checked without embedding: files, counts, vectors, content hashes.

        Returns:
            One line per check that passed.

        Raises:
            IndexStoreError: The first check that failed.
        """
        passed: list[str] = []
        if self.storage_dir is not None:
            manifest = generations.read_manifest(self.storage_dir)
            generations.check_files(self.storage_dir, manifest)
            passed.append(f"{manifest.generation}: {len(generations.DATA_FILES)} files as the manifest records them")
        return (*passed, *check_contents(self.vectors, self._lines, self.encoder))
