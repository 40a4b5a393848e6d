"""An encoder that llama.cpp runs: a BERT in GGUF, with its own tokenizer. Imports neither torch nor transformers."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from numpy.typing import NDArray

from coderag_app.errors import FileRefusedError, ModelError
from coderag_app.files import read_text, refusals_as
from coderag_app.gguf.file_check import check_gguf
from coderag_app.gguf.llama_cpp_amx import without_amx
from coderag_app.threads import short_waits

GGUF_FILE = "encoder.gguf"
TOKENIZER_FILE = "tokenizer.json"
_MAX_TOKENIZER_BYTES = 50_000_000


class GgufEncoder(BaseEmbedding):
    """Embeds one text at a time, in one thread: a question is too short for two to be faster."""

    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _one_at_a_time: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, model: Any, tokenizer: Any, **fields: Any) -> None:
        """Wrap a ``llama_cpp.Llama`` opened for embedding and a ``tokenizers.Tokenizer`` that cuts texts to fit it."""
        super().__init__(**fields)
        self._model = model
        self._tokenizer = tokenizer

    @classmethod
    def open(cls, folder: Path, threads: int = 0) -> GgufEncoder:
        """Open ``encoder.gguf`` and ``tokenizer.json``.

        The tokenizer is not llama.cpp's own: that one splits Korean and Devanagari, and words of more than 100 letters,
        into other tokens than the encoder was trained with.

        Args:
            folder: The folder of both files.
            threads: AppConfig's ``threads``; 0 is one.

        Raises:
            ModelError: A file is missing or damaged.
        """
        path = folder / GGUF_FILE
        with refusals_as(ModelError):
            check_gguf(path)
            tokenizer = _read_tokenizer(folder / TOKENIZER_FILE)
        longest = (tokenizer.truncation or {}).get("max_length")
        if not isinstance(longest, int) or not 2 < longest <= 8192:
            raise ModelError(f"{folder / TOKENIZER_FILE} cuts texts at {longest} tokens, expected 3 to 8,192.")
        model = _open_llama(path, longest, max(threads, 1))
        atexit.register(model.close)  # otherwise its destructor runs after the interpreter's modules are gone
        return cls(model, tokenizer, model_name=str(folder))

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls the class."""
        return "GgufEncoder"

    def _get_query_embedding(self, query: str) -> list[float]:
        vector: list[float] = self._vector(query).tolist()
        return vector

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_query_embedding(text)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _vector(self, text: str) -> NDArray[np.float32]:
        from llama_cpp import llama_cpp

        # Half of a surrogate pair, which JSON can hold, has no UTF-8.
        ids = self._tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
        with self._one_at_a_time:
            # Llama.embed would tokenize by itself; its batch is what takes ready tokens.
            batch, context = self._model._batch, self._model._ctx
            batch.reset()
            batch.add_sequence(ids, 0, True)  # noqa: FBT003 - every token counts in the mean
            context.decode(batch)
            batch.reset()
            pointer = llama_cpp.llama_get_embeddings_seq(context.ctx, 0)
            vector = np.array(np.ctypeslib.as_array(pointer, shape=(self._model.n_embd(),)), dtype=np.float32)
        return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _read_tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    text = read_text(path, _MAX_TOKENIZER_BYTES)
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the library raises plain Exceptions
        raise FileRefusedError(f"{path} is no tokenizer: {str(error)[:200]}.") from error


def _open_llama(path: Path, longest: int, threads: int) -> Any:
    with short_waits():
        from llama_cpp import LLAMA_POOLING_TYPE_MEAN, Llama
    try:
        with without_amx():
            model = Llama(
                str(path), embedding=True, pooling_type=LLAMA_POOLING_TYPE_MEAN, n_ctx=longest, n_batch=longest,
                n_ubatch=longest, n_threads=threads, n_threads_batch=threads, verbose=False,
            )  # fmt: skip
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError(f"llama.cpp could not load {path}: {error}") from error
    return model
