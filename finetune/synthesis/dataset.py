"""From a plan to files: runs the pipeline and writes rows.jsonl, rows.csv, the data card and the selected rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finetune.synthesis.data_card import data_card
from finetune.synthesis.drafts import SyntheticRow
from finetune.synthesis.export import write_csv, write_jsonl
from finetune.synthesis.journal import JOURNAL_NAME
from finetune.synthesis.own_negatives import choose_negatives
from finetune.synthesis.pipeline import Maker, SynthesisPlan, SynthesisProgress, synthesize
from finetune.synthesis.row_selection import Embed, select_rows
from finetune.synthesis.sql_runner import Databases

SELECTED_NAME = "CodeRAG_Dataset.csv"


@dataclass(frozen=True, slots=True)
class SynthesizedFiles:
    """What a run wrote, and how it went.

    Attributes:
        selected: The CSV of selected rows; None where none were asked for.
    """

    rows: Path
    csv: Path
    card: Path
    selected: Path | None
    progress: SynthesisProgress


def synthesize_dataset(
    plan: SynthesisPlan,
    maker: Maker,
    output: Path,
    databases: Databases | None = None,
    selected_per_category: int = 0,
    embed: Embed | None = None,
    restart: bool = False,
    command: str = "coderag synthesize",
    on_progress: Callable[[SynthesisProgress], None] = lambda progress: None,
) -> SynthesizedFiles:
    """Make a data set in a folder, going on with what a run that was killed has left there.

    Args:
        plan: What to make.
        maker: Makes the candidates.
        output: The folder.
        databases: Where SQL came from, to tell negatives of the same database apart.
        selected_per_category: How many rows of each category go to ``CodeRAG_Dataset.csv``; 0 for no such file.
        embed: Embeds texts for the selection; the packaged MiniLM by default.
        restart: Forget what the folder holds.
        command: What the card names as the way to make the data set again.
        on_progress: Called after every item.

    Raises:
        ConfigurationError: The folder was made with other settings.
    """
    if restart:
        (output / JOURNAL_NAME).unlink(missing_ok=True)
    progress = synthesize(plan, maker, output, on_progress)
    rows = progress.rows[: plan.limit]
    negatives = choose_negatives(rows, databases, plan.seed)
    write_jsonl(output / "rows.jsonl", rows, negatives)
    write_csv(output / "rows.csv", rows, negatives)
    card = output / "DATA_CARD.md"
    identity = plan.identity(maker)
    card.write_text(data_card("Synthetic pairs for code retrieval", rows, identity, progress.drops, command), "utf-8")
    selected = None
    if selected_per_category:
        best = select_rows(rows, embed or embed_with_minilm, selected_per_category)
        selected = _write_selected(output, rows, negatives, best)
        text = data_card("CodeRAG_Dataset", best, identity, Counter(), command)
        (output / "CodeRAG_Dataset.md").write_text(text, "utf-8")
    return SynthesizedFiles(output / "rows.jsonl", output / "rows.csv", card, selected, progress)


def _write_selected(output: Path, rows: list[SyntheticRow], negatives: list[str], best: list[SyntheticRow]) -> Path:
    by_hash = {row.content_hash: negative for row, negative in zip(rows, negatives, strict=True)}
    chosen = [by_hash[row.content_hash] for row in best]
    write_csv(output / SELECTED_NAME, best, chosen)
    write_jsonl(output / "CodeRAG_Dataset.jsonl", best, chosen)
    return output / SELECTED_NAME


def embed_with_minilm(texts: list[str]) -> NDArray[np.float32]:
    """Unit vectors of texts by the packaged all-MiniLM-L6-v2, shape (texts, 384)."""
    from coderag_app.llm.llm_loading import load_embed_model

    vectors = load_embed_model("minilm").embed_model.get_text_embedding_batch(texts)
    array = np.asarray(vectors, dtype=np.float32)
    unit: NDArray[np.float32] = array / np.linalg.norm(array, axis=1, keepdims=True)
    return unit
