"""Turn a fine-tuned encoder into the small adapter that ships: low-rank differences to its base.

``python -m finetune.encoder.export_adapter CodeRAG_encoder coderag_app/bundled/encoder --rank 64``
"""

from __future__ import annotations

import datetime
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.encoders.adapter import ADAPTER_FILE, AdapterCard, EncoderAdapter, low_rank_tensors
from coderag_app.encoders.encoder_loading import (
    BUNDLED_ENCODER,
    MINILM_NAME,
    WEIGHTS_FILE,
    file_sha256,
    load_full_encoder,
    minilm_folder,
    transformer_of,
)
from coderag_app.errors import CodeRAGError, ModelError
from finetune.encoder.near_miss_rows import EncoderDataPlan, synthetic_rows
from finetune.encoder.training_rows import read_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SAMPLE_SEED = 7919  # databases that no training draws
_REPORT_FILE = "training.json"


@dataclass(frozen=True, slots=True)
class AdapterExport:
    """What an export gave.

    Attributes:
        size_mb: Size of the tensors on disk.
        cosine: Mean cosine of the adapted encoder's vectors to the fine-tuned encoder's; ``lowest_cosine``: the worst.
        base_cosine: Mean cosine of the base's vectors to the fine-tuned encoder's: what there was to learn.
        texts: How many texts that was measured on.
    """

    folder: Path
    rank: int
    size_mb: float
    cosine: float
    lowest_cosine: float
    base_cosine: float
    texts: int


def export_adapter(
    tuned_folder: Path, folder: Path, rank: int = 64, weight: float = 1.0, sample: Path | None = None
) -> AdapterExport:
    """Write the adapter of a fine-tuned all-MiniLM-L6-v2, and measure what the low rank loses.

    Args:
        tuned_folder: A SentenceTransformer trained from all-MiniLM-L6-v2.
        folder: Where the adapter goes.
        rank: Rank of each matrix's difference.
        weight: How much of the difference counts; below 1.0 the encoder stays nearer to its base (WiSE-FT,
            Wortsman et al. 2022), which keeps more of what the base knows of other texts.
        sample: Rows whose texts the loss is measured on; synthetic rows of unused databases without it.

    Raises:
        ModelError: The folder does not load, or is not of the same architecture.
    """
    (base, _), (tuned, _) = load_full_encoder("minilm", "cpu"), load_full_encoder(str(tuned_folder), "cpu")
    tensors = _differences(base, tuned, rank)
    texts = _sample_texts(sample)
    wanted, unadapted = _embed(tuned, texts), _embed(base, texts)
    # The loss is that of the rank alone: measured with all of the difference, whatever weight ships.
    EncoderAdapter(AdapterCard(MINILM_NAME, "", rank), tensors).add_to(transformer_of(base))
    cosines = (_embed(base, texts) * wanted).sum(axis=1)
    export = AdapterExport(
        folder=folder,
        rank=rank,
        size_mb=round(sum(t.numel() * t.element_size() for t in tensors.values()) / 1e6, 2),
        cosine=round(float(cosines.mean()), 5),
        lowest_cosine=round(float(cosines.min()), 5),
        base_cosine=round(float((unadapted * wanted).sum(axis=1).mean()), 5),
        texts=len(texts),
    )
    facts = {
        "exported": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cosine_to_fine_tuned": export.cosine,
        "lowest_cosine_to_fine_tuned": export.lowest_cosine,
        "base_cosine_to_fine_tuned": export.base_cosine,
        "measured_on_texts": export.texts,
        **_training_facts(tuned_folder),
    }
    card = AdapterCard(MINILM_NAME, file_sha256(minilm_folder()[0] / WEIGHTS_FILE), rank, weight, facts=facts)
    EncoderAdapter(card, tensors).save(folder)
    if (tuned_folder / "README.md").is_file():
        shutil.copy(tuned_folder / "README.md", folder / "README.md")
    return export


def _differences(base: SentenceTransformer, tuned: SentenceTransformer, rank: int) -> dict[str, Any]:
    """The tensors of every parameter that training moved."""
    old = dict(transformer_of(base).named_parameters())
    new = dict(transformer_of(tuned).named_parameters())
    unlike = sorted(name for name in old.keys() | new.keys() if name not in old or name not in new)
    if unlike or any(old[name].shape != new[name].shape for name in old):
        raise ModelError(f"The encoder was not trained from {MINILM_NAME}: got other parameters ({unlike[:3]} ...).")
    tensors: dict[str, Any] = {}
    for name in sorted(old):
        difference = (new[name] - old[name]).detach()
        if difference.abs().max() > 0:
            tensors |= low_rank_tensors(name, difference, rank)
    if not tensors:
        raise ModelError(f"The encoder is {MINILM_NAME} itself: no parameter differs, so there is nothing to export.")
    return tensors


def _sample_texts(sample: Path | None) -> list[str]:
    rows = read_rows([sample]) if sample is not None else list(synthetic_rows(EncoderDataPlan(20, 15, 0, _SAMPLE_SEED)))
    step = max(len(rows) // 250, 1)
    return [text for row in rows[::step] for text in (row.anchor, row.positive)]


def _embed(model: SentenceTransformer, texts: list[str]) -> Any:
    return model.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)


def _training_facts(tuned_folder: Path) -> dict[str, Any]:
    path = tuned_folder / _REPORT_FILE
    if not path.is_file():
        return {}
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {"training": facts}


def main(
    tuned: Annotated[Path, typer.Argument(help="Folder of the fine-tuned encoder.")] = Path("CodeRAG_encoder"),
    folder: Annotated[Path, typer.Argument(help="Folder of the adapter.")] = BUNDLED_ENCODER,
    rank: Annotated[int, typer.Option(help="Rank of each matrix's difference; 64 gives about 5 MB.")] = 64,
    weight: Annotated[float, typer.Option(help="How much of the difference counts; 1.0 is all.")] = 1.0,
    sample: Annotated[Path | None, typer.Option(help="Rows to measure the loss on.")] = None,
) -> None:
    """Write the adapter that ships, and say what it loses against the fine-tuned encoder."""
    export = export_adapter(tuned, folder, rank, weight, sample)
    typer.echo(
        f"{folder / ADAPTER_FILE}: rank {export.rank}, {export.size_mb} MB; cosine to the fine-tuned encoder "
        f"{export.cosine:.4f} on average, {export.lowest_cosine:.4f} at worst, on {export.texts} texts "
        f"(the base without it: {export.base_cosine:.4f})"
    )


if __name__ == "__main__":
    try:
        typer.run(main)
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
