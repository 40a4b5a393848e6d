"""Put synthetic examples of a user's database into an index; ``coderag_app`` calls it by entry point."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from coderag_app.database import Database
from coderag_app.encoders.encoder_loading import LoadedEncoder, embed_documents
from coderag_app.errors import IngestionError
from coderag_app.examples.synthetic import ColdStartProgress, ColdStartReport
from coderag_app.index.generations import storage_lock
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.index.synthesis import VECTOR_RECIPE, SynthesisRecord, drawn_to_questions
from coderag_app.types import SQLExample
from finetune.synthesis.own_schema import OwnSchemaProgress, synthesize_examples
from ingestion.documents import texts_to_embed, to_documents

Listener = Callable[[ColdStartProgress], None]


def add_synthetic_examples(
    database: Database,
    storage_dir: Path,
    encoder: LoadedEncoder,
    limit: int,
    seed: int,
    on_progress: Listener | None = None,
    unread: Sequence[str] = (),
) -> ColdStartReport:
    """See ``coderag_app.examples.synthetic.add_synthetic_examples``."""
    started = time.perf_counter()
    schema = database.read_schema(samples=0)
    with storage_lock(storage_dir):
        index = (
            ExampleIndex.load(storage_dir, expect_encoder=encoder.info)
            if index_exists(storage_dir)
            else ExampleIndex.empty(encoder.info)
        )
        drops: dict[str, int] = {}
        listener = _while_making(drops, on_progress)
        made = {e.example_id: e for e in synthesize_examples(database, schema, limit, seed, listener, unread)}
        verified = set(index.vectors.ids_of_database(database.name, verified=True))
        wanted = {example_id: example for example_id, example in made.items() if example_id not in verified}
        if not wanted:
            raise IngestionError(_nothing_made(database.name, drops, storage_dir))
        earlier = set(index.vectors.ids_of_database(database.name, verified=False))
        reused = earlier & wanted.keys() if _vectors_are_current(index, database.name) else set()
        new = [example for example_id, example in wanted.items() if example_id not in reused]
        index.remove(earlier - reused)
        _embed_into(index, new, encoder, on_progress)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        index.synthesis[database.name] = SynthesisRecord(schema.fingerprint, limit, seed, now, VECTOR_RECIPE)
        index.save(storage_dir)
    return ColdStartReport(
        db_id=database.name,
        storage_dir=storage_dir,
        made=len(wanted),
        embedded=len(new),
        reused=len(reused),
        removed=len(earlier - wanted.keys()),
        drops=drops,
        total=len(index),
        seconds=time.perf_counter() - started,
    )


def _vectors_are_current(index: ExampleIndex, db_id: str) -> bool:
    record = index.synthesis.get(db_id)
    return record is not None and record.vectors == VECTOR_RECIPE


def _while_making(drops: dict[str, int], on_progress: Listener | None) -> Callable[[OwnSchemaProgress], None]:
    def tell(progress: OwnSchemaProgress) -> None:
        drops.update(progress.drops)
        if on_progress is not None:
            on_progress(ColdStartProgress("make", progress.kept, progress.limit, dict(progress.drops)))

    return tell


def _embed_into(
    index: ExampleIndex, examples: list[SQLExample], encoder: LoadedEncoder, on_progress: Listener | None
) -> None:
    documents, questions = to_documents(examples), [example.question for example in examples]
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if on_progress is not None:  # each example has two texts
            on_progress(ColdStartProgress("embed", done // 2, len(examples)))

    queries = embed_documents(encoder.embed_model, texts_to_embed(documents), tell)
    asked = embed_documents(encoder.embed_model, questions, tell)
    index.append(documents, drawn_to_questions(queries, asked))


def _nothing_made(name: str, drops: dict[str, int], storage_dir: Path) -> str:
    reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(drops.items(), key=lambda item: -item[1]))
    return (
        f"No synthetic example could be made for {name!r}: got no pair that runs and returns rows ({reasons}). "
        f"Expected at least one table with rows. Nothing in {storage_dir} was changed."
    )
