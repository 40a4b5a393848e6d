"""Synthetic examples for a new database: what they were made from, when they are stale, and what makes them.

Making them needs the question patterns of the ``finetune`` package, which this package must not import. The entry
point ``coderag.cold_start`` leads to it, so that the page and other programs call one function here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, cast

from coderag_app.errors import ConfigurationError
from coderag_app.index.synthesis import SynthesisRecord

if TYPE_CHECKING:
    from coderag_app.database import Database
    from coderag_app.encoders.encoder_loading import LoadedEncoder
    from coderag_app.schema.tables import Schema

ENTRY_POINT_GROUP = "coderag.cold_start"
DEFAULT_LIMIT = 5000
SOURCE_PREFIX = "synthesized:"  # of an example's source; the question pattern follows


@dataclass(frozen=True, slots=True)
class ColdStartProgress:
    """How far the synthesis has come.

    Attributes:
        step: ``make`` (pairs are drawn and run) or ``embed``.
        done: Pairs kept or embedded so far; ``total``: how many at most.
        drops: Dropped candidates by reason.
    """

    step: str
    done: int
    total: int
    drops: Mapping[str, int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ColdStartReport:
    """What a synthesis did.

    Attributes:
        made: Synthetic examples of the database in the index now.
        embedded: Those embedded now; ``reused``: those that were already there.
        removed: Earlier synthetic examples of the database that were removed.
        drops: Dropped candidates by reason.
        total: Examples in the index now, of every database and origin.
    """

    db_id: str
    storage_dir: Path
    made: int
    embedded: int
    reused: int
    removed: int
    drops: dict[str, int]
    total: int
    seconds: float

    def lines(self) -> list[str]:
        """Write the report for display, one fact per line."""
        dropped = sorted(self.drops.items(), key=lambda item: -item[1])
        return [
            f"{self.db_id}: {self.made} synthetic examples, each run on the database and returning rows",
            f"{self.embedded} embedded, {self.reused} reused, {self.removed} of an earlier synthesis removed",
            f"{self.total} examples in {self.storage_dir}; {self.seconds:.1f} s",
            *(f"dropped, {reason}: {count}" for reason, count in dropped),
        ]


def add_synthetic_examples(
    database: Database,
    storage_dir: str | Path,
    encoder: LoadedEncoder,
    limit: int = DEFAULT_LIMIT,
    seed: int = 0,
    on_progress: Callable[[ColdStartProgress], None] | None = None,
    unread: Sequence[str] = (),
) -> ColdStartReport:
    """Make question-SQL pairs for a database from its schema and rows, and put them into an index.

    They replace the database's earlier synthetic examples; verified ones stay. A missing index is created. No language
    model is asked, and nothing leaves the machine.

    Args:
        database: The database; it is only read.
        storage_dir: The index's folder.
        encoder: What ``load_embed_model`` returns; an index that is there must have been made with it.
        limit: How many pairs at most.
        seed: Equal seeds give equal pairs.
        on_progress: Called as the work proceeds.
        unread: Columns whose values are not read, as ``table.column``; ``*`` matches any name. No question is
            about them.

    Raises:
        ConfigurationError: The part of the project that generates them is not installed.
        IngestionError: The database yields no pair, e.g. because every table is empty.
        IndexStoreError: The index is damaged, was made with another encoder, or is being written.
    """
    found = list(entry_points(group=ENTRY_POINT_GROUP))
    if not found:
        raise ConfigurationError(
            f"Got no entry point of the group {ENTRY_POINT_GROUP!r}, expected the one of CodeRAG's finetune package. "
            "Install the project again: pip install --editable ."
        )
    make = cast("Callable[..., ColdStartReport]", found[0].load())
    return make(database, Path(storage_dir), encoder, limit, seed, on_progress, unread)


def staleness(records: Mapping[str, SynthesisRecord], db_id: str, schema: Schema, database: str = "") -> str:
    """Say why a database's synthetic examples no longer fit it, and what to run; "" if they fit or there are none.

    Args:
        records: The index's ``synthesis``.
        db_id: The database's name.
        schema: Its schema now.
        database: Its path or URL without a password, for the command in the message.
    """
    record = records.get(db_id)
    if record is None or record.schema_fingerprint == schema.fingerprint:
        return ""
    return (
        f"The synthetic examples of {db_id!r} were made from another schema: got fingerprint "
        f"{record.schema_fingerprint}, expected {schema.fingerprint}. Make them anew: "
        f"coderag ingest --database {database or 'FILE_OR_URL'} --synthesize"
    )
