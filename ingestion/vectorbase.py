"""Build and change the index: rows -> examples -> Documents -> vectors -> ``coderag_app.index.store``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from coderag_app.encoders.encoder_loading import LoadedEncoder, embed_documents
from coderag_app.errors import IndexStoreError, IngestionError
from coderag_app.index.generations import REJECTED_FILE, storage_lock
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.types import Origin, SQLExample
from ingestion.documents import texts_to_embed, to_documents
from ingestion.ingestion_report import IngestReport, Progress, RejectionLog
from ingestion.readers.source_rows import Reader, Rejection, Row

logger = logging.getLogger(__name__)

# Rows in memory as objects at a time; large enough for batches of similar length.
_CHUNK_ROWS = 2048


def ingest(
    reader: Reader,
    encoder: LoadedEncoder,
    storage_dir: str | Path,
    append: bool = False,
    max_rows: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Read an input, embed its examples and write the index.

    Vectors of examples that the folder's index already holds are reused when it was made with the same encoder and
    embed view, so ingesting the same input again embeds nothing. Whenever this dies, the previous index stays.

    Args:
        reader: One of ``ingestion.readers``.
        encoder: What ``coderag_app.llm.llm_loading.load_embed_model`` returns.
        storage_dir: The index's folder; made if it is not there.
        append: Keep what the index holds and add to it; otherwise the index holds this input alone afterwards.
        max_rows: Read no more rows than this.
        on_progress: Called after each batch, see ``ingestion.progress.progress_bar``.

    Raises:
        IngestionError: The input cannot be read, or no row of it is usable.
        IndexStoreError: Another process writes, the disk refuses, or with ``append`` the index that is there is
            damaged or was made with another encoder.
    """
    folder = Path(storage_dir)
    total = reader.total_rows()
    with ExitStack() as stack:
        stack.enter_context(storage_lock(folder))
        previous = _previous_index(folder, encoder, required=append)
        index = previous if append and previous is not None else ExampleIndex.empty(encoder.info)
        log = stack.enter_context(RejectionLog.writing_to(folder))
        total = total if max_rows is None or total is None else min(total, max_rows)
        build = _Build(encoder, index, previous, log, total, on_progress)
        build.add_rows(islice(reader, max_rows))
        if build.kept == 0:
            raise IngestionError(_nothing_usable(reader, build, folder))
        index.save(folder)
    return build.report(reader.label, folder)


def remove_examples(storage_dir: str | Path, ids: Iterable[str] = (), db_id: str | None = None) -> list[str]:
    """Remove examples from a persisted index by id and by database; the removed ids.

    Raises:
        IndexStoreError: There is no sound index, an id or the database is not in it, or nothing would be left.
    """
    folder = Path(storage_dir)
    ExampleIndex.load(folder)  # fails before a lock file is made in a folder that holds no index
    with storage_lock(folder):
        index = ExampleIndex.load(folder)
        removed = index.remove(ids, db_id)
        index.save()
    return removed


def _previous_index(folder: Path, encoder: LoadedEncoder, required: bool) -> ExampleIndex | None:
    """The index whose vectors can be reused; None if there is none, or (unless required) it cannot be used."""
    if not index_exists(folder):
        return None
    try:
        return ExampleIndex.load(folder, expect_encoder=encoder.info)
    except IndexStoreError as error:
        if required:
            raise
        logger.warning("Nothing can be reused from the index that is replaced: %s", error)
        return None


@dataclass
class _Build:
    """One ingestion in progress."""

    encoder: LoadedEncoder
    index: ExampleIndex
    previous: ExampleIndex | None
    log: RejectionLog
    total: int | None
    on_progress: Callable[[Progress], None] | None
    read: int = 0
    kept: int = 0
    embedded: int = 0
    done: int = 0
    started: float = field(default_factory=time.perf_counter)
    seen: set[str] = field(default_factory=set)

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Embed and add every usable row, a chunk at a time."""
        remaining = iter(rows)
        while chunk := list(islice(remaining, _CHUNK_ROWS)):
            examples = list(self._usable(chunk))
            self._finish(len(chunk) - len(examples))
            self._add(examples)

    def _usable(self, rows: list[Row]) -> Iterator[SQLExample]:
        for row in rows:
            self.read += 1
            example = row.example
            if example is None:
                self.log.add(row)
            elif example.example_id in self.seen:
                self.log.add(Row(row.line, row.source, rejection=Rejection.DUPLICATE, detail=example.example_id))
            else:
                self.seen.add(example.example_id)
                yield example

    def _add(self, examples: list[SQLExample]) -> None:
        self.kept += len(examples)
        known = [example for example in examples if self.previous is not None and example.example_id in self.previous]
        self._reuse(known)
        self._finish(len(known))
        new = [example for example in examples if self.previous is None or example.example_id not in self.previous]
        documents = to_documents(new)
        vectors = embed_documents(self.encoder.embed_model, texts_to_embed(documents), self._finish)
        self.index.append(documents, vectors)
        self.embedded += len(new)

    def _reuse(self, known: list[SQLExample]) -> None:
        """Take over vectors of the previous index; when appending, only what was synthetic and is verified now."""
        if self.previous is None:
            return
        if self.index is self.previous:
            known = [example for example in known if self._is_now_verified(example, self.previous)]
        ids = [example.example_id for example in known]
        vectors = self.previous.vectors.vectors(ids)
        if self.index is self.previous:
            self.index.remove(ids)
        self.index.append(to_documents(known), vectors)

    @staticmethod
    def _is_now_verified(example: SQLExample, index: ExampleIndex) -> bool:
        return example.origin is Origin.VERIFIED and index.example(example.example_id).origin is Origin.SYNTHETIC

    def _finish(self, rows: int) -> None:
        self.done += rows
        if self.on_progress is not None and rows:
            rejected = self.log.counts.total()
            elapsed_s = time.perf_counter() - self.started
            self.on_progress(Progress(self.done, self.total, self.done - rejected, rejected, elapsed_s))

    def report(self, source: str, folder: Path) -> IngestReport:
        """The report, once the index is saved."""
        return IngestReport(
            source=source,
            storage_dir=folder,
            read=self.read,
            kept=self.kept,
            rejected=self.log.by_reason(),
            duplicates=self.log.duplicates,
            embedded=self.embedded,
            reused=self.kept - self.embedded,
            total=len(self.index),
            seconds=time.perf_counter() - self.started,
            rejected_file=folder / REJECTED_FILE if self.log.counts else None,
        )


def _nothing_usable(reader: Reader, build: _Build, folder: Path) -> str:
    reasons = ", ".join(f"{reason}: {count}" for reason, count in build.log.by_reason().items())
    where = f" The rows are listed in {folder / REJECTED_FILE}." if reasons else ""
    return (
        f"Nothing usable in {reader.label}: {build.read} rows read, 0 kept ({reasons or 'it has no rows'}). Expected "
        f"rows with a question, one SQL query and a database context.{where} No index was written or changed."
    )
