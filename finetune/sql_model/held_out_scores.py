"""Scores on databases that were not trained on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from finetune.sql_model.model import SQLModel
from finetune.sql_model.packing import NO_LABEL, Batch, build_batch, plan_epoch
from finetune.sql_model.pairs import TokenizedDatabase

_EVALUATION_SEED = 20_240


@dataclass(frozen=True)
class HeldOutScores:
    """Scores over a fixed sample of held-out pairs.

    Attributes:
        loss: Mean cross-entropy of an SQL token.
        token_accuracy: Share of SQL tokens that are the likeliest next token.
        exact: Share of pairs whose greedy SQL is the wanted SQL, token for token, without examples before it.
        exact_with_examples: The same for pairs with one to three examples before them.
        pairs: Number of pairs scored.
    """

    loss: float
    token_accuracy: float
    exact: float
    exact_with_examples: float
    pairs: int


def held_out_batches(
    databases: list[TokenizedDatabase], window_tokens: int, batch_windows: int, windows: int
) -> list[Batch]:
    """Lay out the same held-out windows every time."""
    plan = plan_epoch(databases, window_tokens, _EVALUATION_SEED, 0, batch_windows)[:windows]
    starts = range(0, len(plan), batch_windows)
    return [build_batch(databases, plan[start : start + batch_windows], window_tokens) for start in starts]


@torch.inference_mode()
def score(model: SQLModel, batches: list[Batch], autocast: torch.autocast) -> HeldOutScores:
    """Score a model on held-out windows.

    Greedy decoding returns the wanted SQL exactly when every wanted token is the likeliest after the wanted tokens
    before it, so the exact match needs no generation.

    Args:
        model: The network (not compiled).
        batches: What ``held_out_batches`` made.
        autocast: The autocast context of the training.

    Returns:
        The scores.
    """
    device = model.token_embd.weight.device
    loss, right, exact, ranks = 0.0, [], [], []
    for batch in batches:
        chosen = batch.labels != NO_LABEL
        tokens, positions, chains, labels, where = (
            torch.from_numpy(array).to(device)
            for array in (batch.tokens, batch.positions, batch.chains, batch.labels, chosen)
        )
        with autocast:
            logits = model.logits(model(tokens, positions, chains)[where]).float()
        loss += float(functional.cross_entropy(logits, labels[where], reduction="sum"))
        hits = (logits.argmax(-1) == labels[where]).cpu().numpy()
        numbers = batch.pairs[chosen]
        right.append(hits)
        exact.append(np.bincount(numbers, weights=~hits, minlength=batch.pair_count) == 0)
        ranks.append(batch.ranks[chosen][np.unique(numbers, return_index=True)[1]])
    hits, matched, rank = np.concatenate(right), np.concatenate(exact), np.concatenate(ranks)
    return HeldOutScores(
        loss=loss / len(hits),
        token_accuracy=float(hits.mean()),
        exact=_share(matched[rank == 0]),
        exact_with_examples=_share(matched[rank > 0]),
        pairs=len(matched),
    )


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else 0.0
