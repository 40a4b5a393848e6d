"""Make light query encoders: ``coderag train-query-encoder --kind compact --output FOLDER``.

Each embeds a question where the full encoder would put it, so an index stays as it is. All data is made by the project.
"""

from __future__ import annotations

import datetime
import enum
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from coderag_app.encoders.encoder_loading import embed_queries, encoder_info, load_full_encoder
from coderag_app.encoders.gguf_encoder import GGUF_FILE, TOKENIZER_FILE
from coderag_app.encoders.query_encoder import CARD_FILE, QueryEncoderCard, load_light_encoder
from finetune.encoder.bert_gguf import StoredAs, write_bert_gguf
from finetune.encoder.near_miss_rows import EncoderDataPlan, synthetic_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_HELD_OUT_SEED = 7919  # databases that no training draws


class LightKind(enum.StrEnum):
    """What to make; see docs/training.md."""

    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near a light encoder's vectors are to the full one's, as cosines over questions and SQL never trained on."""

    texts: int
    mean_cosine: float
    lowest_cosine: float


def make_compact(embed_model: str, folder: Path, stored_as: StoredAs = StoredAs.Q8_0) -> QueryEncoderCard:
    """Write the full encoder, adapter merged, for llama.cpp, and measure how exact it is.

    Args:
        embed_model: The full encoder, as ``load_embed_model`` takes it.
        folder: Where the files go.
        stored_as: Storage of the matrices.

    Raises:
        ModelError: The encoder is missing, or is not a BERT with mean pooling.
    """
    model, _origin = load_full_encoder(embed_model, "cpu")
    write_bert_gguf(model, folder / GGUF_FILE, stored_as)
    _write_tokenizer(model, folder)
    teacher = encoder_info(embed_model, int(model.get_embedding_dimension() or 0))
    facts = {"made": datetime.datetime.now(datetime.UTC).date().isoformat(), "stored_as": stored_as.value}
    return _measured(QueryEncoderCard(LightKind.COMPACT, teacher, facts=facts), model, folder)


def _measured(card: QueryEncoderCard, model: SentenceTransformer, folder: Path) -> QueryEncoderCard:
    """Write the card, load what was made, and write the card again with how near it is to the full encoder."""
    write_card(card, folder)
    light = load_light_encoder(folder).embed_model
    texts = held_out_texts()
    cosines = (embed_queries(light, texts) * full_vectors(model, texts)).sum(axis=1)
    agreement = Agreement(len(texts), round(float(cosines.mean()), 5), round(float(cosines.min()), 5))
    measured = QueryEncoderCard(card.kind, card.teacher, facts={**card.facts, "agreement": asdict(agreement)})
    write_card(measured, folder)
    return measured


def held_out_texts(databases: int = 20, pairs: int = 8) -> list[str]:
    """Questions and SQL of synthetic databases that no training draws, in turn."""
    rows = synthetic_rows(EncoderDataPlan(databases, pairs, 0, _HELD_OUT_SEED))
    return [text for row in rows for text in (row.anchor, row.positive)]


def full_vectors(model: SentenceTransformer, texts: list[str]) -> NDArray[np.float32]:
    """The full encoder's unit vectors, shape (texts, dimension)."""
    vectors: Any = model.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def write_card(card: QueryEncoderCard, folder: Path) -> None:
    """Write ``card.json``."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


def _write_tokenizer(model: SentenceTransformer, folder: Path) -> None:
    """Write the tokenizer with the length that the encoder reads, and without padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.enable_truncation(int(model.max_seq_length or 0))
    tokenizer.no_padding()
    (folder / TOKENIZER_FILE).write_text(tokenizer.to_str(pretty=False), encoding="utf-8")


app = typer.Typer(add_completion=False)


@app.command()
def main(
    output: Annotated[Path, typer.Option(help="Folder to write.")],
    kind: Annotated[LightKind, typer.Option(help="What to make.")] = LightKind.COMPACT,
    embed_model: Annotated[str, typer.Option(metavar="MODEL", help="Full encoder to align with.")] = "auto",
    weights: Annotated[StoredAs, typer.Option(help="Storage of compact's matrices.")] = StoredAs.Q8_0,
) -> None:
    """Make a light encoder for questions, aligned with a full one."""
    card = make_compact(embed_model, output, weights)
    agreement = card.facts["agreement"]
    size_mb = sum(path.stat().st_size for path in output.iterdir()) / 1e6
    typer.echo(
        f"{output}: {kind}, {size_mb:.1f} MB; cosine to {card.teacher.name} {agreement['mean_cosine']:.4f} on average, "
        f"{agreement['lowest_cosine']:.4f} at worst, on {agreement['texts']} texts. Use it: --query-encoder {output}"
    )


if __name__ == "__main__":
    app()
