"""Export a tuned model to GGUF: ``python -m finetune.sql_model.pretrained.tuned_export --run DIR --out FILE.gguf``.

Vocabulary and shape are the base's, taken from its file as they stand; only the weights, the name, the licence and the
prompt format differ. ``--adapter`` writes a LoRA adapter alone, which llama.cpp applies to the packaged base: that base
is what it was trained on, so nothing is lost by quantising.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import gguf
import torch
import typer

from coderag_app.errors import CodeRAGError, ModelError
from coderag_app.llm.base_model import smollm2_file
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from finetune.sql_model.gguf_export import WeightType, interleave_halves
from finetune.sql_model.pretrained.adapter_file import export_adapter, written_gguf
from finetune.sql_model.pretrained.tuning import load_base, with_adapter

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
    with written_gguf(out, checkpoint) as writer:
        _copy_facts(gguf.GGUFReader(path), writer)
        writer.add_file_type(_TYPES[weight_type][1])
        _add_weights(writer, model, _TYPES[weight_type][0])


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
