"""A small decoder with exactly Llama's architecture, whose weights carry the names they have in a GGUF file."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.sql_model.attention import attend
from finetune.sql_model.packing import attention_allowed

_CODE_WIDTH = 48  # dimensions in which ids of tables and columns differ at first; a head is 64 wide


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network. Widths are multiples of 32, which Q8_0 blocks need."""

    vocab_size: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 4
    ffn_width: int = 704
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


PRESETS = {
    "tiny": ModelConfig(width=128, layers=2, heads=2, ffn_width=352),
    "small": ModelConfig(),
    "base": ModelConfig(width=320, layers=8, heads=5, ffn_width=864),
    "large": ModelConfig(width=512, layers=12, heads=8, ffn_width=1408),
}


class Block(nn.Module):
    """Attention and SwiGLU feed-forward, each behind an RMSNorm and added to the stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attn_norm = nn.RMSNorm(config.width, eps=config.norm_eps)
        self.attn_q = nn.Linear(config.width, config.width, bias=False)
        self.attn_k = nn.Linear(config.width, config.width, bias=False)
        self.attn_v = nn.Linear(config.width, config.width, bias=False)
        self.attn_output = nn.Linear(config.width, config.width, bias=False)
        self.ffn_norm = nn.RMSNorm(config.width, eps=config.norm_eps)
        self.ffn_gate = nn.Linear(config.width, config.ffn_width, bias=False)
        self.ffn_up = nn.Linear(config.width, config.ffn_width, bias=False)
        self.ffn_down = nn.Linear(config.ffn_width, config.width, bias=False)

    def forward(self, stream: Tensor, rope: tuple[Tensor, Tensor], chains: Tensor, allowed: Tensor) -> Tensor:
        """Run the block.

        Args:
            stream: Residual stream, shape (batch, tokens, width).
            rope: Cosines and sines of the positions, each of shape (batch, tokens, 1, head width / 2).
            chains: Chain numbers, shape (batch, tokens).
            allowed: Which key each query may look at, shape (batch, tokens, tokens).

        Returns:
            The stream after the block, same shape.
        """
        normed = self.attn_norm(stream)
        layers = (self.attn_q, self.attn_k, self.attn_v)
        query, key, value = (layer(normed).unflatten(-1, (self.heads, -1)) for layer in layers)
        query, key = _rotate(query, rope).to(value.dtype), _rotate(key, rope).to(value.dtype)
        stream = stream + self.attn_output(attend(query, key, value, chains, allowed).flatten(2))
        normed = self.ffn_norm(stream)
        return stream + self.ffn_down(functional.silu(self.ffn_gate(normed)) * self.ffn_up(normed))


class SQLModel(nn.Module):
    """The network: tied token embedding, blocks, final norm."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab_size, config.width)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = nn.RMSNorm(config.width, eps=config.norm_eps)
        half = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
        self.register_buffer("frequencies", config.rope_theta**-half, persistent=False)

    def forward(self, tokens: Tensor, positions: Tensor, chains: Tensor) -> Tensor:
        """Compute the hidden states that ``logits`` takes.

        Args:
            tokens: Token ids, shape (batch, tokens).
            positions: Position ids, same shape.
            chains: Chain numbers, same shape (see ``packing.Batch``); zeros make the whole text one causal prefix.

        Returns:
            Normed hidden states, shape (batch, tokens, width).
        """
        angles = (positions[..., None] * self.get_buffer("frequencies"))[:, :, None]
        rope = (angles.cos(), angles.sin())
        allowed = attention_allowed(positions, chains)
        stream = self.token_embd(tokens)
        for block in self.blk:
            stream = block(stream, rope, chains, allowed)
        return self.output_norm(stream)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores over the vocabulary for hidden states of shape (..., width)."""
        return functional.linear(hidden, self.token_embd.weight)

    @property
    def parameter_count(self) -> int:
        """Number of trained values."""
        return sum(parameter.numel() for parameter in self.parameters())


def initialise(model: SQLModel, seed: int, ids: Sequence[int] = ()) -> None:
    """Draw the starting weights.

    The layers that write to the stream start at zero, so every block starts as the identity. The ids of tables and
    columns start in a subspace of ``_CODE_WIDTH`` dimensions: an attention head can copy no more dimensions than it is
    wide, and a model whose ids fill the whole width never learns to copy them.

    Args:
        model: The network to fill, on the CPU.
        seed: Seed of the draw.
        ids: Token ids that stand for tables and columns.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            nn.init.ones_(parameter)
        elif "attn_output" in name or "ffn_down" in name:
            nn.init.zeros_(parameter)
        else:
            spread = 0.02 if "token_embd" in name else parameter.shape[1] ** -0.5
            nn.init.normal_(parameter, std=spread, generator=generator)
    if ids:
        codes = functional.normalize(torch.randn(len(ids), _CODE_WIDTH, generator=generator))
        basis = torch.linalg.qr(torch.randn(model.config.width, _CODE_WIDTH, generator=generator)).Q
        model.token_embd.weight.data[list(ids)] += codes @ basis.T


@torch.inference_mode()
def greedy(model: SQLModel, prompt: list[int], end_id: int, max_new_tokens: int) -> list[int]:
    """Continue a prompt with the likeliest token each time; the whole text is recomputed, so it is for checks only.

    Args:
        model: The network.
        prompt: Token ids of the prompt.
        end_id: The token that ends the text; it is not returned.
        max_new_tokens: Most tokens to generate.

    Returns:
        The generated ids.
    """
    ids = list(prompt)
    device = model.token_embd.weight.device
    while len(ids) < len(prompt) + max_new_tokens:
        positions = torch.arange(len(ids), device=device)[None]
        hidden = model(torch.tensor([ids], device=device), positions, torch.zeros_like(positions))
        following = int(model.logits(hidden[0, -1]).argmax())
        if following == end_id:
            break
        ids.append(following)
    return ids[len(prompt) :]


def _rotate(heads: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position embedding on halves (the layout of the Hugging Face models; the export permutes it)."""
    cosine, sine = rope
    first, second = heads.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)
