"""Runs Python programs side by side in a limited subprocess that is started once and asked many times."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from finetune.synthesis.drafts import DroppedError

_WORKER = Path(__file__).with_name("python_worker.py")
_REQUEST_TIMEOUT_S = 30.0
_FEWEST_RESULTS = 3  # calls that returned something, of different values where possible


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call of one program gave.

    Attributes:
        key: Equal for equal results, changed arguments included; empty when the call failed.
        shown: ``repr`` of the result.
        error: Name of the exception's type; ``Timeout`` when it ran too long; empty when it returned.
        line: Line of the program (from 1) where the exception was raised; 0 if unknown.
    """

    key: str
    shown: str
    error: str
    message: str = ""
    line: int = 0

    @property
    def same_as(self) -> tuple[str, str]:
        """What must agree for two programs to behave alike."""
        return self.key, self.error


@dataclass(frozen=True, slots=True)
class Program:
    """Source text and the function to call; an empty ``entry`` runs the source alone."""

    source: str
    entry: str = ""


class PythonRunner:
    """A limited Python subprocess. It starts with the first request, and again after one that hung."""

    def __init__(self) -> None:
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """The runner itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the subprocess."""
        self.close()

    def close(self) -> None:
        """End the subprocess, if one runs."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()
            for pipe in (self._worker.stdin, self._worker.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            self._worker = None

    def run(self, programs: list[Program], calls: list[tuple[Any, ...]]) -> list[list[Outcome]]:
        """The outcomes of every call, program by program; a program that does not load has a single outcome.

        Raises:
            DroppedError: The subprocess gave no answer in time, or died.
        """
        request = {
            "programs": [{"source": program.source, "entry": program.entry} for program in programs],
            "calls": [repr(call) for call in calls],
        }
        reply = self._ask(json.dumps(request))
        return [[Outcome(**outcome) for outcome in outcomes] for outcomes in reply]

    def _ask(self, request: str) -> list[list[dict[str, Any]]]:
        worker = self._start()
        assert worker.stdin is not None  # noqa: S101  # opened as pipes below
        assert worker.stdout is not None  # noqa: S101
        try:
            worker.stdin.write(request + "\n")
            worker.stdin.flush()
            line = _read_line(worker.stdout.fileno(), time.monotonic() + _REQUEST_TIMEOUT_S)
            return list(json.loads(line))
        except (BrokenPipeError, TimeoutError, EOFError, ValueError) as error:
            self.close()
            raise DroppedError("run did not finish") from error

    def _start(self) -> subprocess.Popen[str]:
        if self._worker is None or self._worker.poll() is not None:
            self.close()
            self._worker = subprocess.Popen(  # noqa: S603  # our own file
                [sys.executable, "-I", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={"PYTHONHASHSEED": "0", "PATH": ""},
                cwd="/",
            )
        return self._worker


def _read_line(descriptor: int, deadline: float) -> str:
    """One line from a pipe that nothing else reads."""
    pieces: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        piece = os.read(descriptor, 65_536)
        if not piece:
            raise EOFError
        pieces.append(piece)
        if piece.endswith(b"\n"):
            return b"".join(pieces).decode()


def require_equivalent(runner: PythonRunner, first: Program, second: Program, calls: list[tuple[Any, ...]]) -> None:
    """Refuse two programs that differ on some call, or where the calls show too little.

    Raises:
        DroppedError: With the reason.
    """
    left, right = runner.run([first, second], calls)
    returned = [outcome.key for outcome in left if not outcome.error]
    if len(returned) < _FEWEST_RESULTS:
        raise DroppedError("too few calls return a value")
    if len(left) != len(right) or any(a.same_as != b.same_as for a, b in zip(left, right, strict=True)):
        raise DroppedError("not equivalent")
