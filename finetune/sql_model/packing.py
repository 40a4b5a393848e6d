"""Training windows: one schema, then several independent chains of pairs that all read that schema.

A window holds a schema prefix followed by chains. Every chain attends to the prefix and to itself, never to another
chain, and its positions go on from the end of the prefix, so each chain looks like a prompt of its own while the schema
is computed once. Within a chain the earlier pairs are what retrieved examples are in a prompt: the model learns to use
them with no extra cost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from finetune.sql_model.pairs import TokenizedDatabase
from finetune.sql_model.tokenizer import Pointers

PREFIX_CHAIN, PADDING_CHAIN = 0, -1
NO_LABEL = -100
CHAIN_LENGTH_WEIGHTS = (0.4, 0.2, 0.2, 0.2)
SIMILAR_SHARE = 0.75
_OPEN_WINDOWS = 6
_SORTED_BATCHES = 32  # windows of so many batches are sorted by length before they are dealt out
_WIDTH_STEP = 64  # a batch's width is a multiple of it: few shapes, so few compilations

Array = TypeVar("Array")


@dataclass(frozen=True)
class Window:
    """Which pairs of which database go into one window; every chain is a tuple of pair numbers.

    ``seed`` draws the ids that the window's tables and columns go by.
    """

    database: int
    chains: tuple[tuple[int, ...], ...]
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """Windows as arrays of shape (windows, window tokens).

    Attributes:
        tokens: Token ids, 0 in the padding.
        positions: Position ids; a chain's go on from the end of the prefix.
        chains: 0 in the prefix, 1, 2, ... in the chains, -1 in the padding.
        labels: The next token where it belongs to an SQL or ends it, otherwise ``NO_LABEL``.
        pairs: A number for the pair that a label belongs to, unique in the batch, otherwise -1.
        ranks: How many pairs come before this one in its chain (the number of examples the model sees).
    """

    tokens: np.ndarray
    positions: np.ndarray
    chains: np.ndarray
    labels: np.ndarray
    pairs: np.ndarray
    ranks: np.ndarray

    @property
    def used_tokens(self) -> int:
        """Tokens that are not padding."""
        return int((self.chains != PADDING_CHAIN).sum())

    @property
    def pair_count(self) -> int:
        """Question-SQL pairs in the batch."""
        return int(self.pairs.max()) + 1


def attention_allowed(positions: Array, chains: Array) -> Array:
    """The block attention mask, for numpy arrays and torch tensors alike.

    Positions rise from the prefix into a chain and along it, so comparing them is the causal rule; comparing chain
    numbers adds the block rule. A padding token sees the first token of the prefix (a row without any key would be NaN)
    and no token of the text sees it.

    Args:
        positions: Position ids, shape (windows, tokens).
        chains: Chain numbers, shape (windows, tokens).

    Returns:
        Booleans of shape (windows, queries, keys): whether the query may look at the key.
    """
    causal = positions[:, None, :] <= positions[:, :, None]  # type: ignore[index]
    query, key = chains[:, :, None], chains[:, None, :]  # type: ignore[index]
    return causal & ((key == PREFIX_CHAIN) | (key == query))


def plan_epoch(
    databases: list[TokenizedDatabase], window_tokens: int, seed: int, epoch: int, batch_windows: int = 1
) -> list[Window]:
    """Lay out one epoch: every pair that fits once (or its database's ``times``), batches in random order.

    Windows of one batch are of similar length, so that little of it is padding.

    Args:
        databases: The databases to take pairs from.
        window_tokens: Length of a window.
        seed: Seed of the run.
        epoch: Number of the epoch; with the seed it fixes the result.
        batch_windows: Windows in a batch.

    Returns:
        The windows in the order of training; every ``batch_windows`` in a row are a batch.
    """
    windows = []
    for number, database in enumerate(databases):
        rng = np.random.default_rng([seed, epoch, number])
        for _ in range(database.times):
            chains = _chains(database, window_tokens - len(database.schema), rng)
            windows += [
                Window(number, filled, int(rng.integers(2**31))) for filled in _fill(database, chains, window_tokens)
            ]
    rng = np.random.default_rng([seed, epoch])
    shuffled = [windows[index] for index in rng.permutation(len(windows))]
    batches = []
    for start in range(0, len(shuffled), _SORTED_BATCHES * batch_windows):
        alike = sorted(shuffled[start : start + _SORTED_BATCHES * batch_windows], key=lambda w: _length(databases, w))
        batches += [alike[first : first + batch_windows] for first in range(0, len(alike), batch_windows)]
    last = batches.pop() if batches and len(batches[-1]) < batch_windows else []  # the trainer leaves it out
    return [window for index in rng.permutation(len(batches)) for window in batches[index]] + last


def _length(databases: list[TokenizedDatabase], window: Window) -> int:
    database = databases[window.database]
    return len(database.schema) + sum(int(database.lengths[pair]) for chain in window.chains for pair in chain)


def pairs_too_long(databases: list[TokenizedDatabase], window_tokens: int) -> int:
    """How many pairs do not fit into a window behind their schema and are left out."""
    return sum(int((d.lengths > window_tokens - len(d.schema)).sum()) for d in databases)


def build_batch(databases: list[TokenizedDatabase], windows: list[Window], window_tokens: int) -> Batch:
    """Write planned windows out as arrays, as wide as the longest of them needs.

    Args:
        databases: The databases that the plan was made from.
        windows: The windows of this batch.
        window_tokens: Length of a window.

    Returns:
        The batch.
    """
    longest = max(_length(databases, window) for window in windows)
    shape = (len(windows), min(window_tokens, -(-longest // _WIDTH_STEP) * _WIDTH_STEP))
    batch = Batch(
        tokens=np.zeros(shape, dtype=np.int64),
        positions=np.zeros(shape, dtype=np.int64),
        chains=np.full(shape, PADDING_CHAIN, dtype=np.int64),
        labels=np.full(shape, NO_LABEL, dtype=np.int64),
        pairs=np.full(shape, -1, dtype=np.int64),
        ranks=np.zeros(shape, dtype=np.int64),
    )
    pair_number = 0
    for row, window in enumerate(windows):
        pair_number = _write_window(batch, row, databases[window.database], window, pair_number)
    return batch


def _write_window(batch: Batch, row: int, database: TokenizedDatabase, window: Window, pair_number: int) -> int:
    prefix = len(database.schema)
    exchanged = _exchanged_ids(database.pointers, window.seed)
    batch.tokens[row, :prefix] = exchanged[database.schema]
    batch.positions[row, :prefix] = np.arange(prefix)
    batch.chains[row, :prefix] = PREFIX_CHAIN
    end = prefix
    for chain_number, chain in enumerate(window.chains, start=1):
        chain_start = end
        for rank, pair in enumerate(chain):
            ids = exchanged[database.pair(pair)]
            start, end = end, end + len(ids)
            batch.tokens[row, start:end] = ids
            predicting = slice(start + database.sql_offsets[pair], end - 1)
            batch.labels[row, predicting] = ids[database.sql_offsets[pair] + 1 :]
            batch.pairs[row, predicting] = pair_number
            batch.ranks[row, predicting] = rank
            pair_number += 1
        batch.positions[row, chain_start:end] = np.arange(prefix, prefix + end - chain_start)
        batch.chains[row, chain_start:end] = chain_number
    return pair_number


def _exchanged_ids(pointers: Pointers, seed: int) -> np.ndarray:
    """What each token id becomes: tables and columns go by other ids in every window, so that none means anything."""
    rng = np.random.default_rng(seed)
    exchanged = np.arange(pointers.vocab_size)
    for ids in (pointers.tables, pointers.columns):
        exchanged[ids.start : ids.stop] = rng.permutation(np.arange(ids.start, ids.stop))
    return exchanged


def _chains(database: TokenizedDatabase, room: int, rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """Deal the pairs out into chains, most of them of similar questions: what retrieval finds, and what it must not.

    A model whose examples mostly say nothing about the question learns to pass over them.
    """
    lengths = database.lengths
    unused = dict.fromkeys(int(pair) for pair in rng.permutation(len(lengths)) if lengths[pair] <= room)
    while unused:
        first = next(iter(unused))
        wanted = int(rng.choice(np.arange(1, 1 + len(CHAIN_LENGTH_WEIGHTS)), p=CHAIN_LENGTH_WEIGHTS))
        others = [pair for pair in unused if pair != first]
        if wanted > 1 and rng.random() < SIMILAR_SHARE:
            others.sort(key=lambda pair: -database.similarity(first, pair))  # noqa: B023 - used at once
        chain, free = [first], room - int(lengths[first])
        for pair in others:
            if len(chain) == wanted:
                break
            if lengths[pair] <= free:
                chain.append(pair)
                free -= int(lengths[pair])
        for pair in chain:
            del unused[pair]
        yield tuple(int(chain[place]) for place in rng.permutation(len(chain)))


def _fill(
    database: TokenizedDatabase, chains: Iterator[tuple[int, ...]], window_tokens: int
) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Put every chain into the first open window with room (first fit over a few open windows)."""
    lengths, room = database.lengths, window_tokens - len(database.schema)
    windows: list[tuple[int, list[tuple[int, ...]]]] = []
    for chain in chains:
        need = int(lengths[list(chain)].sum())
        place = next((i for i, (free, _) in enumerate(windows) if free >= need), None)
        if place is not None:
            free, filled = windows[place]
            windows[place] = (free - need, [*filled, chain])
            continue
        if len(windows) == _OPEN_WINDOWS:
            fullest = min(range(len(windows)), key=lambda i: windows[i][0])
            yield tuple(windows.pop(fullest)[1])
        windows.append((room - need, [chain]))
    yield from (tuple(filled) for _, filled in windows)
