"""Export the averaged weights to GGUF: ``python -m finetune.sql_model.gguf_export --run DIR --out FILE.gguf``."""

import enum
import json
from pathlib import Path
from typing import Annotated

import gguf
import numpy as np
import typer
from rich.console import Console
from tokenizers import Tokenizer

from coderag_app.errors import CodeRAGError
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from finetune.sql_model.model import ModelConfig
from finetune.sql_model.tokenizer import END, MARKERS, TOKENIZER_FILE, load_tokenizer

PROMPT_FORMAT_KEY = "coderag.prompt_format"
PROMPT_FORMAT = "compact-v5"
LICENCE = "Apache-2.0"
CHAT_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"

app = typer.Typer(add_completion=False)


class WeightType(enum.StrEnum):
    """How the matrices are stored."""

    Q8_0 = "q8_0"
    F32 = "f32"


_TENSOR_TYPES = {
    WeightType.Q8_0: (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    WeightType.F32: (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
}


def export_gguf(run: Path, out: Path, weight_type: WeightType = WeightType.Q8_0, licence: str = LICENCE) -> None:
    """Write the model of a run directory as one GGUF file that llama.cpp loads.

    Args:
        run: Run directory with ``checkpoint.safetensors`` and ``tokenizer.json``.
        out: The file to write; it appears only when it is complete.
        weight_type: Storage of the matrices; the norms are always float32.
        licence: What the file says of its licence, an SPDX name.

    Raises:
        ModelError: If the run directory lacks one of its files.
    """
    checkpoint, tokenizer = load_checkpoint(run / CHECKPOINT_FILE), load_tokenizer(run / TOKENIZER_FILE)
    config = ModelConfig(**checkpoint.facts["model"])
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    _add_facts(writer, checkpoint, config, weight_type, licence)
    _add_vocabulary(writer, tokenizer)
    _add_weights(writer, checkpoint, config, weight_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(out)


def interleave_halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the rows of a query or key matrix from rotating halves to rotating neighbours, as llama.cpp does.

    Args:
        weight: Shape (heads x head width, inputs).
        heads: Number of heads.

    Returns:
        The same rows in llama.cpp's order.
    """
    return weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def _add_facts(
    writer: gguf.GGUFWriter, checkpoint: Checkpoint, config: ModelConfig, weight_type: WeightType, licence: str
) -> None:
    steps, window_tokens = checkpoint.facts["progress"]["step"], checkpoint.facts["train"]["window_tokens"]
    writer.add_name("CodeRAG SQL model")
    writer.add_description(f"Writes compact SQL for a schema and a question; trained from scratch in {steps} steps.")
    writer.add_license(licence)
    writer.add_string(PROMPT_FORMAT_KEY, PROMPT_FORMAT)
    writer.add_file_type(_TENSOR_TYPES[weight_type][1])
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(window_tokens)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ffn_width)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.heads)
    writer.add_rope_dimension_count(config.head_width)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.norm_eps)


def _add_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    ids = tokenizer.get_vocab(with_added_tokens=True)
    tokens = sorted(ids, key=ids.__getitem__)
    types = {END: gguf.TokenType.CONTROL} | dict.fromkeys(MARKERS, gguf.TokenType.USER_DEFINED)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([types.get(token, gguf.TokenType.NORMAL) for token in tokens])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    writer.add_eos_token_id(ids[END])
    # Without an id of its own, llama.cpp takes token 11 for the beginning of the text.
    writer.add_bos_token_id(ids[END])
    writer.add_add_bos_token(False)  # noqa: FBT003
    writer.add_chat_template(CHAT_TEMPLATE)


def _add_weights(writer: gguf.GGUFWriter, checkpoint: Checkpoint, config: ModelConfig, weight_type: WeightType) -> None:
    for name, tensor in sorted(checkpoint.part("ema").items()):
        weight = tensor.float().numpy()
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            weight = interleave_halves(weight, config.heads)
        if weight.ndim == 1:
            writer.add_tensor(name, weight)
            continue
        stored = _TENSOR_TYPES[weight_type][0]
        writer.add_tensor(name, gguf.quants.quantize(weight, stored), raw_dtype=stored)


@app.command()
def main(
    run: Annotated[Path, typer.Option(help="Run directory of finetune.sql_model.train.")],
    out: Annotated[Path, typer.Option(help="GGUF file to write.")],
    weights: Annotated[WeightType, typer.Option(help="Storage of the matrices.")] = WeightType.Q8_0,
    licence: Annotated[str, typer.Option(help="What its data asks for: Spider's questions CC-BY-SA-4.0.")] = LICENCE,
) -> None:
    """Export a run's averaged weights to GGUF."""
    console = Console()
    try:
        export_gguf(run, out, weights, licence)
    except CodeRAGError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    console.print(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    app()
