"""Runs untrusted Python for ``python_runner``: the standard library alone, started with ``-I``.

One JSON request a line on standard input, one JSON reply a line on standard output. Covered: wall time of a call,
processor time, memory, file size and open files (resource limits), and, by an audit hook, opening files outside the
standard library, sockets, processes, signals and ctypes. Not covered: an attack on the interpreter itself. It is made
for code from this project and from language models, not for code that somebody wrote to break out.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import json
import resource
import signal
import sys
import types
from typing import Any

_CALL_TIMEOUT_S = 0.25
_LONGEST_SHOWN = 2000
_MOST_ITEMS = 20_000
_REFUSED = ("socket.", "subprocess.", "os.", "shutil.", "ctypes.", "signal.", "ftplib.", "urllib.", "winreg.", "pty.")
_ALLOWED = ("os.listdir", "os.scandir", "os.putenv", "os.add_dll_directory")


class CallTimeoutError(BaseException):
    """A call ran too long; not an Exception, so that the code under test cannot catch it by accident."""


def _limit_resources() -> None:
    memory = 768 * 1024 * 1024
    for kind, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, 600),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, mode = str(arguments[0]), arguments[1]
        reads = mode is None or set(str(mode)) <= set("rbt")
        if not reads or not path.startswith((sys.base_prefix, sys.prefix, "<")):
            raise PermissionError(f"opening {path} is refused")
    elif event == "sqlite3.connect" and arguments[0] != ":memory:":
        raise PermissionError("only databases in memory are allowed")
    elif event.startswith(_REFUSED) and event not in _ALLOWED:
        raise PermissionError(f"{event} is refused")


def _canonical(value: Any) -> str:
    """Text that is equal for equal values: floats to 10 digits, sets and mappings in order of their text."""
    if isinstance(value, float):
        return f"float:{value:.10g}"
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{_canonical(k)}:{_canonical(v)}" for k, v in value.items())) + "}"
    if isinstance(value, set | frozenset):
        return "set(" + ",".join(sorted(map(_canonical, value))) + ")"
    if isinstance(value, list | tuple):
        return type(value).__name__ + "[" + ",".join(map(_canonical, value)) + "]"
    return f"{type(value).__name__}:{value!r}"


def _materialised(value: Any) -> Any:
    if isinstance(value, types.GeneratorType | map | filter | zip):
        return [item for item, _ in zip(value, range(_MOST_ITEMS), strict=False)]
    return value


def _outcome(function: Any, text: str) -> dict[str, Any]:
    """What a call gave: its value, or the error with the line of the program where it was raised."""
    arguments = copy.deepcopy(ast.literal_eval(text))
    signal.setitimer(signal.ITIMER_REAL, _CALL_TIMEOUT_S)
    try:
        value = _materialised(function(*arguments))
        signal.setitimer(signal.ITIMER_REAL, 0)
        return {"key": _canonical((value, arguments)), "shown": repr(value)[:_LONGEST_SHOWN], "error": ""}
    except CallTimeoutError:
        return {"key": "", "shown": "", "error": "Timeout", "message": "", "line": 0}
    except BaseException as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return {"key": "", "shown": "", **_described(error)}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _described(error: BaseException) -> dict[str, Any]:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<program>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"error": type(error).__name__, "message": str(error)[:300], "line": line}


def _run(program: dict[str, Any], calls: list[str]) -> list[dict[str, Any]]:
    namespace: dict[str, Any] = {"__name__": "program"}
    signal.setitimer(signal.ITIMER_REAL, 4 * _CALL_TIMEOUT_S)
    try:
        exec(compile(program["source"], "<program>", "exec"), namespace)  # noqa: S102  # the purpose of this file
        function = namespace[program["entry"]] if program["entry"] else None
    except CallTimeoutError:
        return [{"key": "", "shown": "", "error": "Timeout", "message": "", "line": 0}]
    except BaseException as error:
        return [{"key": "", "shown": "", **_described(error)}]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if function is None:
        return [{"key": "ran", "shown": "", "error": ""}]
    return [_outcome(function, call) for call in calls]


def _on_alarm(_number: int, _frame: Any) -> None:
    raise CallTimeoutError


def main() -> None:
    """Answer requests until standard input ends."""
    import bisect, collections, datetime, heapq, itertools, math, re, secrets, sqlite3, statistics  # noqa: E401, F401, I001, PLC0415
    import functools, hashlib, operator, random, string, typing  # noqa: E401, F401, I001

    signal.signal(signal.SIGALRM, _on_alarm)
    _limit_resources()
    replies = sys.stdout
    sys.addaudithook(_refuse)
    for line in sys.stdin:
        request = json.loads(line)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            answer = [_run(program, request["calls"]) for program in request["programs"]]
        replies.write(json.dumps(answer) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
