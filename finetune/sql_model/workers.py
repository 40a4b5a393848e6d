"""Data parallelism: several processes hold the same weights, and each computes its share of every batch.

``torchrun --standalone --nproc-per-node 2 -m finetune.sql_model.train ...`` starts them; without torchrun there is one.
On a CPU, processes of one thread each are faster than one process of as many threads, since they meet once a step.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed

Item = TypeVar("Item")


@dataclass(frozen=True)
class Workers:
    """This process among those that train together.

    Attributes:
        rank: Its number, from 0.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def from_environment(cls, device: torch.device) -> "Workers":
        """Join the processes that torchrun started; alone when it did not."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(distributed.get_rank(), count) if count > 1 else cls()

    @property
    def leads(self) -> bool:
        """Whether this process writes the log, the scores and the checkpoints."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """What this process computes of a batch; the shares differ by one item at most."""
        return items[self.rank :: self.count]

    def average(self, gradients: Iterable[Tensor]) -> None:
        """Replace gradients by their mean over the processes."""
        if self.count == 1:
            return
        gradients = list(gradients)
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        together /= self.count
        parts = together.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def any(self, flag: bool, device: torch.device) -> bool:  # noqa: FBT001 - it is the argument
        """Whether the flag is set in one of the processes: all learn the same, so all stop after the same step."""
        if self.count == 1:
            return flag
        flags = torch.tensor(float(flag), device=device)
        distributed.all_reduce(flags)
        return bool(flags)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            distributed.barrier()

    def leave(self) -> None:
        """End the connection to the others."""
        if self.count > 1:
            distributed.destroy_process_group()
