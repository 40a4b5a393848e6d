"""A few processes that run SQL over files, shared by everything in this one.

One process runs one statement of one file at a time, and keeps that file open until another one needs the process.
What no setting of a database can stop, the kernel does: a process past its deadline is killed, one that asks for too
much memory does not get it. Both cost the next statement a new process (about 0.1 s), never this program.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from coderag_app.database.base import OPENING_S, Limits, OverLimitError
from coderag_app.database.messages import pack, unpacker
from coderag_app.database.worker import CALL_ENDS, OUT_OF_MEMORY, answer, open_file
from coderag_app.errors import DatabaseError

_MOST_PROCESSES = 4
_START_S = 60.0  # a busy machine may take long; without a file and without SQL nothing hostile is in it
_GRACE_SHARE, _GRACE_S = 0.1, 0.05  # what a statement may run past its time before its process is killed
_READ_BYTES = 1 << 20
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from coderag_app.database.worker import main; main(sys.argv[2], int(sys.argv[3]))"
)
# Where libraries and time zones are; nothing else of the user's environment is any business of a query.
_ENVIRONMENT = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TZ", "TZDIR", "PYTHONTZPATH", "HOME")

# The allocators give memory back when it is free, so that what one query used is there for the next one's limit.
_ALLOCATORS = {
    "DUCKDB_JE_MALLOC_CONF": "retain:false,dirty_decay_ms:0,muzzy_decay_ms:0,narenas:2",
    "MALLOC_ARENA_MAX": "2",
}

Message = list[Any]


class Worker:
    """One process; used by one thread at a time."""

    def __init__(self, kind: str, max_memory_mb: int) -> None:
        self.kind = kind
        self.max_memory_mb = max_memory_mb
        self.holds: int | None = None
        self.is_slow: Callable[[], None] = lambda: None  # called once when half of a request's time is over
        self._ready = False
        self._messages = unpacker()
        self._process, self._input, self._output = _start(kind, max_memory_mb)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, request: str, timeout_s: float, limits: Limits, arguments: list[Any]) -> Iterator[Message]:
        """Send a request and give the messages that come back, up to the last one.

        Raises:
            OverLimitError: The time or the memory was not enough; the process may have been killed.
            DatabaseError: The database refused the request, or the process ended.
        """
        done = False
        try:
            if not self._ready:
                self._receive(time.monotonic() + _START_S, _START_S, limits)
                self._ready = True
            last_s = timeout_s + max(_GRACE_S, timeout_s * _GRACE_SHARE)
            started = time.monotonic()
            self._send([request, last_s + _GRACE_S, timeout_s, arguments])
            while True:
                kind, value = self._receive(started + last_s, timeout_s, limits)[:2]
                done = kind in ("value", "error", "time")  # what ran out of memory may still hold it
                if kind == "error":
                    raise DatabaseError(value)
                if kind in ("time", "memory"):
                    raise OverLimitError(value)
                yield [kind, value]
                if done:
                    return
                if kind in CALL_ENDS:  # the next of many calls has a time of its own
                    started = time.monotonic()
        finally:
            if not done:  # also when the caller was interrupted: nobody will read what the process still sends
                self.end()

    def end(self) -> None:
        """Kill the process; ending it twice is allowed."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.stdout.close()

    def _send(self, message: Message) -> None:
        data = memoryview(pack(message))
        with suppress(BrokenPipeError):  # it has ended, as reading from it will say
            while data:
                data = data[os.write(self._input, data) :]

    def _receive(self, deadline: float, timeout_s: float, limits: Limits) -> Message:
        """The next message.

        Raises:
            OverLimitError: It did not come in time, or the process ended at a limit.
            DatabaseError: The process ended.
        """
        while True:
            for message in self._messages:
                return list(message)
            left = deadline - time.monotonic()
            if left > timeout_s / 2 and self._ready and not _readable(self._output, left - timeout_s / 2):
                self.is_slow()
                left = deadline - time.monotonic()
            if left <= 0 or not _readable(self._output, left):
                raise OverLimitError.of_time(timeout_s)
            data = os.read(self._output, _READ_BYTES)
            if not data:
                raise self._end_error(timeout_s, limits)
            self._messages.feed(data)

    def _end_error(self, timeout_s: float, limits: Limits) -> DatabaseError:
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return DatabaseError("The process that runs SQL closed its output; run the query again.")
        if status == -signal.SIGALRM:
            return OverLimitError.of_time(timeout_s)
        if status == OUT_OF_MEMORY:
            return OverLimitError.of_memory(limits)
        if not self._ready:
            return DatabaseError(
                f"The process that runs SQL does not start (exit status {status}); check that "
                f"{sys.executable} -c 'import msgpack, {self.kind.replace('sqlite', 'sqlite3')}' works."
            )
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return DatabaseError(
            f"The process that ran the query ended by itself ({how}): the database's engine failed, or the system ran "
            f"out of memory. The next query gets a new process."
        )


class WorkerPool:
    """At most four processes (and one that waits for a slow statement's end); whoever needs another waits for one."""

    def __init__(self) -> None:
        self._free = threading.Condition(threading.Lock())
        self._idle: list[Worker] = []
        self._running = 0

    @contextmanager
    def borrow(self, kind: str, max_memory_mb: int, handle: int) -> Iterator[Worker]:
        """A process for one request: the one that holds the file, if it is still there."""
        with self._free:
            worker = self._take(kind, max_memory_mb, handle)
            while worker is None and self._running + len(self._idle) >= _MOST_PROCESSES:
                self._free.wait()
                worker = self._take(kind, max_memory_mb, handle)
            self._running += 1
        try:
            worker = worker or Worker(kind, max_memory_mb)
            worker.is_slow = functools.partial(self._prepare, kind, max_memory_mb)
            yield worker
        finally:
            with self._free:
                self._running -= 1
                if worker is not None and worker.alive:
                    self._idle.append(worker)
                self._free.notify()

    def release(self, handle: int, wait: bool = True) -> None:
        """Let no process hold the file any longer."""
        if not self._free.acquire(blocking=wait):
            return
        try:
            found = next((worker for worker in self._idle if worker.holds == handle), None)
            if found is not None:
                self._idle.remove(found)
        finally:
            self._free.release()
        if found is not None:
            self._close(found, wait)

    def _prepare(self, kind: str, max_memory_mb: int) -> None:
        """Start another process while a slow statement runs: when that one has to be killed, the next is ready."""
        with self._free:
            if any((worker.kind, worker.max_memory_mb) == (kind, max_memory_mb) for worker in self._idle):
                return
        with suppress(DatabaseError):
            spare = Worker(kind, max_memory_mb)
            with self._free:
                self._idle.append(spare)

    def _close(self, worker: Worker, wait: bool) -> None:
        if wait:
            with suppress(DatabaseError):
                list(worker.ask("close", 5.0, Limits(), []))
                worker.holds = None
                with self._free:
                    self._idle.append(worker)
                    self._free.notify()
                return
        worker.end()

    def end(self) -> None:
        """Kill the processes that nobody uses; the others end with this program."""
        with self._free:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self, kind: str, max_memory_mb: int, handle: int) -> Worker | None:
        """The best idle process; None for a new one. Called with the lock held."""
        for worker in [worker for worker in self._idle if not worker.alive]:
            self._idle.remove(worker)
            worker.end()
        fitting = [worker for worker in self._idle if (worker.kind, worker.max_memory_mb) == (kind, max_memory_mb)]
        full = self._running + len(self._idle) >= _MOST_PROCESSES
        best = next((worker for worker in fitting if worker.holds == handle), None)
        best = best or next((worker for worker in fitting if worker.holds is None), None)
        best = best or (fitting[0] if fitting and full else None)
        if best is not None:
            self._idle.remove(best)
        elif full and self._idle:
            self._idle.pop(0).end()  # of another kind or size, and used longest ago
        return best


class Session:
    """One open file in whichever process runs its next request."""

    def __init__(self, kind: str, path: Path, limits: Limits) -> None:
        self._kind = kind
        self._path = path.resolve()  # it may be opened again later, from another working directory
        self._limits = limits
        self._handle = next(_handles())

    def open(self) -> None:
        """Open the file.

        Raises:
            DatabaseError: It cannot be opened.
        """
        with self._worker():
            pass

    def ask(self, request: str, timeout_s: float, *arguments: Any) -> Iterator[Message]:
        """The messages that answer a request; see ``worker.answer``."""
        with self._worker() as worker:
            yield from worker.ask(request, timeout_s, self._limits, list(arguments))

    def close(self, wait: bool = True) -> None:
        """Close the file."""
        _pool(os.getpid()).release(self._handle, wait)

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        with _pool(os.getpid()).borrow(self._kind, self._limits.max_memory_mb, self._handle) as worker:
            if worker.holds != self._handle:
                worker.holds = None
                arguments = [str(self._path), list(astuple(self._limits))]
                list(worker.ask("open", OPENING_S, self._limits, arguments))
                worker.holds = self._handle
            yield worker


class LocalSession:
    """The same in this process, where the system cannot limit one (Windows): a function call may pass the limits."""

    def __init__(self, kind: str, path: Path, limits: Limits) -> None:
        self._kind = kind
        self._path = path
        self._limits = limits
        self._file: Any = None

    def open(self) -> None:
        """Open the file; see ``Session.open``."""
        self._file = open_file(self._kind, str(self._path), self._limits, bounded=True)

    def ask(self, request: str, timeout_s: float, *arguments: Any) -> Iterator[Message]:
        """The messages that answer a request; see ``worker.answer``."""
        return answer(self._file, request, timeout_s, list(arguments))

    def close(self, wait: bool = True) -> None:
        """Close the file."""
        self._file.close()


def open_session(kind: str, path: Path, limits: Limits) -> Session | LocalSession:
    """Open a file of the kind ``sqlite`` or ``duckdb``, in a process of its own where the system can limit one.

    Raises:
        DatabaseError: It cannot be opened.
    """
    session = Session(kind, path, limits) if os.name == "posix" else LocalSession(kind, path, limits)
    session.open()
    return session


@functools.lru_cache(maxsize=1)
def _pool(process_id: int) -> WorkerPool:
    """The pool of this process; a forked one gets its own."""
    pool = WorkerPool()
    atexit.register(pool.end)
    return pool


@functools.cache
def _handles() -> Iterator[int]:
    return itertools.count(1)


def _start(kind: str, max_memory_mb: int) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start a process, and return it with the descriptors of its input and output.

    Raises:
        DatabaseError: The system does not start it.
    """
    root = str(Path(__file__).parent.parent.parent)
    paths = [root, *(path for path in map(os.path.abspath, filter(None, sys.path)) if path != root)]
    command = [sys.executable, "-I", "-S", "-B", "-c", _START, json.dumps(paths), kind, str(max_memory_mb)]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= _ALLOCATORS
    try:
        process = subprocess.Popen(  # noqa: S603  # this Python, with this package's own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal is for the program, which then ends the process
        )
    except OSError as error:
        raise DatabaseError(f"The process that runs SQL cannot be started: {error}; check {sys.executable}.") from error
    if process.stdin is None or process.stdout is None:
        raise DatabaseError("The process that runs SQL has no pipes.")
    return process, process.stdin.fileno(), process.stdout.fileno()


def _readable(descriptor: int, timeout_s: float) -> bool:
    waiting = select.poll()  # select() refuses descriptors above 1023
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(timeout_s * 1000))
