"""Tokenizers with the special tokens of well-known chat models, as files that llama.cpp reads: no weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HEADERS = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
CONTROL_TOKENS = {
    "chatml": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "<reponame>"],
    "llama-3": ["<|begin_of_text|>", "<|end_of_text|>", *_HEADERS, "<|python_tag|>"],
    "mistral": ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[SYSTEM_PROMPT]"],
    "gemma": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<|tool_call>", "<tool_call|>", '<|"|>'],
    "deepseek": ["<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"],
    "falcon": [">>QUESTION<<", ">>ANSWER<<", "<|endoftext|>"],
    "odd": ["< |", "| |", "END", "<|im_end|>", "--EOT--", "\x1e\x1e"],
}
ADDED_WORDS = ["日", "        ", "hello"]  # which mark nothing


def tokenizer_of(name: str, folder: Path) -> Any:
    """A ``llama_cpp.Llama`` without weights, whose tokenizer knows bytes and the special tokens of a model."""
    import gguf
    import llama_cpp

    special = CONTROL_TOKENS[name]
    # Every byte is a token of its own; GPT-2 writes those that cannot be seen as letters from U+0100 on.
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    tokens = [letters[byte] for byte in range(256)] + special + ADDED_WORDS
    half = len(special) // 2
    kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * (len(special) - half)
    kinds += [gguf.TokenType.USER_DEFINED] * (half + len(ADDED_WORDS))
    path = folder / f"{name}.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(4096)
    writer.add_block_count(1)
    writer.add_embedding_length(32)
    writer.add_head_count(1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_merges([f"{letters[ord('a')]} {letters[ord('b')]}"])
    writer.add_token_types(kinds)
    writer.add_eos_token_id(256)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return llama_cpp.Llama(str(path), vocab_only=True, verbose=False)


def special_ids(model: Any, text: str) -> list[str]:
    """The special tokens that llama.cpp reads in a text when it is told to look for them."""
    ids = model.tokenize(text.encode("utf-8"), add_bos=False, special=True)
    last = model.n_vocab() - len(ADDED_WORDS)
    return [model.detokenize([token], special=True).decode() for token in ids if 256 <= token < last]
