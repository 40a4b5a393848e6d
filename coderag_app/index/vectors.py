"""The vectors of an index: LlamaIndex's FaissVectorStore with its gaps closed. The only file that uses FAISS.

FaissVectorStore neither deletes nor filters, names a vector by its row (which moves), adds one vector at a time, and
calls whatever FAISS returns a similarity. Here every vector is normalised and the index is IndexFlatIP, so a similarity
is the cosine, -1 to 1; a vector is named by its node's id; deletion and restriction to databases are exact.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import MetadataFilters, VectorStoreQuery, VectorStoreQueryResult
from llama_index.vector_stores.faiss import FaissVectorStore
from numpy.typing import NDArray

from coderag_app.errors import FileRefusedError, IndexStoreError
from coderag_app.files import open_regular, read_npy
from coderag_app.index.nodes import example_from_node
from coderag_app.index.vector_queries import Hit, databases_in_filters, normalised
from coderag_app.threads import short_waits
from coderag_app.types import Origin

with short_waits():  # FAISS ships its own OpenMP library
    import faiss

# One record per vector, in FAISS's row order: this array is the corpus map on disk. ``database`` is a position in the
# list of database names; node ids are 32 hex digits.
ROW_DTYPE = np.dtype([("node_id", "S32"), ("database", "<i4"), ("verified", "?")])


# What FAISS writes before the vectors of a flat index: kind, dimension, count, two numbers it does not use, whether it
# is trained, the metric, and how many numbers follow.
_FAISS_HEADER = struct.Struct("<4sIqqqBiQ")
_FLAT_INNER_PRODUCT = (b"IxFI", 1, faiss.METRIC_INNER_PRODUCT)
_HEX_DIGITS = np.isin(np.arange(256), list(b"0123456789abcdef"))


def read_faiss_header(path: Path) -> tuple[int, int]:
    """Read the number and dimension of the vectors in an IndexFlatIP file, since FAISS itself trusts what it reads.

    Raises:
        FileRefusedError: It holds another kind of index, or its size doesn't match the vectors.
    """
    with open_regular(path, follow_links=False) as file:
        content, size = file.read(_FAISS_HEADER.size), os.fstat(file.fileno()).st_size
    if len(content) < _FAISS_HEADER.size:
        raise FileRefusedError(f"{path} has {size} bytes, expected a FAISS index of at least {_FAISS_HEADER.size}.")
    kind, dimension, count, _, _, trained, metric, numbers = _FAISS_HEADER.unpack(content)
    if (kind, trained, metric) != _FLAT_INNER_PRODUCT:
        raise FileRefusedError(
            f"{path} holds a FAISS index of kind {kind!r} and metric {metric}, expected IndexFlatIP."
        )
    expected = _FAISS_HEADER.size + 4 * count * dimension
    if count < 0 or numbers != count * dimension or size != expected:
        raise FileRefusedError(f"{path} has {size} bytes for {count} vectors of {dimension}, expected {expected}.")
    return count, dimension


def _check_rows(rows: NDArray[np.void], path: Path, databases: int) -> None:
    """Refuse records that no writer would produce.

    Raises:
        FileRefusedError: Names the first fault.
    """
    if not 0 <= rows["database"].min() <= rows["database"].max() < databases:
        raise FileRefusedError(f"{path} counts beyond the {databases} databases of the manifest.")
    names = np.ascontiguousarray(rows["node_id"])
    if not _HEX_DIGITS[names.view(np.uint8)].all():
        raise FileRefusedError(f"{path} has an id that is not of 32 hex digits.")
    if len(np.unique(names)) != len(names):
        raise FileRefusedError(f"{path} has an id twice.")
    if np.ascontiguousarray(rows["verified"]).view(np.uint8).max() > 1:
        raise FileRefusedError(f"{path} has a mark for verified examples that is neither 0 nor 1.")


class ExampleVectorStore(FaissVectorStore):
    """Vectors of examples by node id. Several threads may search while one adds or removes."""

    _rows: NDArray[np.void] = PrivateAttr()
    _databases: list[str] = PrivateAttr()
    _row_of: dict[str, int] = PrivateAttr()
    _lock: Any = PrivateAttr()

    def __init__(self, faiss_index: Any, rows: NDArray[np.void] | None = None, databases: Sequence[str] = ()) -> None:
        """Wrap an IndexFlatIP of normalised vectors and the records of its rows (none for an empty index)."""
        super().__init__(faiss_index=faiss_index)
        self._rows = rows if rows is not None else np.empty(0, ROW_DTYPE)
        self._databases = list(databases)
        self._row_of = {node_id.decode(): row for row, node_id in enumerate(self._rows["node_id"].tolist())}
        self._lock = threading.RLock()

    @classmethod
    def empty(cls, dimension: int) -> ExampleVectorStore:
        """Make a store without vectors."""
        return cls(faiss_index=faiss.IndexFlatIP(dimension))

    @classmethod
    def read(cls, faiss_path: Path, rows_path: Path, count: int, databases: Sequence[str]) -> ExampleVectorStore:
        """Read both files, which must hold ``count`` vectors and records.

        Raises:
            FileRefusedError: A file is damaged, holds something else, or they do not belong together.
        """
        header = read_faiss_header(faiss_path)
        rows = read_npy(rows_path, ROW_DTYPE, (count,), follow_links=False)
        if header[0] != count:
            raise FileRefusedError(f"{faiss_path} holds {header[0]} vectors, expected {count}.")
        _check_rows(rows, rows_path, len(databases))
        return cls(faiss.read_index(str(faiss_path)), rows, databases)

    def write(self, faiss_path: Path, rows_path: Path) -> None:
        """Write the FAISS index and the corpus map."""
        with self._lock:
            faiss.write_index(self._faiss_index, str(faiss_path))
            with rows_path.open("wb") as file:
                np.save(file, self._rows, allow_pickle=False)

    @property
    def lock(self) -> threading.RLock:
        """Held by every search and change; hold it to do several as one."""
        return self._lock

    @property
    def dimension(self) -> int:
        """Length of one vector."""
        return int(self._faiss_index.d)

    @property
    def node_ids(self) -> list[str]:
        """Node ids in row order."""
        return list(self._row_of)

    @property
    def databases(self) -> list[str]:
        """Database names; ``ROW_DTYPE``'s ``database`` counts into this list."""
        return list(self._databases)

    def __len__(self) -> int:
        """Number of vectors."""
        return len(self._rows)

    def __contains__(self, node_id: str) -> bool:
        """Whether there is a vector of that node."""
        return node_id in self._row_of

    def counts(self) -> tuple[dict[str, int], int]:
        """Number of vectors by database name, in the order of the names, and how many are of verified examples."""
        with self._lock:
            numbers = np.bincount(self._rows["database"], minlength=len(self._databases))
            return dict(zip(self._databases, numbers.tolist(), strict=True)), int(self._rows["verified"].sum())

    def vectors(self, node_ids: Sequence[str]) -> NDArray[np.float32]:
        """The stored vectors of these ids, shape (n, dimension)."""
        with self._lock:
            rows = np.array([self._row_of[node_id] for node_id in node_ids], dtype=np.int64)
            return self._faiss_index.reconstruct_batch(rows) if len(rows) else np.empty((0, self.dimension), np.float32)

    def rows(self, start: int, end: int) -> NDArray[np.float32]:
        """The stored vectors from one row to before another, shape (end - start, dimension)."""
        with self._lock:
            return self._faiss_index.reconstruct_n(start, end - start)

    def ids_of_database(self, db_id: str, verified: bool | None = None) -> list[str]:
        """Node ids of one database, in row order: all, or those of verified (True) or synthetic examples."""
        with self._lock:
            if db_id not in self._databases:
                return []
            chosen = self._rows["database"] == self._databases.index(db_id)
            if verified is not None:
                chosen &= self._rows["verified"] == verified
            return [node_id.decode() for node_id in self._rows["node_id"][chosen].tolist()]

    def add(self, nodes: Sequence[BaseNode], **add_kwargs: Any) -> list[str]:
        """Add nodes that carry an embedding; LlamaIndex calls this. Ids already present keep their vector."""
        if nodes:
            self.add_vectors(nodes, np.array([node.get_embedding() for node in nodes], dtype=np.float32))
        return [node.node_id for node in nodes]

    def add_vectors(self, nodes: Sequence[BaseNode], embeddings: NDArray[np.float32]) -> list[str]:
        """Add the new nodes in one call to FAISS; all or none.

        Args:
            nodes: Example nodes.
            embeddings: Their vectors, shape (len(nodes), dimension); normalised here.

        Returns:
            The ids that were added.

        Raises:
            IndexStoreError: The shape is wrong, a vector is not finite or zero, or a node holds no example.
        """
        unit = normalised(embeddings, len(nodes), self.dimension)
        examples = [example_from_node(node) for node in nodes]
        with self._lock:
            new: dict[str, int] = {}
            for position, node in enumerate(nodes):
                if node.node_id not in self._row_of:
                    new.setdefault(node.node_id, position)
            positions = list(new.values())
            records = np.empty(len(new), ROW_DTYPE)
            records["node_id"] = list(new)
            records["database"] = [self._database_number(examples[position].db_id) for position in positions]
            records["verified"] = [examples[position].origin is Origin.VERIFIED for position in positions]
            self._faiss_index.add(unit[positions])
            self._row_of.update(zip(new, range(len(self._rows), len(self._rows) + len(new)), strict=True))
            self._rows = np.concatenate([self._rows, records])
        return list(new)

    def _database_number(self, db_id: str) -> int:
        if db_id not in self._databases:
            self._databases.append(db_id)
        return self._databases.index(db_id)

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the vector of a Document (its node has the same id); unknown ids are ignored."""
        self.delete_nodes([ref_doc_id])

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete vectors by node id and by filter on ``db_id``; unknown ids are ignored. Row order is kept."""
        with self._lock:
            doomed = {self._row_of[node_id] for node_id in node_ids or [] if node_id in self._row_of}
            if filters is not None:
                doomed.update(np.flatnonzero(self._rows_of_databases(databases_in_filters(filters))).tolist())
            if not doomed:
                return
            rows = np.array(sorted(doomed), dtype=np.int64)
            self._faiss_index.remove_ids(faiss.IDSelectorBatch(rows))
            self._rows = np.delete(self._rows, rows)
            self._row_of = {node_id.decode(): row for row, node_id in enumerate(self._rows["node_id"].tolist())}
            self._drop_unused_databases()

    def _drop_unused_databases(self) -> None:
        used, numbers = np.unique(self._rows["database"], return_inverse=True)
        self._rows["database"] = numbers
        self._databases = [self._databases[number] for number in used.tolist()]

    def _rows_of_databases(self, db_ids: frozenset[str]) -> NDArray[np.bool_]:
        numbers = [number for number, name in enumerate(self._databases) if name in db_ids]
        return np.isin(self._rows["database"], numbers)

    def nearest(
        self,
        query: Sequence[float],
        db_ids: frozenset[str] | None,
        count: int,
        verified: bool | None = None,
    ) -> list[Hit]:
        """Find the nearest vectors by exact search, best first; fewer than ``count`` if there are no more.

        Args:
            query: One vector of length ``dimension``; normalised here.
            db_ids: Search only vectors of these databases; None for all.
            count: How many at most.
            verified: Search only verified examples (True), or only synthetic ones (False).

        Raises:
            IndexStoreError: The query has another length, is zero or is not finite.
        """
        unit = normalised(np.asarray([query], dtype=np.float32), 1, self.dimension)
        with self._lock:
            searched = np.ones(len(self._rows), bool) if db_ids is None else self._rows_of_databases(db_ids)
            if verified is not None:
                searched &= self._rows["verified"] == verified
            chosen = np.flatnonzero(searched)
            parameters = None
            if len(chosen) < len(self._rows):
                parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(chosen))  # type: ignore[call-arg]
            count = min(count, len(chosen))
            if count < 1:
                return []
            similarities, rows = self._faiss_index.search(unit, count, params=parameters)
            records = self._rows[rows[0]]
        return [
            Hit(record["node_id"].decode(), float(np.clip(similarity, -1.0, 1.0)), bool(record["verified"]), int(row))
            for similarity, row, record in zip(similarities[0], rows[0], records, strict=True)
        ]

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """LlamaIndex's search; of metadata filters, ``db_id`` equal to or in a list of names is supported."""
        if query.query_embedding is None:
            raise IndexStoreError("The query has no embedding; expected one made by the index's encoder.")
        db_ids = databases_in_filters(query.filters) if query.filters and query.filters.filters else None
        hits = self.nearest(query.query_embedding, db_ids, query.similarity_top_k)
        return VectorStoreQueryResult(similarities=[hit.similarity for hit in hits], ids=[hit.node_id for hit in hits])
