"""Keeps the index of a repository up to date while its files are being edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from coderag_app.errors import IngestionError
from coderag_app.files import system_message
from ingestion.repository.refresh import RefreshReport, refresh

_SETTLE_S = 0.05  # an editor saves in several steps


def watch(root: Path, folder: Path | None = None, stop: Event | None = None) -> Iterator[RefreshReport]:
    """Bring the index up to date now, and again whenever files change; a report for each generation.

    Args:
        root: The repository's folder.
        folder: Of the index; None for the user's cache.
        stop: Ends the watch, within half a second.

    Raises:
        IngestionError: The system cannot watch so many folders.
    """
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    changed, stop = Event(), stop or Event()

    class Handler(FileSystemEventHandler):
        """Takes note that something was written."""

        def on_any_event(self, event: FileSystemEvent) -> None:
            """Wake the reader up."""
            # Reading is an event as well, and so is what git writes for itself.
            if event.event_type not in ("opened", "closed_no_write") and "/.git/" not in f"{event.src_path!s}/":
                changed.set()

    observer = Observer()
    observer.schedule(Handler(), str(root), recursive=True)
    try:
        observer.start()
    except OSError as error:
        raise IngestionError(f"{root} cannot be watched: {system_message(error)}") from error
    try:
        yield refresh(root, folder)
        while not stop.is_set():
            if changed.wait(0.5):
                stop.wait(_SETTLE_S)
                changed.clear()
                report = refresh(root, folder)
                if report.changed:
                    yield report
    finally:
        observer.stop()
        observer.join()
