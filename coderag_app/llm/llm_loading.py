"""The only file that builds LLMs: a short specification in, a named, loaded model out.

Embedding models are built in ``encoders``; their names are given here too, so that callers need one module.
"""

from __future__ import annotations

import atexit
import ctypes
import logging
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.bundled.integrity import BUNDLED, check_bundled
from coderag_app.encoders.encoder_loading import (
    BUNDLED_ENCODER,
    MINILM_ID,
    LoadedEncoder,
    describe_embed_model,
    load_embed_model,
)
from coderag_app.errors import FileRefusedError, ModelError
from coderag_app.files import refusals_as
from coderag_app.gguf.file_check import check_gguf, gguf_texts
from coderag_app.gguf.llama_cpp_amx import without_amx
from coderag_app.llm.base_model import BASE_KEY, SMOLLM2_NAME, SMOLLM2_SHA256, smollm2_file
from coderag_app.settings import AppConfig
from coderag_app.threads import model_threads, short_waits

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

logger = logging.getLogger(__name__)

__all__ = [
    "BUNDLED_ENCODER",
    "MINILM_ID",
    "PRESETS",
    "LoadedEncoder",
    "LoadedLLM",
    "ModelPreset",
    "describe_embed_model",
    "load_embed_model",
    "load_llm",
]

BUNDLED_SQL_MODEL = BUNDLED / "sql_model" / "coderag-sql.gguf"
BUNDLED_NAME = "coderag-sql"
SQL_ADAPTER = BUNDLED / "sql_adapter" / "smollm2-sql.gguf"
SQL_ADAPTER_NAME = "smollm2-sql"
_FORMAT_KEY = "coderag.prompt_format"


@dataclass(frozen=True, slots=True)
class ModelPreset:
    """A GGUF on the Hugging Face hub.

    Attributes:
        size_gb: Download size; about the memory it takes as well.
        spider_dev: Published execution accuracy on Spider dev of the unquantised model, in percent; None if unknown.
    """

    name: str
    repo_id: str
    filename: str
    size_gb: float
    licence: str
    spider_dev: str
    note: str

    def cached_path(self) -> Path | None:
        """Where the hub's cache holds the file, or None; asks the disk alone."""
        from huggingface_hub import try_to_load_from_cache

        path = try_to_load_from_cache(self.repo_id, self.filename)
        return Path(path) if isinstance(path, str) else None


PRESETS = (  # strongest first: the order in which `auto` looks
    ModelPreset(
        "omnisql-7b", "mradermacher/OmniSQL-7B-GGUF", "OmniSQL-7B.Q4_K_M.gguf", 4.7, "Apache-2.0", "81.2",
        "Qwen2.5-Coder-7B trained on 2.5 million synthetic text-to-SQL samples",
    ),
    ModelPreset(
        "qwen2.5-coder-7b", "Qwen/Qwen2.5-Coder-7B-Instruct-GGUF", "qwen2.5-coder-7b-instruct-q4_k_m.gguf", 4.7,
        "Apache-2.0", "73.4", "general coder model",
    ),
    ModelPreset(
        "qwen2.5-coder-1.5b", "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", 1.1,
        "Apache-2.0", "57-63", "small coder model; the best answer per second on a laptop",
    ),
    ModelPreset(
        "mistral-7b-instruct", "TheBloke/Mistral-7B-Instruct-v0.2-GGUF", "mistral-7b-instruct-v0.2.Q4_K_M.gguf", 4.4,
        "Apache-2.0", "", "Mistral-7B-Instruct-v0.2, the model that the original report names",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class LoadedLLM:
    """An LLM with its name, where it came from, and the prompt format it was made for.

    Attributes:
        context_window: Tokens that a prompt and its reply may take together: never more than it was trained with.
    """

    llm: LLM
    name: str
    origin: str
    prompt_format: str
    context_window: int


# --- LLMs -------------------------------------------------------------------------------------------------------------


def load_llm(config: AppConfig, spec: str = "") -> LoadedLLM:
    """Load the LLM that ``spec`` names, or else ``config.llm``.

    ``auto`` takes the strongest preset already in the hub's cache, else the bundled model; ``bundled``; the name of
    a preset, downloaded if it is not cached; ``smollm2-sql``, a packaged model with this project's adapter, and
    ``smollm2-135m``, that model without it; the path of a GGUF file, or of an adapter for that model;
    ``openai-compatible`` with ``llm_base_url``.

    Raises:
        ModelError: The specification is unknown, the file is missing, or it does not load.
    """
    spec = spec or config.llm
    if spec == "openai-compatible":
        return _openai_compatible(config)
    if spec == "auto":
        for preset in PRESETS:
            path = preset.cached_path()
            if path is not None:
                return _load_gguf(path, preset.name, f"cached preset {preset.name}", config)
        spec = "bundled"
    if spec == "bundled":
        return _load_gguf(BUNDLED_SQL_MODEL, BUNDLED_NAME, "bundled", config)
    if spec == SMOLLM2_NAME:
        path, origin = smollm2_file()
        return _load_gguf(path, SMOLLM2_NAME, origin, config)
    if spec == SQL_ADAPTER_NAME:
        return _load_gguf(SQL_ADAPTER, SQL_ADAPTER_NAME, f"bundled adapter of {SMOLLM2_NAME}", config)
    preset_by_name = {preset.name: preset for preset in PRESETS}
    if spec in preset_by_name:
        preset = preset_by_name[spec]
        return _load_gguf(_downloaded(preset), preset.name, f"preset {preset.name}", config)
    if spec.lower().endswith(".gguf"):
        path = Path(spec).expanduser()
        return _load_gguf(path, path.stem, str(path), config)
    raise ModelError(
        f"Got llm={spec!r}. Expected auto, bundled, openai-compatible, the path of a .gguf file, or one of "
        f"{', '.join([*preset_by_name, SQL_ADAPTER_NAME, SMOLLM2_NAME])}. `coderag models` lists them."
    )


def _downloaded(preset: ModelPreset) -> Path:
    from huggingface_hub import hf_hub_download

    cached = preset.cached_path()
    if cached is not None:
        return cached
    logger.info("Downloading %s from %s (%.1f GB)", preset.filename, preset.repo_id, preset.size_gb)
    try:
        return Path(hf_hub_download(preset.repo_id, preset.filename))
    except Exception as error:  # the hub client raises a dozen kinds; each means: not downloaded
        raise ModelError(
            f"The preset {preset.name} could not be downloaded ({type(error).__name__}: {str(error)[:200]}). "
            f"Fetch {preset.filename} from {preset.repo_id} yourself and pass its path as --llm, or use --llm bundled."
        ) from error


@lru_cache(maxsize=2)
def _open_llama(path: Path, context_window: int, threads: int, adapter: Path | None = None) -> Any:
    """One loaded model per file and adapter: engines share it, since generation holds a lock anyway."""
    with short_waits():
        from llama_index.llms.llama_cpp import LlamaCPP

    if not path.is_file():
        raise ModelError(
            f"There is no model file at {path}. Expected a GGUF file; `coderag models` lists what is there."
        )
    with refusals_as(ModelError):
        check_gguf(path)
    threads = model_threads(path.stat().st_size, threads)
    options: dict[str, Any] = {"n_threads": threads, "n_threads_batch": threads, "n_batch": 512, "seed": 0}
    if adapter is not None:
        options["lora_path"] = str(adapter)
    try:
        context_window = min(context_window, _trained_context(path))
        with without_amx():
            llm = LlamaCPP(model_path=str(path), context_window=context_window, model_kwargs=options, verbose=False)
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError(f"llama.cpp could not load {path}: {error}") from error
    atexit.register(llm._model.close)  # otherwise its destructor runs after the interpreter's modules are gone
    return llm


def _trained_context(path: Path) -> int:
    """The context a model was trained with, from its file's header: more can be asked for, but not understood."""
    import llama_cpp

    logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)  # what verbose=False does for a loaded model
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
    if not model:
        raise ValueError("the file is damaged or of an unknown architecture")
    try:
        return int(_header_text(model, f"{_header_text(model, 'general.architecture')}.context_length"))
    finally:
        llama_cpp.llama_model_free(model)


def _header_text(model: Any, key: str) -> str:
    import llama_cpp

    buffer = ctypes.create_string_buffer(256)
    if llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer)) < 0:
        raise ValueError(f"the file's header has no {key}")
    return buffer.value.decode()


def _load_gguf(path: Path, name: str, origin: str, config: AppConfig) -> LoadedLLM:
    check_bundled(path)
    path = path.resolve()
    adapter = path if _is_adapter(path) else None
    base = _base_of(adapter) if adapter is not None else path
    llm = _open_llama(base, config.context_window_tokens, config.threads, adapter)
    metadata = llm._model.metadata
    own = gguf_texts(adapter) if adapter is not None else metadata
    prompt_format = own.get(_FORMAT_KEY, "instruct")
    template = metadata.get("tokenizer.chat_template")
    if prompt_format == "instruct" and template:
        llm.completion_to_prompt = _chat_prompt(template)
    return LoadedLLM(llm, name, origin, prompt_format, llm.context_window)


def _is_adapter(path: Path) -> bool:
    """Whether a file holds a LoRA adapter; what is wrong with a file is said where it is opened."""
    try:
        return gguf_texts(path).get("general.type") == "adapter"
    except (FileRefusedError, OSError):
        return False


def _base_of(adapter: Path) -> Path:
    """The model that an adapter changes, which its header names by hash."""
    wanted = gguf_texts(adapter).get(BASE_KEY, "")
    if wanted != SMOLLM2_SHA256:
        raise ModelError(
            f"{adapter} is an adapter of {wanted or 'an unnamed model'}; expected one of {SMOLLM2_NAME} "
            f"({SMOLLM2_SHA256}), as `python -m finetune.sql_model.pretrained.tuned_export` writes it. Merge another "
            "adapter into its model, and pass that file."
        )
    return smollm2_file()[0]


def _chat_prompt(template: str) -> Any:
    """The GGUF's own chat template around a single user message, rendered in llama-cpp-python's Jinja sandbox."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    # llama.cpp adds the start token itself, and stops at the end token by its id.
    formatter = Jinja2ChatFormatter(template=template, eos_token="", bos_token="")

    def to_prompt(text: str) -> str:
        return formatter(messages=[{"role": "user", "content": text}]).prompt

    return to_prompt


def _openai_compatible(config: AppConfig) -> LoadedLLM:
    if not config.llm_base_url or not config.llm_model:
        raise ModelError(
            f"openai-compatible needs a base URL and a model name: got llm_base_url={config.llm_base_url!r}, "
            f"llm_model={config.llm_model!r}. Example: --llm openai-compatible "
            "--llm-base-url http://127.0.0.1:11434/v1 --llm-model qwen2.5-coder:7b"
        )
    if find_spec("llama_index.llms.openai_like") is None:
        raise ModelError('openai-compatible needs one more package. Run: pip install "coderag[openai-compatible]"')
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(
        model=config.llm_model,
        api_base=config.llm_base_url,
        api_key=config.llm_api_key or "none",
        is_chat_model=True,
        context_window=config.context_window_tokens,
        max_tokens=config.max_new_tokens,
        temperature=0.0,
    )
    origin = f"server at {config.llm_base_url}"
    return LoadedLLM(llm, config.llm_model, origin, "instruct", config.context_window_tokens)
