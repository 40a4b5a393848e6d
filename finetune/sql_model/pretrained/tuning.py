"""The state of a fine-tuning of a pretrained language model, and one step of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from coderag_app.errors import ConfigurationError
from finetune.sql_model.checkpoint import Checkpoint, optimizer_tensors, restore_optimizer
from finetune.sql_model.packing import NO_LABEL, attention_allowed
from finetune.sql_model.pretrained.block_windows import BlockWindow, WindowSource

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_MOMENTS = "optimizer"
_ENDLESS = 10**9
_LABEL_STEP = 256
LORA_SCALE = 2  # what an adapter's product is multiplied by


@dataclass(frozen=True)
class TuningConfig:
    """Everything that decides the result of a run besides the data and the base.

    Attributes:
        steps: Length of the schedule in steps, or None when ``minutes`` is given.
        minutes: Length of the schedule in minutes of training, over all parts of the run.
        windows: Windows in a step.
        window_tokens: Length of a window.
        peak_lr: Highest learning rate of AdamW.
        warmup_steps: Steps over which it rises; behind them it falls as a cosine to a twentieth.
        weight_decay: Decoupled weight decay of the matrices.
        clip_norm: Largest norm of the gradient.
        lora_rank: Rank of an adapter that is trained in place of the weights; 0 trains the weights.
        seed: Decides which windows are drawn.
        bfloat16: Whether the forward pass runs in bfloat16 (the weights stay float32).
    """

    steps: int | None = None
    minutes: float | None = None
    windows: int = 4
    window_tokens: int = 640
    peak_lr: float = 4e-4
    warmup_steps: int = 40
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    lora_rank: int = 0
    seed: int = 0
    bfloat16: bool = True

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ConfigurationError("Give exactly one of --steps and --minutes.")


def load_base(path: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a GGUF file as a transformers model in float32, with its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    model.config.use_cache = False
    return model, tokenizer


def with_adapter(model: Any, rank: int) -> Any:
    """The model with a LoRA adapter on all matrices of its layers, which alone is trained; rank 0 changes nothing."""
    if not rank:
        return model
    from peft import LoraConfig, get_peft_model

    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return get_peft_model(
        model, LoraConfig(r=rank, lora_alpha=LORA_SCALE * rank, target_modules=names, task_type="CAUSAL_LM")
    )


class _StepWindows(Dataset[list[BlockWindow]]):
    """The windows of each step, by its number."""

    def __init__(self, source: WindowSource, windows: int) -> None:
        self.source = source
        self.windows = windows

    def __getitem__(self, step: int) -> list[BlockWindow]:
        first = step * self.windows
        return [self.source.window(number) for number in range(first, first + self.windows)]


def _as_it_is(windows: list[BlockWindow]) -> list[BlockWindow]:
    return windows


class Tuner:
    """Holds a model, its optimizer and the place in the data, and advances them step by step.

    Args:
        model: A transformers model for causal language modelling.
        config: The run's settings.
        source: Draws windows by their number.
        device: Where to train.
        at_once: Windows of a step that are computed together; the gradient is the same for any number, the memory not.
    """

    def __init__(
        self, model: Any, config: TuningConfig, source: WindowSource, device: torch.device, at_once: int = 1
    ) -> None:
        self.model = model.to(device).train()
        if device.type == "cpu":  # the fused attention's backward pass takes a third of a step there
            self.model.set_attn_implementation("eager")
        self.config = config
        self.source = source
        self.device = device
        self.at_once = at_once
        self.step = 0
        self.elapsed_s = 0.0
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        groups = [
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=config.peak_lr, betas=(0.9, 0.95), fused=True
        )
        self.trained = trained

    def compile_layers(self) -> None:
        """Compile the transformer's layers; all windows have one shape, so it happens once."""
        for layer in _decoder(self.model).layers:
            layer.compile()

    @property
    def finished_share(self) -> float:
        """How much of the schedule is done, 0 to 1."""
        if self.config.steps is not None:
            return min(1.0, self.step / self.config.steps)
        return min(1.0, self.elapsed_s / (60.0 * (self.config.minutes or 1.0)))

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine to a twentieth of the peak."""
        warm = min(1.0, (self.step + 1) / max(1, self.config.warmup_steps))
        cosine = 0.5 * (1.0 + math.cos(math.pi * self.finished_share))
        return self.config.peak_lr * warm * (0.05 + 0.95 * cosine)

    def coming_windows(self, workers: int = 0) -> Iterator[list[BlockWindow]]:
        """The windows of this step and of all that follow, drawn by so many processes, in the same order always."""
        last = self.config.steps if self.config.steps is not None else _ENDLESS
        loader: DataLoader[list[BlockWindow]] = DataLoader(
            _StepWindows(self.source, self.config.windows),
            batch_size=None,
            sampler=range(self.step, last),
            num_workers=workers,
            collate_fn=_as_it_is,
        )
        yield from loader

    def next_windows(self) -> list[BlockWindow]:
        """The windows of the next step."""
        return _StepWindows(self.source, self.config.windows)[self.step]

    def train_step(self, windows: Sequence[BlockWindow]) -> float:
        """Advance the weights by one step and return the loss before it, the mean over the labels."""
        rate = self.learning_rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        labels = sum(int((window.labels != NO_LABEL).sum()) for window in windows)
        total = 0.0
        for start in range(0, len(windows), self.at_once):
            loss = self._summed_loss(windows[start : start + self.at_once]) / labels
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.trained, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return total

    @torch.no_grad()
    def score(self, windows: Sequence[BlockWindow]) -> float:
        """The mean loss of windows over their labels."""
        self.model.eval()
        total, labels = 0.0, 0
        for start in range(0, len(windows), self.at_once):
            part = windows[start : start + self.at_once]
            total += float(self._summed_loss(part))
            labels += sum(int((window.labels != NO_LABEL).sum()) for window in part)
        self.model.train()
        return total / max(1, labels)

    def _summed_loss(self, windows: Sequence[BlockWindow]) -> Tensor:
        tokens, positions, chains, labels = (
            torch.from_numpy(np.stack([getattr(window, name) for window in windows])).to(self.device)
            for name in ("tokens", "positions", "chains", "labels")
        )
        mask = additive_mask(attention_allowed(positions, chains))
        labels = labels.flatten()
        labelled = in_steps((labels != NO_LABEL).nonzero()[:, 0], (labels == NO_LABEL).nonzero()[:, 0])
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bfloat16):
            hidden = _decoder(self.model)(
                input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False
            ).last_hidden_state.flatten(0, 1)
            logits = functional.linear(hidden[labelled], self.model.get_output_embeddings().weight).float()
        return functional.cross_entropy(logits, labels[labelled], ignore_index=NO_LABEL, reduction="sum")

    def checkpoint(self, facts: dict[str, Any]) -> Checkpoint:
        """The whole state, with more facts to write beside it."""
        tensors: dict[str, Tensor] = {f"model.{name}": parameter for name, parameter in self._named()}
        tensors |= optimizer_tensors(self.optimizer, _MOMENTS)
        own = {"train": asdict(self.config), "progress": {"step": self.step, "elapsed_s": self.elapsed_s}}
        return Checkpoint(tensors, own | facts)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on exactly where a checkpoint was made."""
        self.load_weights(checkpoint.part("model"))
        restore_optimizer(self.optimizer, checkpoint.part(_MOMENTS))
        self.step = int(checkpoint.facts["progress"]["step"])
        self.elapsed_s = float(checkpoint.facts["progress"]["elapsed_s"])

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take trained weights, by their names."""
        for name, parameter in self._named():
            parameter.copy_(weights[name])

    def trained_names(self) -> list[str]:
        """The names of the trained parameters."""
        return [name for name, _ in self._named()]

    def _named(self) -> list[tuple[str, nn.Parameter]]:
        """The trained parameters by name, those behind a compiled layer by the layer's own name."""
        return [
            (name.replace("_orig_mod.", ""), parameter)
            for name, parameter in self.model.named_parameters()
            if parameter.requires_grad
        ]


def in_steps(labelled: Tensor, others: Tensor) -> Tensor:
    """Labelled places, and of the others as many as make the next multiple of 256.

    A kernel is kept for each shape that is computed: with a shape for each number of labels, memory has no bound.

    Args:
        labelled: Places of shape (labels,).
        others: Places without a label, of shape (rest,).
    """
    return torch.cat([labelled, others[: -len(labelled) % _LABEL_STEP]])


def additive_mask(allowed: Tensor) -> Tensor:
    """What is added to the scores of attention: 0 where a token may look, the lowest number elsewhere.

    Every implementation of attention takes it, while plain attention would add booleans as ones and zeros.

    Args:
        allowed: Booleans of shape (windows, queries, keys).

    Returns:
        float32 of shape (windows, 1, queries, keys).
    """
    lowest = torch.finfo(torch.bfloat16).min
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill_(~allowed, lowest)[:, None]


def _decoder(model: Any) -> Any:
    """The stack of layers inside the model, also inside an adapter's."""
    return model.get_decoder() if hasattr(model, "get_decoder") else model.base_model.model.get_decoder()
