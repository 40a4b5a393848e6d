"""The byte-level BPE tokenizer of the SQL model, which llama.cpp reads as its "gpt-2" pre-tokenizer.

The model's text is built from pieces that each begin with a marker: ``<schema> ...``, ``<q> ...`` and ``<sql> ...``.
They are joined without a separator and ``</s>`` ends every SQL. Pieces may be tokenized one by one, because no token
crosses a marker.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from coderag_app.errors import ModelError
from coderag_app.llm.compact.question import MAX_LINKS, MAX_LITERALS
from coderag_app.llm.compact.schema_names import MAX_COLUMNS, MAX_TABLES

END = "</s>"
SCHEMA, QUESTION, SQL = "<schema>", "<q>", "<sql>"
MARKERS = (
    *(SCHEMA, QUESTION, SQL),
    *(f"<v{number}>" for number in range(1, MAX_LITERALS + 1)),
    *(f"<t{number}>" for number in range(MAX_TABLES)),
    *(f"<c{number}>" for number in range(MAX_COLUMNS)),
    *(f"<n{number}>" for number in range(1, MAX_LINKS + 1)),
)
TOKENIZER_FILE = "tokenizer.json"
_MARKER_PATTERN = re.compile("|".join(map(re.escape, (END, *MARKERS))))


@dataclass(frozen=True)
class Pointers:
    """Which token ids stand for tables and for columns."""

    vocab_size: int
    tables: range
    columns: range


def pointers_of(tokenizer: Tokenizer) -> Pointers:
    """The tokenizer's ids of ``<t0>`` ... and ``<c0>`` ..., which follow one another."""
    ids = tokenizer.get_vocab(with_added_tokens=True)
    return Pointers(
        tokenizer.get_vocab_size(),
        range(ids["<t0>"], ids["<t0>"] + MAX_TABLES),
        range(ids["<c0>"], ids["<c0>"] + MAX_COLUMNS),
    )


def train_tokenizer(texts: Iterable[str], vocab_size: int = 4096) -> Tokenizer:
    """Learn a byte-level BPE from texts in the model's format.

    Args:
        texts: Schemas, questions and SQL with their markers.
        vocab_size: Size with the end token and the markers. Small texts may end up with fewer entries.

    Returns:
        A tokenizer whose last ids are ``</s>`` and then the markers.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1 - len(MARKERS),
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_without_markers(texts), trainer)
    tokenizer.add_special_tokens([AddedToken(END, normalized=False, special=True)])
    tokenizer.add_tokens([AddedToken(marker, normalized=False, special=False) for marker in MARKERS])
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Load a saved tokenizer.

    Args:
        path: The ``tokenizer.json``.

    Returns:
        The tokenizer.

    Raises:
        ModelError: If the file is missing or lacks one of the markers.
    """
    if not path.is_file():
        raise ModelError(f"No tokenizer at {path}. Expected the tokenizer.json that finetune.sql_model.train writes.")
    tokenizer = Tokenizer.from_file(str(path))
    missing = [token for token in (END, *MARKERS) if tokenizer.token_to_id(token) is None]
    if missing:
        raise ModelError(f"The tokenizer {path} lacks {', '.join(missing)}. Train it with finetune.sql_model.train.")
    return tokenizer


def _without_markers(texts: Iterable[str]) -> Iterator[str]:
    """Yield the stretches between markers, so that no merge is spent on a marker's letters."""
    for text in texts:
        yield from (stretch for stretch in _MARKER_PATTERN.split(text) if stretch)
