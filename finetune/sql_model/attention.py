"""Attention over windows of a shared prefix and independent chains.

A window's mask is mostly empty: with a 150-token schema and 100-token chains only a quarter of it is allowed. The CPU kernel of
``scaled_dot_product_attention`` computes masked places too, so on the CPU the prefix and every chain are attended to one by one, which
is about three times as fast. Elsewhere one call with a mask does the same.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from finetune.sql_model.packing import PADDING_CHAIN, PREFIX_CHAIN

_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def attend(query: Tensor, key: Tensor, value: Tensor, chains: Tensor, mask: Tensor | None) -> Tensor:
    """Attend within prefix and chains.

    Args:
        query: Shape (windows, tokens, heads, head width); keys and values have the same shape and type.
        key: The keys.
        value: The values.
        chains: Chain number of each token, shape (windows, tokens); see ``packing.Batch``.
        mask: The allowed places as booleans of shape (windows, 1, tokens, tokens), or None to go chain by chain on the CPU.

    Returns:
        The mixed values, shape of ``query``; what stands in the padding is of no meaning.
    """
    if mask is None:
        return torch.ops.sql_model.chain_attention(query, key, value, chains)[0]
    by_head = (part.transpose(1, 2) for part in (query, key, value))
    return F.scaled_dot_product_attention(*by_head, attn_mask=mask).transpose(1, 2)


@torch.library.custom_op("sql_model::chain_attention", mutates_args=())
def chain_attention(query: Tensor, key: Tensor, value: Tensor, chains: Tensor) -> tuple[Tensor, Tensor]:
    """Attend piece by piece; also returns the log-sum-exp, shape (windows, heads, tokens), for the backward pass."""
    mixed = torch.zeros_like(query)
    logsumexp = torch.zeros(query.shape[0], query.shape[2], query.shape[1], dtype=torch.float32)
    causal = _causal_mask(query)
    for window, prefix, start, end in _pieces(chains):
        own = slice(start, end)
        piece = _flash(
            _by_head(query[window, own]),
            _by_head(_with_prefix(key[window], prefix, own)),
            _by_head(_with_prefix(value[window], prefix, own)),
            attn_mask=_mask_of(causal, prefix, end - start),
        )
        mixed[window, own] = piece[0][0].transpose(0, 1)
        logsumexp[window, :, own] = piece[1].reshape(logsumexp.shape[1], -1)
    return mixed, logsumexp


@torch.library.custom_op("sql_model::chain_attention_backward", mutates_args=())
def chain_attention_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, chains: Tensor, mixed: Tensor, logsumexp: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of query, key and value; the prefix's gradient is summed over the chains in float32."""
    grad_query, grad_key, grad_value = (torch.zeros_like(query, dtype=torch.float32) for _ in range(3))
    causal = _causal_mask(query)
    for window, prefix, start, end in _pieces(chains):
        own = slice(start, end)
        pieces = _flash_backward(
            _by_head(grad[window, own]),
            _by_head(query[window, own]),
            _by_head(_with_prefix(key[window], prefix, own)),
            _by_head(_with_prefix(value[window], prefix, own)),
            _by_head(mixed[window, own]),
            logsumexp[window, None, :, own].contiguous(),
            0.0,
            is_causal=False,
            attn_mask=_mask_of(causal, prefix, end - start),
        )
        for_query, for_key, for_value = (piece[0].transpose(0, 1) for piece in pieces)
        grad_query[window, own] = for_query
        for whole, piece in ((grad_key, for_key), (grad_value, for_value)):
            whole[window, :prefix] += piece[:prefix]
            whole[window, own] += piece[prefix:]
    return grad_query.to(query.dtype), grad_key.to(key.dtype), grad_value.to(value.dtype)


@chain_attention.register_fake
def _(query: Tensor, key: Tensor, value: Tensor, chains: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(query), query.new_empty(
        query.shape[0], query.shape[2], query.shape[1], dtype=torch.float32
    )


@chain_attention_backward.register_fake
def _(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, chains: Tensor, mixed: Tensor, logsumexp: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def _keep_for_backward(ctx, inputs: tuple[Tensor, ...], output: tuple[Tensor, Tensor]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    ctx.save_for_backward(*inputs, *output)


def _backward(ctx, grad: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return *torch.ops.sql_model.chain_attention_backward(grad, *ctx.saved_tensors), None


chain_attention.register_autograd(_backward, setup_context=_keep_for_backward)


def _pieces(chains: Tensor) -> Iterator[tuple[int, int, int, int]]:
    """Yield (window, prefix tokens before the piece, start, end) for the prefix and every chain of every window."""
    for window, row in enumerate(chains):
        numbers, counts = torch.unique_consecutive(row, return_counts=True)
        prefix = start = 0
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number != PADDING_CHAIN:
                yield window, prefix, start, start + count
            if number == PREFIX_CHAIN:
                prefix = count
            start += count


def _with_prefix(whole: Tensor, prefix: int, own: slice) -> Tensor:
    return torch.cat((whole[:prefix], whole[own])) if prefix else whole[own]


def _by_head(piece: Tensor) -> Tensor:
    """(tokens, heads, width) to (1, heads, tokens, width)."""
    return piece.transpose(0, 1)[None]


def _causal_mask(query: Tensor) -> Tensor:
    """The mask of the longest piece behind the longest prefix; every piece's mask is a corner of it."""
    tokens = query.shape[1]
    return torch.full((tokens, 2 * tokens), float("-inf"), dtype=query.dtype).triu_(tokens + 1)


def _mask_of(causal: Tensor, prefix: int, tokens: int) -> Tensor:
    longest = causal.shape[0]
    return causal[:tokens, longest - prefix : longest + tokens]
