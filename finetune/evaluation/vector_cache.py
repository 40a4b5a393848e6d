"""Cache vectors of texts on disk, so that all data sets and resumed runs embed the same examples once."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coderag_app.encoders.encoder_loading import LoadedEncoder, embed_documents
from coderag_app.errors import FileRefusedError
from coderag_app.files import private_folder, read_npy, remove_leftovers, write_atomically

logger = logging.getLogger(__name__)


def default_cache_dir() -> Path:
    """Folder of cached vectors, in the operating system's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("coderag") / "evaluation_vectors"


@dataclass(frozen=True)
class VectorCache:
    """Embeds texts, or reads their cached vectors.

    Attributes:
        folder: Where the vectors are cached; None caches none.
        on_progress: Called, while texts are embedded, with the number done and the total.
    """

    folder: Path | None = None
    on_progress: Callable[[int, int], None] = lambda done, total: None

    def embed(self, texts: Sequence[str], encoder: LoadedEncoder) -> NDArray[np.float32]:
        """Unit vectors of texts, shape (texts, dimension); the encoder's fingerprint and the texts name the file."""
        if self.folder is None:
            return self._embed_anew(texts, encoder)
        path = self.folder / f"{_digest(encoder.info.fingerprint, texts)}.npy"
        vectors = _read(path, (len(texts), encoder.info.dimension))
        if vectors is None:
            vectors = self._embed_anew(texts, encoder)
            _keep(path, vectors)
        return vectors

    def _embed_anew(self, texts: Sequence[str], encoder: LoadedEncoder) -> NDArray[np.float32]:
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            self.on_progress(done, len(texts))

        return embed_documents(encoder.embed_model, texts, tell)


def unit_rows(vectors: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    """Rows of length 1, shape (texts, dimension)."""
    matrix = np.asarray(vectors, dtype=np.float32)
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)


def _keep(path: Path, vectors: NDArray[np.float32]) -> None:
    try:
        private_folder(path.parent)
        remove_leftovers(path.parent)
        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        write_atomically(path, content.getvalue())
    except OSError as error:
        logger.warning("The vectors were not kept in %s: %s", path.parent, error)


def _read(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """The cached vectors; None if they are missing or damaged."""
    try:
        vectors = read_npy(path, np.dtype(np.float32), shape)
    except (OSError, FileRefusedError):
        return None
    return vectors if np.isfinite(vectors).all() else None


def _digest(fingerprint: str, texts: Sequence[str]) -> str:
    digest = hashlib.sha256(fingerprint.encode())
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:32]
