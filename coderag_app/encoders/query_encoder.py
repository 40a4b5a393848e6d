"""Light encoders: small ones that put a question where the full encoder would, so that asking needs no torch.

The documents of an index stay where the full encoder put them. A light encoder's folder holds ``card.json``, which
names the encoder it was aligned with by fingerprint; with an index of another encoder it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from coderag_app.bundled.integrity import BUNDLED, check_bundled
from coderag_app.encoders.encoder_loading import LoadedEncoder, load_embed_model
from coderag_app.errors import IndexStoreError, ModelError
from coderag_app.files import from_fields, read_json, refusals_as
from coderag_app.types import EncoderInfo

BUNDLED_QUERY_ENCODERS = BUNDLED / "query_encoder"
CARD_FILE = "card.json"
FORMAT_VERSION = 1
LIGHT_KINDS = ("compact", "external", "internal", "static")
_MAX_CARD_BYTES = 1_000_000
_TRAIN = "coderag train-query-encoder"


@dataclass(frozen=True, slots=True)
class QueryEncoderCard:
    """A light encoder's description.

    Attributes:
        kind: One of ``LIGHT_KINDS``.
        teacher: The full encoder whose vectors it was aligned with.
        facts: How it was made: data, seed, date, scores.
    """

    kind: str
    teacher: EncoderInfo
    format_version: int = FORMAT_VERSION
    facts: dict[str, Any] = field(default_factory=dict)


def read_card(folder: Path) -> QueryEncoderCard:
    """Read the card of a light encoder.

    Raises:
        ModelError: It is missing or damaged, or of another format or kind.
    """
    path = folder / CARD_FILE
    with refusals_as(ModelError, f"Make it anew: {_TRAIN}"):
        check_bundled(path)
        card = from_fields(QueryEncoderCard, read_json(path, _MAX_CARD_BYTES), str(path))
    if card.format_version != FORMAT_VERSION or card.kind not in LIGHT_KINDS:
        raise ModelError(
            f"{path}: got format {card.format_version} of kind {card.kind[:80]!r}, expected {FORMAT_VERSION} and one "
            f"of {', '.join(LIGHT_KINDS)}. Make it anew: {_TRAIN}"
        )
    return card


def load_encoder_for_queries(
    setting: str = "auto", embed_model: str = "auto", threads: int = 0, made_with: EncoderInfo | None = None
) -> LoadedEncoder:
    """Load what embeds questions, and the few texts that are compared with one.

    Args:
        setting: AppConfig's ``query_encoder``: ``auto`` (the full encoder, until a light one is shown to lose no
            accuracy), ``full``, a kind that ships, or the folder of a light encoder.
        embed_model: AppConfig's ``embed_model``: the full encoder.
        threads: AppConfig's ``threads``.
        made_with: The encoder of the index; None where there is no index.

    Raises:
        ModelError: It is missing, does not load, or is not the expected file.
        IndexStoreError: A light encoder was asked for that was not aligned with the index's encoder.
    """
    if setting in ("auto", "full"):
        return load_embed_model(embed_model, threads)
    folder = _folder(setting)
    card = read_card(folder)
    if made_with is not None and not _aligned(card, made_with):
        raise IndexStoreError(
            f"The index was built with {made_with.name} (fingerprint {made_with.fingerprint}), but the query encoder "
            f"{folder} was aligned with {card.teacher.name} (fingerprint {card.teacher.fingerprint}). Use "
            f"--query-encoder full, or align one: {_TRAIN} --kind {card.kind} --embed-model MODEL"
        )
    return load_light_encoder(folder, threads)


def _aligned(card: QueryEncoderCard, made_with: EncoderInfo) -> bool:
    return (card.teacher.fingerprint, card.teacher.dimension) == (made_with.fingerprint, made_with.dimension)


def _folder(setting: str) -> Path:
    """The folder of a light encoder by its kind or path.

    Raises:
        ModelError: None of that kind ships, or there is no such folder.
    """
    if setting in LIGHT_KINDS:
        folder = BUNDLED_QUERY_ENCODERS / setting
        if not (folder / CARD_FILE).is_file():
            raise ModelError(
                f"No query encoder of kind {setting} ships with CodeRAG. Make one and pass its folder: "
                f"{_TRAIN} --kind {setting} --output FOLDER"
            )
        return folder
    folder = Path(setting).expanduser()
    if not (folder / CARD_FILE).is_file():
        raise ModelError(
            f"Got query encoder {setting!r}. Expected auto, full, {', '.join(LIGHT_KINDS)}, or a folder with a "
            f"{CARD_FILE}, as {_TRAIN} makes it."
        )
    return folder


@lru_cache(maxsize=4)
def load_light_encoder(folder: Path, threads: int = 0) -> LoadedEncoder:
    """Load a light encoder; its info is that of the encoder whose vectors it makes.

    Raises:
        ModelError: A file is missing or damaged, or its vectors are not those of its card.
    """
    from coderag_app.encoders.gguf_encoder import GGUF_FILE, TOKENIZER_FILE, GgufEncoder

    card = read_card(folder)
    check_bundled(folder / GGUF_FILE, folder / TOKENIZER_FILE)
    embed_model = GgufEncoder.open(folder, threads)
    vector = np.asarray(embed_model.get_query_embedding("dimension"))
    if len(vector) != card.teacher.dimension or not np.isfinite(vector).all() or not vector.any():
        raise ModelError(
            f"{folder} makes vectors of {len(vector)} dimensions, or zeros, expected {card.teacher.dimension} finite "
            f"numbers. Make it anew: {_TRAIN} --kind {card.kind}"
        )
    origin = "bundled" if folder.is_relative_to(BUNDLED) else str(folder)
    return LoadedEncoder(embed_model, card.teacher, f"{card.kind}, {origin}")
