"""Checkpoints as one safetensors file: weights, their average, optimizer states, and the run's facts as JSON."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from coderag_app.errors import ModelError

CHECKPOINT_FILE = "checkpoint.safetensors"
FORMAT = "sql-model-checkpoint-1"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        tensors: All tensors; names begin with ``model.``, ``ema.`` or the name of an optimizer.
        facts: The model's and the run's configuration and progress (plain JSON values).
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one part, without the part's prefix."""
        prefix = f"{name}."
        return {key.removeprefix(prefix): value for key, value in self.tensors.items() if key.startswith(prefix)}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint next to its place and move it there, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    save_file(tensors, unfinished, metadata={"format": FORMAT, "facts": json.dumps(checkpoint.facts)})
    with unfinished.open("rb+") as written:
        os.fsync(written.fileno())
    unfinished.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        ModelError: If there is no checkpoint at the path, or it has another format.
    """
    if not path.is_file():
        raise ModelError(f"No checkpoint at {path}. Expected the file that finetune.sql_model.train writes.")
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != FORMAT:
            raise ModelError(f"{path} has format {metadata.get('format')}, expected {FORMAT}. Train again.")
        return Checkpoint({name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["facts"]))  # noqa: SIM118


def optimizer_tensors(optimizer: Optimizer, name: str) -> dict[str, Tensor]:
    """Flatten an optimizer's state to tensors named ``name.<parameter number>.<entry>``."""
    state = optimizer.state_dict()["state"]
    return {
        f"{name}.{number}.{entry}": torch.as_tensor(value)
        for number, entries in state.items()
        for entry, value in entries.items()
    }


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put flattened state (without the optimizer's name) back; the learning rates stay the optimizer's own."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, entry = key.split(".", 1)
        state.setdefault(int(number), {})[entry] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
