"""Keeps llama.cpp's kernels for Intel's AMX out of the models that are opened.

They end the process at the first token where an older GCC built them (it drops most of the tile configuration that they
load), or where the kernel grants tiles per thread (llama.cpp's issue 20824 and pull request 26954). The other kernels
of the same processors serve; without AMX nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_PROCESSOR = Path("/proc/cpuinfo")  # AMX works on Linux alone


@contextmanager
def without_amx() -> Iterator[None]:
    """Models opened in the block keep their weights as the file has them, where the processor has AMX."""
    if not _has_amx():
        yield
        return
    from llama_cpp import llama_cpp

    defaults = llama_cpp.llama_model_default_params

    def plain() -> Any:
        parameters = defaults()
        parameters.use_extra_bufts = False  # llama-cpp-python passes every other choice on, but not this one
        return parameters

    llama_cpp.llama_model_default_params = plain
    try:
        yield
    finally:
        llama_cpp.llama_model_default_params = defaults


@cache
def _has_amx() -> bool:
    try:
        return "amx_tile" in _PROCESSOR.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
