"""Batches for a ranking loss: no text twice, neighbours together, and texts of like length together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from sentence_transformers.base.sampler import DefaultBatchSampler

from finetune.encoder.keeping import LABEL

_BATCHES_PER_CHUNK = 32


class NeighbourhoodBatchSampler(DefaultBatchSampler):
    """Batches without duplicates that keep runs of consecutive rows together.

    Consecutive rows of the training file are about the same tables, so each is a near miss for the others, at no cost.
    Within chunks of 32 batches the runs are ordered by length, because a batch costs as much as its longest text. Then
    the batches are shuffled. Every epoch has its own order, given by the seed.
    """

    def __init__(
        self, dataset: Any, batch_size: int, drop_last: bool = True, run_length: int = 8, **options: Any
    ) -> None:
        super().__init__(dataset, batch_size=batch_size, drop_last=True, **options)
        self.run_length = run_length
        rows = dataset.to_dict()
        columns = [rows[name] for name in dataset.column_names if name not in ("dataset_name", LABEL)]
        self._rows: list[tuple[str, ...]] = list(zip(*columns, strict=True))
        self._lengths = [sum(map(len, row)) for row in self._rows]

    def __len__(self) -> int:
        """Batches per epoch; incomplete ones are left out."""
        return max(len(self._rows) // self.batch_size, 1)

    def __iter__(self) -> Iterator[list[int]]:
        """The batches of one epoch."""
        if self.generator is not None and self.seed is not None:
            self.generator.manual_seed(self.seed + self.epoch)
        batches = list(self._without_duplicates(self._order()))
        full = [batch for batch in batches if len(batch) == self.batch_size] or batches[:1]
        order = torch.randperm(len(full), generator=self.generator).tolist()
        for number in range(len(self)):  # deferred rows may cost a batch or two; the first ones come again then
            yield full[order[number % len(full)]]

    def _order(self) -> list[int]:
        runs = [range(start, min(start + self.run_length, len(self._rows))) for start in self._starts()]
        shuffled = [runs[i] for i in torch.randperm(len(runs), generator=self.generator).tolist()]
        per_chunk = max(_BATCHES_PER_CHUNK * self.batch_size // self.run_length, 1)
        order: list[int] = []
        for start in range(0, len(shuffled), per_chunk):
            chunk = sorted(shuffled[start : start + per_chunk], key=lambda run: max(self._lengths[i] for i in run))
            order += [i for run in chunk for i in run]
        return order

    def _starts(self) -> Sequence[int]:
        """Where runs start: moved by a random offset, so that every epoch has other neighbours."""
        offset = int(torch.randint(self.run_length, (1,), generator=self.generator))
        return [0, *range(offset or self.run_length, len(self._rows), self.run_length)]

    def _without_duplicates(self, order: Sequence[int]) -> Iterator[list[int]]:
        """Fill batches in order; a row with a text that is already in the batch waits for the next one."""
        waiting: list[int] = []
        batch: list[int] = []
        texts: set[str] = set()
        source = iter(order)
        while True:
            fitting = next((i for i in waiting if texts.isdisjoint(self._rows[i])), None)
            if fitting is not None:
                waiting.remove(fitting)
            else:
                fitting = next(source, None)
                if fitting is None:
                    if batch:
                        yield batch
                    if not waiting:
                        return
                    batch, texts = [], set()
                    continue
                if not texts.isdisjoint(self._rows[fitting]):
                    waiting.append(fitting)
                    continue
            batch.append(fitting)
            texts.update(self._rows[fitting])
            if len(batch) == self.batch_size:
                yield batch
                batch, texts = [], set()
