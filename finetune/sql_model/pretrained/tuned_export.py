"""Export a tuned model to GGUF: ``python -m finetune.sql_model.pretrained.tuned_export --run DIR --out FILE.gguf``.

Vocabulary and shape are the base's, taken from its file as they stand; only the weights, the name, the licence and the
prompt format differ. ``--adapter`` writes a LoRA adapter alone, which llama.cpp applies to the packaged base: that base
is what it was trained on, so nothing is lost by quantising.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import gguf
import numpy as np
import torch
import typer

from coderag_app.errors import CodeRAGError, ModelError
from coderag_app.llm.base_model import BASE_KEY, smollm2_file
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from finetune.sql_model.gguf_export import PROMPT_FORMAT_KEY, WeightType, interleave_halves
from finetune.sql_model.pretrained.tuning import LORA_SCALE, load_base, with_adapter

PROMPT_FORMAT = "joinless-v1"
SMOLLM2_LAYERS, SMOLLM2_HEADS = 30, {"q_proj": 9, "k_proj": 3}  # heads whose rows llama.cpp orders in its own way
LICENCE = "CC-BY-SA-4.0"  # Spider's questions
_OWN_KEYS = ("general.name", "general.license", "general.file_type", "tokenizer.chat_template", "general.description")
_TYPES = {
    WeightType.Q8_0: (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    WeightType.F32: (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
}


def tuned_model(checkpoint: Checkpoint, base: Path) -> Any:
    """The base with the checkpoint's weights, an adapter merged into them, in float32."""
    model, _ = load_base(base)
    rank = int(checkpoint.facts["train"]["lora_rank"])
    model = with_adapter(model, rank)
    weights = checkpoint.part("model")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(weights[name])
    return model.merge_and_unload() if rank else model


def export_tuned(run: Path, out: Path, weight_type: WeightType = WeightType.Q8_0, base: str = "auto") -> None:
    """Write the model of a run as one GGUF file that llama.cpp loads.

    Args:
        run: Folder with ``checkpoint.safetensors``.
        out: The file to write; it appears only when it is complete.
        weight_type: Storage of the matrices; the norms are always float32.
        base: GGUF file of the base, or auto.

    Raises:
        ModelError: The checkpoint or the base is missing.
    """
    checkpoint, (path, _) = load_checkpoint(run / CHECKPOINT_FILE), smollm2_file(base)
    model = tuned_model(checkpoint, path)
    with _written(out, checkpoint) as writer:
        _copy_facts(gguf.GGUFReader(path), writer)
        writer.add_file_type(_TYPES[weight_type][1])
        _add_weights(writer, model, _TYPES[weight_type][0])


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
    with _written(out, checkpoint) as writer:
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", float(LORA_SCALE * rank))
        writer.add_string(BASE_KEY, str(checkpoint.facts["base"]["sha256"]))
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, SMOLLM2_LAYERS)
        for name, tensor in sorted(checkpoint.part("model").items()):
            place, half = name.removeprefix("base_model.model.").removesuffix(".default.weight").rsplit(".lora_", 1)
            weight = tensor.float().numpy()
            heads = SMOLLM2_HEADS.get(place.rsplit(".", 1)[-1])
            if heads is not None and half == "B":
                weight = interleave_halves(weight, heads)
            found = names.get_name(place)
            if found is None:
                raise ModelError(f"llama.cpp has no name for the tensor {name}; expected those of a Llama.")
            writer.add_tensor(f"{found}.weight.lora_{half.lower()}", weight.astype(np.float16))


@contextmanager
def _written(out: Path, checkpoint: Checkpoint) -> Iterator[gguf.GGUFWriter]:
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


def _copy_facts(reader: gguf.GGUFReader, writer: gguf.GGUFWriter) -> None:
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", *_OWN_KEYS):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)


def _add_weights(writer: gguf.GGUFWriter, model: Any, stored: gguf.GGMLQuantizationType) -> None:
    config = model.config
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, parameter in model.named_parameters():  # the output shares the embedding and is listed once
        weight = parameter.detach().float().numpy()
        count = heads.get(name.split(".")[-2])
        if count is not None:
            weight = interleave_halves(weight, count)
        found = names.get_name(name, try_suffixes=(".weight",))
        if found is None:
            raise ModelError(f"llama.cpp has no name for the tensor {name}; expected those of a Llama.")
        if weight.ndim == 1:
            writer.add_tensor(found, weight)
        else:
            writer.add_tensor(found, gguf.quants.quantize(weight, stored), raw_dtype=stored)


def main(
    run: Annotated[Path, typer.Option(help="Folder of the run.")],
    out: Annotated[Path, typer.Option(help="GGUF file to write.")],
    weights: Annotated[WeightType, typer.Option(help="Storage of the matrices.")] = WeightType.Q8_0,
    base: Annotated[str, typer.Option(help="GGUF file of the base, or auto.")] = "auto",
    adapter: Annotated[bool, typer.Option("--adapter", help="Write the run's LoRA adapter alone.")] = False,
) -> None:
    """Export a tuned model to GGUF."""
    try:
        if adapter:
            export_adapter(run, out)
        else:
            export_tuned(run, out, weights, base)
    except CodeRAGError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    typer.run(main)
