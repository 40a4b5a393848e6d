"""The encoder that runs on this machine: LlamaIndex's, with threads chosen for what it embeds. Imports torch."""

from __future__ import annotations

import threading
from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from coderag_app.threads import encoder_threads


class TorchEncoder(HuggingFaceEmbedding):
    """A SentenceTransformer that serves one caller at a time: its tokenizer refuses a thread while another sets it up.

    Attributes:
        threads: AppConfig's ``threads``.
    """

    threads: int = 0
    _one_at_a_time: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)  # LlamaIndex's takes more than its fields

    def _embed(self, inputs: Any, prompt_name: str | None = None) -> list[list[float]]:
        with self._one_at_a_time, encoder_threads(len(inputs), self.threads):
            return super()._embed(inputs, prompt_name)
