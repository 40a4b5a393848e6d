"""Write a BERT encoder, adapter merged and layers left out if wanted, as one GGUF file that llama.cpp embeds with.

llama.cpp's own converter does the same for any model; this one needs no hub, no download and 100 lines.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from coderag_app.encoders.encoder_loading import transformer_of
from coderag_app.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class StoredAs(enum.StrEnum):
    """How the matrices are stored; the K types need rows of 256 values, and this encoder's have 384."""

    F32 = "f32"
    F16 = "f16"
    Q8_0 = "q8_0"
    Q5_0 = "q5_0"
    Q4_0 = "q4_0"


_POSITIONS = "position_embd.weight"
_NO_LIMIT = 1_000_000
# A BERT layer's parts by their names in transformers and in llama.cpp.
_LAYER_PARTS = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_EMBEDDING_PARTS = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.position_embeddings.weight": _POSITIONS,
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
_WORD_START = "\u2581"  # SentencePiece's mark; BERT marks the pieces inside a word instead
# Special tokens with llama.cpp's names for them, in its own spelling.
_SPECIAL = {"[UNK]": "unknown", "[CLS]": "bos", "[SEP]": "seperator", "[PAD]": "padding", "[MASK]": "mask"}


def write_bert_gguf(model: SentenceTransformer, path: Path, stored_as: StoredAs = StoredAs.Q8_0) -> None:
    """Write a SentenceTransformer of BERT's architecture with mean pooling.

    Args:
        model: The encoder with its adapter added, in fp32.
        path: The file to write; it appears only when it is complete.
        stored_as: Storage of the matrices; norms, biases and positions are always float32.

    Raises:
        ModelError: It is not a BERT with mean pooling, or has a parameter that llama.cpp doesn't know.
    """
    transformer: Any = transformer_of(model)
    pooling: Any = model[1]
    mode = getattr(pooling, "pooling_mode", None)
    if transformer.config.model_type != "bert" or mode not in ("mean", ("mean",)):
        raise ModelError(
            f"Got a {transformer.config.model_type} encoder with pooling {mode!r}, expected bert with mean pooling."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    writer = gguf.GGUFWriter(unfinished, "bert")
    longest = min(model.max_seq_length or _NO_LIMIT, transformer.config.max_position_embeddings)
    _add_facts(writer, transformer.config, longest)
    _add_vocabulary(writer, model.tokenizer.get_vocab())
    for name, weight in sorted(_renamed(transformer.state_dict()).items()):
        kept = weight[:longest] if name == _POSITIONS else weight  # llama.cpp wants one for each token it may read
        _add_tensor(writer, name, kept, stored_as)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(path)


def _add_facts(writer: gguf.GGUFWriter, config: Any, longest: int) -> None:
    writer.add_name("CodeRAG encoder")
    writer.add_license("apache-2.0")
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(longest)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(config.layer_norm_eps)
    writer.add_causal_attention(False)  # noqa: FBT003
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def _add_vocabulary(writer: gguf.GGUFWriter, ids: dict[str, int]) -> None:
    tokens = sorted(ids, key=ids.__getitem__)
    special = [token in _SPECIAL for token in tokens]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([_marked(token) for token in tokens])
    writer.add_token_types([gguf.TokenType.CONTROL if of else gguf.TokenType.NORMAL for of in special])
    writer.add_token_type_count(2)
    for token, role in _SPECIAL.items():
        writer.add_uint32(f"tokenizer.ggml.{role}_token_id", ids[token])


def _marked(token: str) -> str:
    if token.startswith("##"):
        return token[2:]
    return token if token in _SPECIAL or (token[0] == "[" and token[-1] == "]") else _WORD_START + token


def _renamed(parameters: dict[str, Any]) -> dict[str, np.ndarray]:
    """The parameters by llama.cpp's names; without the pooler, which mean pooling leaves out."""
    found: dict[str, np.ndarray] = {}
    for name, tensor in parameters.items():
        if name.startswith("pooler.") or name.endswith("position_ids"):
            continue
        renamed = _EMBEDDING_PARTS.get(name)
        if renamed is None and name.startswith("encoder.layer."):
            number, _, rest = name.removeprefix("encoder.layer.").partition(".")
            part, _, kind = rest.rpartition(".")
            renamed = f"blk.{number}.{_LAYER_PARTS[part]}.{kind}" if part in _LAYER_PARTS else None
        if renamed is None:
            raise ModelError(f"The encoder has a parameter {name!r}, expected those of a BERT encoder alone.")
        found[renamed] = tensor.detach().float().cpu().numpy()
    return found


def _add_tensor(writer: gguf.GGUFWriter, name: str, weight: np.ndarray, stored_as: StoredAs) -> None:
    matrix = weight.ndim == 2 and not name.startswith(("position_embd", "token_types"))
    stored = gguf.GGMLQuantizationType[stored_as.name] if matrix else gguf.GGMLQuantizationType.F32
    if stored is gguf.GGMLQuantizationType.F32:
        writer.add_tensor(name, weight)
    else:
        writer.add_tensor(name, gguf.quants.quantize(weight, stored), raw_dtype=stored)
