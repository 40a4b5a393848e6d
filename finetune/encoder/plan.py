"""What an encoder training is told, what it remembers on disk, and how much of its budget is spent."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from coderag_app.errors import ConfigurationError
from finetune.encoder.training_rows import EncoderRow

PLAN_FILE = "plan.json"
_TEXT_QUERIES = frozenset({"text2code", "code2text"})
_CODE_QUERIES = frozenset({"code2code", "hybrid"})
_STAGE_SHARES = {"text": 0.3, "mixed": 0.4, "code": 0.3}
# What changes neither the weights nor their order of updates, and so may differ when a training is taken up again.
_FREE_FIELDS = frozenset({"output", "threads", "resume"})


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One encoder training; the defaults are the original report's values.

    Attributes:
        data: JSONL or CSV files of rows.
        output: Folder of the finished encoder; checkpoints go beside it.
        base: ``minilm``, ``bundled``, a folder (of an adapter too), or a hub id.
        negatives: Negatives per row.
        scale: One over the temperature of the loss.
        mini_batch_size: With it, the cached loss: large batches in the memory of a small one; 0 for the plain loss.
        neighbours: Length of the runs of consecutive rows that stay in one batch; 0 shuffles rows singly.
        held_out: Share of the groups (databases) that are set aside for scores and early stopping.
        most_held_out: Rows of them that are scored at most.
        patience: Evaluations without a better score after which a training stops.
        bf16: None uses it where the processor has it.
        minutes: Time budget; the learning rate falls along it. 0 for none.
        max_steps: Step budget; 0 for none.
        matryoshka: Vector lengths that shall work on their own, e.g. (384, 256, 128).
        curriculum: Train on queries in plain language, then on all, then on code without the easy rows.
        lora_rank: Train low-rank additions alone (needs peft); 0 trains the weights.
        freeze_embeddings: Leave the token embeddings as they are: they hold the words that synthetic data lacks.
        prompts: Put each row's instruction in front of its anchor.
        keep: Files of rows whose texts shall stay where the base puts them, see ``keeping``.
    """

    data: tuple[Path, ...]
    output: Path
    base: str = "minilm"
    epochs: float = 5.0
    batch_size: int = 16
    learning_rate: float = 2e-5
    max_seq_length: int = 512
    negatives: int = 1
    scale: float = 20.0
    mini_batch_size: int = 0
    neighbours: int = 0
    warmup: float = 0.1
    weight_decay: float = 0.01
    held_out: float = 0.02
    most_held_out: int = 600
    evaluate_every: int = 100
    patience: int = 5
    bf16: bool | None = None
    threads: int = 0
    minutes: float = 0.0
    max_steps: int = 0
    matryoshka: tuple[int, ...] = ()
    curriculum: bool = False
    lora_rank: int = 0
    freeze_embeddings: bool = False
    prompts: bool = False
    keep: tuple[Path, ...] = ()
    seed: int = 0
    resume: bool = True

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints go."""
        return self.output.with_name(self.output.name + "-checkpoints")

    @property
    def fingerprint(self) -> str:
        """Hash over all that decides the result, the data files' contents included."""
        fields = {name: str(value) for name, value in asdict(self).items() if name not in _FREE_FIELDS}
        digest = sha256(json.dumps(fields, sort_keys=True).encode())
        for path in (*self.data, *self.keep):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


# An hour on one core for 60,000 rows: short texts, the rows about the same tables as each other's hard negatives, token
# embeddings left alone. The bundled adapter was made with it.
PRESETS: dict[str, dict[str, object]] = {
    "report": {},
    "sql-adapter": {
        "batch_size": 128, "learning_rate": 1e-4, "max_seq_length": 96, "negatives": 0, "neighbours": 32,
        "epochs": 1.0, "freeze_embeddings": True, "evaluate_every": 60, "held_out": 0.01, "patience": 50,
    },
}  # fmt: skip


def with_preset(plan: TrainingPlan, preset: str) -> TrainingPlan:
    """The plan with a preset's values.

    Raises:
        ConfigurationError: There is no such preset.
    """
    if preset not in PRESETS:
        raise ConfigurationError(f"Got preset {preset!r}, expected one of {', '.join(PRESETS)}.")
    return replace(plan, **PRESETS[preset])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Stage:
    """A part of the curriculum with its share of the budget."""

    name: str
    rows: Sequence[EncoderRow]
    share: float
    drop_easy: bool = False


def stages_of(plan: TrainingPlan, rows: Sequence[EncoderRow]) -> list[Stage]:
    """One stage of all rows, or the curriculum's three: text, text and code, code without the easy rows (CodeR).

    Stages without rows are left out; the others share the whole budget.
    """
    if not plan.curriculum:
        return [Stage("all", rows, 1.0)]
    stages = [
        Stage("text", [row for row in rows if row.category in _TEXT_QUERIES], _STAGE_SHARES["text"]),
        Stage("mixed", rows, _STAGE_SHARES["mixed"]),
        Stage("code", [row for row in rows if row.category in _CODE_QUERIES], _STAGE_SHARES["code"], drop_easy=True),
    ]
    stages = [stage for stage in stages if stage.rows]
    total = sum(stage.share for stage in stages)
    return [replace(stage, share=stage.share / total) for stage in stages]


class Budget:
    """How much of a stage is done, by steps or by the clock, whichever is further; survives a restart."""

    def __init__(self, minutes: float) -> None:
        self._limit_s = minutes * 60
        self._earlier_s = 0.0
        self._started = time.monotonic()

    def start(self, elapsed_s: float = 0.0) -> None:
        """Start the clock, ``elapsed_s`` seconds into the budget."""
        self._earlier_s = elapsed_s
        self._started = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds spent, earlier runs included."""
        return self._earlier_s + time.monotonic() - self._started

    @property
    def is_spent(self) -> bool:
        """Whether the time is up."""
        return bool(self._limit_s) and self.elapsed_s >= self._limit_s

    def share(self, step: int, total_steps: int) -> float:
        """Share of the stage that is done, 0 to 1."""
        by_steps = step / max(total_steps, 1)
        by_clock = self.elapsed_s / self._limit_s if self._limit_s else 0.0
        return min(max(by_steps, by_clock), 1.0)
