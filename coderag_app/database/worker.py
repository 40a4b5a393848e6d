"""The process that runs SQL: ``worker.main`` is its whole life.

It reads requests from its standard input and ends with it, so nothing is left over when the program that started it
is killed. The kernel ends it when a request passes its time (an alarm that no handler sees), and refuses it memory.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from coderag_app.database.base import Limits, OverLimitError
from coderag_app.database.messages import pack, unpacker
from coderag_app.errors import DatabaseError

_MEMORY_SHARE = 1.15  # of max_memory_mb, for all that the process asks for; the database's own limit comes first
_SLACK_BYTES = 4 * 1024 * 1024  # which the process may use on top when the rows that it has sent are counted too
OUT_OF_MEMORY = 77  # exit status
_READ_BYTES = 65536
CALL_ENDS = ("answer", "late", "refused")  # kinds of the messages that end one of many calls
_STACK_BYTES = 512 * 1024  # of Python's own threads, which count against the memory


class File(Protocol):
    """An open file; further methods answer single questions and take the seconds they may use first."""

    def query(self, timeout_s: float, sql: str) -> Iterator[list[Any]]:
        """Run one query; the last message has the kind ``value``."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def open_file(kind: str, path: str, limits: Limits, bounded: bool = False) -> File:
    """Open a file of the kind ``sqlite`` or ``duckdb``.

    Raises:
        DatabaseError: It cannot be opened.
    """
    if kind == "duckdb":
        from coderag_app.database.duckdb_file import DuckDBFile

        return DuckDBFile(Path(path), limits)
    from coderag_app.database.sqlite_file import SQLiteFile

    return SQLiteFile(Path(path), limits, bounded)


def answer(file: File, request: str, timeout_s: float, arguments: list[Any]) -> Iterator[list[Any]]:
    """The messages that answer one request about an open file."""
    if request == "query":
        yield from file.query(timeout_s, *arguments)
    elif request == "each":
        yield from _each(file, timeout_s, *arguments)
    else:
        yield ["value", getattr(file, request)(timeout_s, *arguments)]


def _each(file: File, timeout_s: float, request: str, budget_s: float, calls: list[list[Any]]) -> Iterator[list[Any]]:
    """One message for each call of a method, up to where their time together is over: its answer, or why it failed.

    Raises:
        OverLimitError: A call ran out of memory, and may still hold it.
    """
    ends = time.monotonic() + budget_s
    for call in calls:
        if time.monotonic() > ends:
            break
        try:
            yield ["answer", getattr(file, request)(timeout_s, *call)]
        except OverLimitError as error:
            if error.out_of_memory:
                raise
            yield ["late", str(error)]
        except DatabaseError as error:
            yield ["refused", str(error)]
    yield ["value", None]


def main(kind: str, max_memory_mb: int) -> None:
    """Answer requests until the standard input ends."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.stack_size(_STACK_BYTES)
    output = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between the messages
    requests: SimpleQueue[list[Any]] = SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    memory = Memory(_unused_bytes(kind), max_memory_mb)
    memory.limit()
    _send(output, ["ready", None])
    try:
        _serve(kind, requests, output, memory)
    except BrokenPipeError:
        os._exit(0)


def _serve(kind: str, requests: SimpleQueue[list[Any]], output: int, memory: Memory) -> None:
    file: File | None = None
    while True:
        request, alarm_s, timeout_s, arguments = requests.get()
        signal.setitimer(signal.ITIMER_REAL, alarm_s)
        try:
            if request in ("open", "close"):
                if file is not None:
                    file.close()
                    file = None
                if request == "open":
                    path, limits = arguments
                    file = open_file(kind, path, Limits(*limits))
                _send(output, ["value", None])
            elif file is None:
                _send(output, ["error", "No file is open."])
            else:
                _send_all(output, _fitting(answer(file, request, timeout_s, arguments), memory), alarm_s)
        except OverLimitError as error:
            _send(output, ["memory" if error.out_of_memory else "time", str(error)])
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except DatabaseError as error:
            _send(output, ["error", str(error)])
        except Exception as error:  # what no driver should raise must not end the process without a word
            if "can't start new thread" in str(error):
                os._exit(OUT_OF_MEMORY)
            _send(output, ["error", f"{type(error).__name__}: {error}".splitlines()[0]])
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(requests: SimpleQueue[list[Any]]) -> None:
    reader = unpacker()
    while data := os.read(0, _READ_BYTES):
        reader.feed(data)
        for request in reader:
            requests.put(request)
    os._exit(0)


def _send_all(output: int, messages: Iterator[list[Any]], alarm_s: float) -> None:
    for message in messages:
        _send(output, message)
        if message[0] in CALL_ENDS:  # the next call has a time of its own
            signal.setitimer(signal.ITIMER_REAL, alarm_s)


def _send(output: int, message: list[Any]) -> None:
    data = memoryview(pack(message))
    while data:
        data = data[os.write(output, data) :]


class Memory:
    """What the process may use: RLIMIT_DATA counts its writable memory, without the addresses that allocators reserve.

    Linux alone counts it this way; elsewhere the database's own limits remain.
    """

    def __init__(self, unused: int, max_memory_mb: int) -> None:
        self.max_memory_mb = max_memory_mb
        self._unused = unused
        self._most = max_memory_mb * 1024 * 1024

    def limit(self) -> None:
        """Let the kernel refuse memory above what the process needs without a query and its share of the limit."""
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            most = self._unused + int(self._most * _MEMORY_SHARE)
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))

    def holds(self, sent: int) -> bool:
        """Whether this process and the rows that it has sent are within the limit together."""
        return _used_bytes() - self._unused + sent <= self._most * _MEMORY_SHARE + _SLACK_BYTES


def _fitting(messages: Iterator[list[Any]], memory: Memory) -> Iterator[list[Any]]:
    """The messages, up to where the rows and the memory they were made in pass the limit together.

    Raises:
        OverLimitError: They do before the first row is complete.
    """
    sent = width = cells = 0
    for message in messages:
        if message[0] == "columns":
            sent, width, cells = 0, len(message[1]), 0
        elif message[0] == "cells":
            cells += len(message[1])
            sent += message[2]
            if not memory.holds(sent):
                if cells < width:
                    raise OverLimitError.of_memory(Limits(max_memory_mb=memory.max_memory_mb))
                yield message
                yield ["value", True]  # truncated
                return
        yield message


def _unused_bytes(kind: str) -> int:
    """Memory that the process needs without a query."""
    if kind != "duckdb":
        return _used_bytes()
    from coderag_app.database.duckdb_file import opened_in_memory

    with opened_in_memory():  # its threads have their stacks, its allocator its pools
        return _used_bytes()


def _used_bytes() -> int:
    """Writable memory of its own that the process has asked for; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[5]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
