"""Word vectors distilled from the packaged encoder, so that the prompt's links cost a lookup instead of a forward pass.

Every whole word of the encoder's vocabulary is embedded on its own, the mean is taken away (it hides what tells words
apart: "old" is nearly as near to "name" as to "age" before, and nine times as far after), and the first principal
components are kept as bytes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from coderag_app.encoders.encoder_loading import minilm_folder
from coderag_app.encoders.word_vectors import WORD_VECTORS_FILE


def distilled_vectors(dimension: int) -> tuple[list[str], np.ndarray]:
    """Embed the encoder's vocabulary.

    Args:
        dimension: How many principal components to keep.

    Returns:
        The words and their unit vectors, int8 of shape (words, dimension) in units of 1/127.
    """
    from sentence_transformers import SentenceTransformer

    folder = minilm_folder()[0]
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    words = [word for word in lines if re.fullmatch(r"[a-z]{3,}", word)]
    encoder = SentenceTransformer(str(folder), device="cpu")
    embeddings = encoder.encode(words, batch_size=256, normalize_embeddings=True, show_progress_bar=True)
    centred = embeddings - embeddings.mean(axis=0)
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    vectors = centred @ components[:dimension].T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return words, np.round(vectors * 127).astype(np.int8)


def main(
    output: Annotated[Path, typer.Argument(help="File to write.")] = WORD_VECTORS_FILE,
    dimension: Annotated[int, typer.Option(help="Principal components to keep.")] = 96,
) -> None:
    """Write the word vectors that ship.

    Example: python -m finetune.distil_word_vectors
    """
    words, vectors = distilled_vectors(dimension)
    np.savez_compressed(output, words=np.frombuffer("\n".join(words).encode(), dtype=np.uint8), vectors=vectors)
    typer.echo(f"{output}: {len(words)} words of {dimension} dimensions, {output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
