"""A question that is being answered in a thread of its own, so that the page can show it and stop it. No Streamlit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coderag_app.errors import CodeRAGError
from ui.page.chat_state import AskProgress, Turn

if TYPE_CHECKING:
    from coderag_app.engine import StreamEvent
    from coderag_app.types import SQLAnswer


class LiveQuestion:
    """One question on its way.

    The thread reads the engine's events. ``stop`` asks it to close them after the next one, which stops the model;
    the page need not wait for that. A page that is drawn anew meanwhile finds the run where it is.

    Attributes:
        progress: How far it is; replaced, never changed, so that another thread may read it at any time.
    """

    def __init__(self, question: str, stream: Callable[[str], Iterator[StreamEvent]]) -> None:
        self.question = question
        self.progress = AskProgress()
        self._stream = stream
        self._answer: SQLAnswer | None = None
        self._error = ""
        self._stopped = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="coderag-question", daemon=True)

    def start(self) -> LiveQuestion:
        """Begin; returns itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the generation; a run that is over stays as it is."""
        self._stopped.set()
        self._over.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; whether it has come."""
        return self._over.wait(timeout_s)

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has let go of the model; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def turn(self) -> Turn:
        """What came of the question."""
        if self._answer is None and self._stopped.is_set():
            return Turn(self.question, stopped=True, partial_sql=self.progress.reply)
        return Turn(self.question, self._answer, self._error)

    def _follow(self) -> None:
        try:
            self._read(self._stream(self.question))
        except CodeRAGError as error:
            self._error = str(error)
        except Exception as error:  # a thread's exception would vanish, and the page would wait for ever
            self._error = f"{type(error).__name__}: {error}. This is a defect of CodeRAG."
        finally:
            self._over.set()

    def _read(self, events: Iterator[StreamEvent]) -> None:
        for event in events:
            if self._stopped.is_set():
                getattr(events, "close", lambda: None)()  # a generator's, which stops the model
                return
            self.progress = self.progress.after(event)
            if event.answer is not None:
                self._answer = event.answer
                return
        self._error = "The engine ended without an answer."
