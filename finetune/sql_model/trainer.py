"""The training state of the SQL model and one step of it."""

import copy
import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from coderag_app.errors import ConfigurationError
from finetune.sql_model.checkpoint import Checkpoint, optimizer_tensors, restore_optimizer
from finetune.sql_model.model import ModelConfig, SQLModel, initialise
from finetune.sql_model.optimizers import build_optimizers
from finetune.sql_model.packing import NO_LABEL, Batch, Window, build_batch, plan_epoch
from finetune.sql_model.pairs import TokenizedDatabase
from finetune.sql_model.workers import Workers


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the result of a run besides the data.

    Attributes:
        window_tokens: Length of a window.
        batch_windows: Windows in a step.
        steps: Length of the run in steps, or None when ``minutes`` is given.
        minutes: Length of the run in minutes; the schedule then follows the clock.
        warmup_steps: Steps over which the learning rate rises.
        matrix_lr: Peak learning rate of Muon (the matrices).
        embedding_lr: Peak learning rate of AdamW (embedding and norms).
        weight_decay: Decoupled weight decay of the matrices.
        clip_norm: Largest norm of the gradient.
        ema_decay: Decay of the average of the weights, which is what gets evaluated and exported.
        seed: Seed of the weights and of the order of the data.
        bfloat16: Whether the forward pass runs in bfloat16 (the weights stay float32).
    """

    window_tokens: int = 768
    batch_windows: int = 8
    steps: int | None = None
    minutes: float | None = None
    warmup_steps: int = 100
    matrix_lr: float = 0.02
    embedding_lr: float = 0.004
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    seed: int = 0
    bfloat16: bool = True

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ConfigurationError("Give exactly one of --steps and --minutes.")


@dataclass
class TrainingProgress:
    """How far a run is; saved with every checkpoint."""

    step: int = 0
    epoch: int = 0
    next_window: int = 0
    elapsed_s: float = 0.0


class Trainer:
    """Holds model, average, optimizers and the place in the data, and advances them step by step."""

    def __init__(
        self,
        model: SQLModel,
        config: TrainConfig,
        databases: list[TokenizedDatabase],
        device: torch.device,
        *,
        compiled: bool,
        workers: Workers = Workers(),  # noqa: B008 - immutable
    ) -> None:
        if workers.count > 1 and (config.steps is None or config.batch_windows < workers.count):
            raise ConfigurationError(
                f"Got {workers.count} processes; they need --steps, since their clocks differ, and as many "
                f"--batch-windows or more (got {config.batch_windows})."
            )
        self.config = config
        self.workers = workers
        self.databases = databases
        self.device = device
        self.model = model.to(device)
        self.ema = copy.deepcopy(self.model).requires_grad_(requires_grad=False)
        self.optimizers = dict(
            zip(
                ("muon", "adamw"),
                build_optimizers(self.model, config.matrix_lr, config.embedding_lr, config.weight_decay),
                strict=True,
            )
        )
        self.progress = TrainingProgress()
        self._plan = self._planned(0)
        self._loss_of = _label_loss
        if compiled:
            for block in self.model.blk:
                block.compile()
            self._loss_of = torch.compile(_label_loss, dynamic=True)

    @classmethod
    def from_seed(
        cls,
        model_config: ModelConfig,
        config: TrainConfig,
        databases: list[TokenizedDatabase],
        device: torch.device,
        *,
        compiled: bool,
        workers: Workers = Workers(),  # noqa: B008 - immutable
    ) -> "Trainer":
        """Start with newly drawn weights."""
        model = SQLModel(model_config)
        pointers = databases[0].pointers
        initialise(model, config.seed, [*pointers.tables, *pointers.columns])
        return cls(model, config, databases, device, compiled=compiled, workers=workers)

    def autocast(self) -> torch.autocast:
        """The precision context of forward passes."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bfloat16)

    @property
    def finished_share(self) -> float:
        """How much of the run is done, 0 to 1: by steps or by the clock."""
        if self.config.steps is not None:
            return min(1.0, self.progress.step / self.config.steps)
        return min(1.0, self.progress.elapsed_s / (60.0 * (self.config.minutes or 1.0)))

    def learning_rate_factor(self) -> float:
        """Linear warm-up over steps times a cosine to zero over the run."""
        warm = min(1.0, (self.progress.step + 1) / max(1, self.config.warmup_steps))
        return warm * 0.5 * (1.0 + math.cos(math.pi * self.finished_share))

    def next_batch(self) -> Batch:
        """This process's share of the run's next batch; an epoch's last incomplete batch is left out."""
        size, progress = self.config.batch_windows, self.progress
        if progress.next_window + size > len(self._plan):
            progress.epoch, progress.next_window = progress.epoch + 1, 0
            self._plan = self._planned(progress.epoch)
        if len(self._plan) < size:
            raise ConfigurationError(f"The data fills {len(self._plan)} windows, expected {size} or more for a batch.")
        windows = self._plan[progress.next_window : progress.next_window + size]
        progress.next_window += size
        return build_batch(self.databases, list(self.workers.share(windows)), self.config.window_tokens)

    def train_step(self, batch: Batch) -> Tensor:
        """Advance the weights by one batch.

        Args:
            batch: The windows to learn from.

        Returns:
            The loss before the update, a scalar on the device.
        """
        factor = self.learning_rate_factor()
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * factor
        loss = self._loss(batch)
        loss.backward()
        self.workers.average(parameter.grad for parameter in self.model.parameters() if parameter.grad is not None)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        for optimizer in self.optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        self._average()
        return loss.detach()

    def checkpoint(self, facts: dict[str, Any]) -> Checkpoint:
        """The whole state, with more facts to write beside it."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"ema.{name}": tensor for name, tensor in self.ema.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            tensors |= optimizer_tensors(optimizer, name)
        own = {"model": asdict(self.model.config), "train": asdict(self.config), "progress": asdict(self.progress)}
        return Checkpoint(tensors, own | facts)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on exactly where a checkpoint was made."""
        self.model.load_state_dict(checkpoint.part("model"))
        self.ema.load_state_dict(checkpoint.part("ema"))
        for name, optimizer in self.optimizers.items():
            restore_optimizer(optimizer, checkpoint.part(name))
        self.progress = TrainingProgress(**checkpoint.facts["progress"])
        self._plan = self._planned(self.progress.epoch)

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Start from the weights of another run; the average starts there too."""
        self.model.load_state_dict(weights)
        self.ema.load_state_dict(weights)

    def _planned(self, epoch: int) -> list[Window]:
        config = self.config
        return plan_epoch(self.databases, config.window_tokens, config.seed, epoch, config.batch_windows)

    def _loss(self, batch: Batch) -> Tensor:
        labelled = torch.from_numpy(batch.labels.reshape(-1) != NO_LABEL).nonzero()[:, 0].to(self.device)
        tokens, positions, chains, labels = (
            torch.from_numpy(array).to(self.device, non_blocking=True)
            for array in (batch.tokens, batch.positions, batch.chains, batch.labels)
        )
        with self.autocast():
            hidden = self.model(tokens, positions, chains).flatten(0, 1)
            return self._loss_of(hidden[labelled], self.model.token_embd.weight, labels.flatten()[labelled])

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.progress.step) / (10 + self.progress.step))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.model.parameters()), 1 - decay)


def _label_loss(hidden: Tensor, embedding: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(functional.linear(hidden, embedding).float(), labels)
