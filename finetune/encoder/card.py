"""The model card of a fine-tuned encoder: README.md in its folder."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finetune.encoder.plan import TrainingPlan

_CARD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
license: apache-2.0
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [sentence-transformers, feature-extraction, text-to-sql, code-retrieval]
---

# CodeRAG encoder

Finds the SQL (written with the tables it uses) that answers a question, also on databases it has never seen.

- Base: {base}
- Made: {date}, seed {seed}, {steps} steps in {minutes:.0f} minutes, {precision}
- Data: {data}; {rows:,} rows trained on, {held_out:,} rows of other databases held out
- Loss: MultipleNegativesRankingLoss with {negatives} hard negative(s) per row, scale {scale:g}, batches of
  {batch_size} without duplicates{neighbours}; learning rate {learning_rate:g}, texts cut at {max_seq_length} tokens
- Kept where the base puts them: {kept}
- Trained: {trained}

## Held-out scores

| metric | base | fine-tuned |
|---|---|---|
{scores}

The held-out rows are of the same kind as the training rows. `coderag evaluate-encoder --encoder {folder}` measures on
other people's data.

## Use

```python
from sentence_transformers import SentenceTransformer
encoder = SentenceTransformer("{folder}")
```

In CodeRAG: `--embed-model {folder}`, or the same for LlamaIndex's HuggingFaceEmbedding.
"""


@dataclass(frozen=True)
class TrainingReport:
    """What a training gave.

    Attributes:
        base: The encoder it started from, and where that came from.
        rows: Rows trained on; ``held_out``: rows set aside.
        before: Held-out scores of the base; ``after``: of the result. Empty when nothing was held out.
        stages: By stage: rows, steps, seconds, loss.
    """

    output: Path
    base: str
    rows: int
    held_out: int
    before: dict[str, float]
    after: dict[str, float]
    stages: dict[str, dict[str, Any]]


def write_card(folder: Path, plan: TrainingPlan, report: TrainingReport) -> None:
    """Write README.md into ``folder``."""
    from finetune.encoder.scores import uses_bf16

    text = _CARD.format(
        base=report.base,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seed=plan.seed,
        steps=sum(stage["steps"] for stage in report.stages.values()),
        minutes=sum(stage["seconds"] for stage in report.stages.values()) / 60,
        precision="bf16" if uses_bf16(plan) else "fp32",
        data=", ".join(path.name for path in plan.data),
        rows=report.rows,
        held_out=report.held_out,
        negatives=plan.negatives,
        scale=plan.scale,
        batch_size=plan.batch_size,
        neighbours=f" that keep {plan.neighbours} neighbouring rows together" if plan.neighbours else "",
        learning_rate=plan.learning_rate,
        max_seq_length=plan.max_seq_length,
        kept=", ".join(path.name for path in plan.keep) or "no texts",
        trained=_what_was_trained(plan),
        scores=score_rows(report.before, report.after) or "| (nothing held out) | | |",
        folder=plan.output.name,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def score_rows(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Rows of a Markdown table."""
    return "\n".join(f"| {metric} | {before[metric]:.3f} | {after[metric]:.3f} |" for metric in after)


def _what_was_trained(plan: TrainingPlan) -> str:
    parts = [f"LoRA of rank {plan.lora_rank}, merged" if plan.lora_rank else "all weights"]
    if plan.freeze_embeddings and not plan.lora_rank:
        parts = ["all weights but the token embeddings"]
    if plan.curriculum:
        parts.append("in stages: text, text and code, code without the easy rows")
    if plan.matryoshka:
        parts.append(f"vectors that work cut to {', '.join(map(str, plan.matryoshka))}")
    return "; ".join(parts)
