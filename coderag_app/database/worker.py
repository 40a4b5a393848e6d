"""The process that runs SQL: ``worker.main`` is its whole life.

It reads requests from its standard input and ends with it, so nothing is left over when the program that started it
is killed. The kernel ends it when a request passes its time (an alarm that no handler sees), and refuses it memory.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from coderag_app.database.base import Limits, OverLimitError
from coderag_app.database.messages import pack, unpacker
from coderag_app.errors import DatabaseError

MEMORY_SHARE = 1.15  # of max_memory_mb, for all that the process asks for; the database's own limit comes first
OUT_OF_MEMORY = 77  # exit status
_READ_BYTES = 65536


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
    else:
        yield ["value", getattr(file, request)(timeout_s, *arguments)]


def main(kind: str, max_memory_mb: int) -> None:
    """Answer requests until the standard input ends."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    output = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between the messages
    requests: SimpleQueue[list[Any]] = SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    _limit_memory(kind, max_memory_mb)
    _send(output, ["ready", None])
    try:
        _serve(kind, requests, output)
    except BrokenPipeError:
        os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _serve(kind: str, requests: SimpleQueue[list[Any]], output: int) -> None:
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
                for message in answer(file, request, timeout_s, arguments):
                    _send(output, message)
        except OverLimitError as error:
            _send(output, ["over", str(error)])
        except DatabaseError as error:
            _send(output, ["error", str(error)])
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(requests: SimpleQueue[list[Any]]) -> None:
    reader = unpacker()
    while data := os.read(0, _READ_BYTES):
        reader.feed(data)
        for request in reader:
            requests.put(request)
    os._exit(0)


def _send(output: int, message: list[Any]) -> None:
    data = memoryview(pack(message))
    while data:
        data = data[os.write(output, data) :]


def _limit_memory(kind: str, max_memory_mb: int) -> None:
    """Let the kernel refuse memory above what the process needs without a query and its share of the limit.

    RLIMIT_DATA counts writable memory of its own, as RLIMIT_AS would, without the address space that the allocators
    reserve and never use. Linux alone counts it this way; elsewhere the database's own limits remain.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    if kind == "duckdb":
        from coderag_app.database.duckdb_file import opened_in_memory

        with opened_in_memory(max_memory_mb):  # its threads have their stacks, its allocator its pools
            used = _used_bytes()
    else:
        used = _used_bytes()
    most = used + int(max_memory_mb * 1024 * 1024 * MEMORY_SHARE)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _used_bytes() -> int:
    """Writable memory of its own that the process has asked for."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[5]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
