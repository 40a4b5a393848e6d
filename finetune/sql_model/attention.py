"""Attention over windows of a shared prefix and independent chains.

A window's mask is mostly empty: with a 150-token schema and 100-token chains only a quarter of it is allowed. The CPU
kernels of ``scaled_dot_product_attention`` compute the masked places too, so on the CPU the prefix and the chains are
attended to piece by piece with plain matrix products: a training step takes two thirds of the time. Elsewhere one
masked call does the same.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from finetune.sql_model.packing import PADDING_CHAIN, PREFIX_CHAIN

_PIECE_TOKENS = 192


def attend(query: Tensor, key: Tensor, value: Tensor, chains: Tensor, allowed: Tensor) -> Tensor:
    """Attend within prefix and chains.

    Args:
        query: Shape (windows, tokens, heads, head width); keys and values have the same shape and type.
        key: The keys.
        value: The values.
        chains: Chain number of each token, shape (windows, tokens); see ``packing.Batch``.
        allowed: Which key each query may look at, booleans of shape (windows, tokens, tokens).

    Returns:
        The mixed values, shape of ``query``; what stands in the padding is of no meaning.
    """
    if query.device.type == "cpu":
        return torch.ops.sql_model.chain_attention(query, key, value, chains, allowed)
    query, key, value = (part.transpose(1, 2) for part in (query, key, value))
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed[:, None]).transpose(1, 2)


@torch.library.custom_op("sql_model::chain_attention", mutates_args=())
def chain_attention(query: Tensor, key: Tensor, value: Tensor, chains: Tensor, allowed: Tensor) -> Tensor:
    """Attend piece by piece; the arguments are those of ``attend``."""
    mixed, query = torch.zeros_like(query), query * query.shape[-1] ** -0.5
    for window, prefix, own in _pieces(chains):
        weights = _weights(query[window, own], _seen(key[window], prefix, own), allowed[window, own, own], prefix)
        mixed[window, own] = (weights @ _seen(value[window], prefix, own)).transpose(0, 1)
    return mixed


@torch.library.custom_op("sql_model::chain_attention_backward", mutates_args=())
def chain_attention_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, chains: Tensor, allowed: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of query, key and value; the weights are computed again instead of being kept."""
    scale = query.shape[-1] ** -0.5
    grad_query, grad_key, grad_value = (torch.zeros_like(part) for part in (query, key, value))
    query = query * scale
    for window, prefix, own in _pieces(chains):
        own_query, own_grad = query[window, own].transpose(0, 1), grad[window, own].transpose(0, 1)
        keys, values = _seen(key[window], prefix, own), _seen(value[window], prefix, own)
        weights = _weights(query[window, own], keys, allowed[window, own, own], prefix)
        by_score = torch._softmax_backward_data(own_grad @ values.mT, weights, -1, weights.dtype)
        grad_query[window, own] = (by_score @ keys).transpose(0, 1)
        _add_seen(grad_key[window], prefix, own, by_score.mT @ own_query)
        _add_seen(grad_value[window], prefix, own, weights.mT @ own_grad)
    return grad_query * scale, grad_key, grad_value


@chain_attention.register_fake
def _(query: Tensor, key: Tensor, value: Tensor, chains: Tensor, allowed: Tensor) -> Tensor:
    return torch.empty_like(query)


@chain_attention_backward.register_fake
def _(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, chains: Tensor, allowed: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def _keep_for_backward(ctx: torch.autograd.function.FunctionCtx, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: torch.autograd.function.BackwardCFunction, grad: Tensor) -> tuple[Tensor | None, ...]:
    return *torch.ops.sql_model.chain_attention_backward(grad, *ctx.saved_tensors), None, None


chain_attention.register_autograd(_backward, setup_context=_keep_for_backward)


def _pieces(chains: Tensor) -> Iterator[tuple[int, int, slice]]:
    """Yield (window, prefix tokens before the piece, its place): the prefix, then chains, short ones taken together."""
    for window, row in enumerate(chains):
        numbers, counts = torch.unique_consecutive(row, return_counts=True)
        prefix = start = end = 0
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number == PADDING_CHAIN:
                break
            if number == PREFIX_CHAIN:
                yield window, 0, slice(0, count)
                prefix = start = end = count
                continue
            if end > start and end + count - start > _PIECE_TOKENS:
                yield window, prefix, slice(start, end)
                start = end
            end += count
        if end > start:
            yield window, prefix, slice(start, end)


def _weights(query: Tensor, keys: Tensor, allowed: Tensor, prefix: int) -> Tensor:
    """Attention weights of a piece, shape (heads, own tokens, prefix + own tokens); all of the prefix is allowed.

    ``query`` has been divided by the root of the head width.
    """
    scores = query.transpose(0, 1) @ keys.mT
    scores[..., prefix:].masked_fill_(~allowed, float("-inf"))
    return scores.softmax(-1)


def _seen(whole: Tensor, prefix: int, own: slice) -> Tensor:
    """What a piece looks at: the prefix and itself, shape (heads, prefix + own tokens, head width)."""
    return torch.cat((whole[:prefix], whole[own])).transpose(0, 1)


def _add_seen(whole: Tensor, prefix: int, own: slice, piece: Tensor) -> None:
    by_token = piece.transpose(0, 1)
    whole[:prefix] += by_token[:prefix]
    whole[own] += by_token[prefix:]
