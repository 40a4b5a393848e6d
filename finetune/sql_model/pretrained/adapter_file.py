"""LoRA adapters of SmolLM2 as GGUF files, which llama.cpp applies to the packaged base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gguf
import numpy as np
import torch
from torch import Tensor

from coderag_app.errors import ModelError
from coderag_app.files import refusals_as
from coderag_app.gguf.file_check import check_gguf
from coderag_app.llm.base_model import BASE_KEY
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from finetune.sql_model.gguf_export import PROMPT_FORMAT_KEY, interleave_halves
from finetune.sql_model.pretrained.tuning import LORA_SCALE

PROMPT_FORMAT = "joinless-v1"
LICENCE = "CC-BY-SA-4.0"  # Spider's questions
_LAYERS, _HEADS = 30, {"q_proj": 9, "k_proj": 3}


def export_adapter(run: Path, out: Path) -> None:
    """Write the LoRA adapter of a run as a GGUF file that llama.cpp applies to the base.

    Args:
        run: Folder with ``checkpoint.safetensors`` of a run with ``--lora-rank``.
        out: The file to write; it appears only when it is complete. Its matrices are float16.

    Raises:
        ModelError: The checkpoint is missing, or trained all weights.
    """
    checkpoint = load_checkpoint(run / CHECKPOINT_FILE)
    rank = int(checkpoint.facts["train"]["lora_rank"])
    if not rank:
        raise ModelError(f"The run in {run} trained all weights, so it has no adapter; export it without --adapter.")
    with written_gguf(out, checkpoint) as writer:
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", float(LORA_SCALE * rank))
        writer.add_string(BASE_KEY, str(checkpoint.facts["base"]["sha256"]))
        for name, tensor in sorted(checkpoint.part("model").items()):
            weight, heads = tensor.float().numpy(), _turned_heads(name)
            if heads is not None:
                weight = interleave_halves(weight, heads)
            writer.add_tensor(_gguf_name(name), weight.astype(np.float16))


def read_adapter(path: Path, names: Iterable[str]) -> dict[str, Tensor]:
    """Read an adapter's matrices back, float32, to train it further.

    Args:
        path: A file that ``export_adapter`` wrote.
        names: The trained parameters.

    Raises:
        ModelError: It is no adapter, or lacks one of them.
    """
    with refusals_as(ModelError):
        check_gguf(path)
    stored = {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}
    found = {}
    for name in names:
        weight, heads = stored.get(_gguf_name(name)), _turned_heads(name)
        if weight is None:
            raise ModelError(f"{path} has no {_gguf_name(name)}; expected an adapter of the same matrices.")
        if heads is not None:
            weight = weight.reshape(heads, -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
        found[name] = torch.from_numpy(np.array(weight, dtype=np.float32))
    return found


def _gguf_name(name: str) -> str:
    """What llama.cpp calls half of an adapter's matrix, by peft's name."""
    place, half = name.removeprefix("base_model.model.").removesuffix(".default.weight").rsplit(".lora_", 1)
    found = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, _LAYERS).get_name(place)
    if found is None:
        raise ModelError(f"llama.cpp has no name for the tensor {name}; expected those of a Llama.")
    return f"{found}.weight.lora_{half.lower()}"


def _turned_heads(name: str) -> int | None:
    """The heads of a matrix whose rows llama.cpp orders in its own way; None where it keeps them."""
    return next((heads for matrix, heads in _HEADS.items() if f".{matrix}.lora_B." in name), None)


@contextmanager
def written_gguf(out: Path, checkpoint: Checkpoint) -> Iterator[gguf.GGUFWriter]:
    """A writer with the facts of a run, whose file appears when the block ends well."""
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    steps = checkpoint.facts["progress"]["step"]
    writer.add_name("CodeRAG SQL model, from SmolLM2-135M-Instruct")
    writer.add_description(f"Writes SQL without joins for a schema and a question; fine-tuned in {steps} steps.")
    writer.add_license(LICENCE)
    writer.add_string(PROMPT_FORMAT_KEY, PROMPT_FORMAT)
    yield writer
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(out)
