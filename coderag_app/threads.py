"""How many threads llama.cpp and torch compute with, and how those threads wait for each other: decided here alone.

Threads of one computation meet hundreds of times a token. GCC's OpenMP lets the early ones spin in a loop, which is
fastest where every thread has a core to itself and stops everything where one does not: the late thread waits for a
core that is busy waiting for it. So spinning is kept short, and a computation gets no more threads than it gains from.

What the user set has the last word: ``OMP_WAIT_POLICY``, ``GOMP_SPINCOUNT`` or ``KMP_BLOCKTIME`` for the waiting,
``OMP_NUM_THREADS`` or the setting ``threads`` for the number. A program that loads CodeRAG keeps its own settings:
environment variables are set only while a library loads, torch's threads only for the calls of the encoder and in the
thread that makes them. A library that the program itself loaded before waits as it did.

FAISS searches for one vector in one thread; nothing need be set for it but the waiting.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

# GCC's own is 300,000. Beside two busy processes on two cores, 25 questions took 2.2 to 2.6 s with 1,000, 14 to 15 s
# with 20,000 and often did not end with 300,000; quiet they took 1.2 and 1.1 s.
_SPINS = {"GOMP_SPINCOUNT": "1000"}
_USERS_WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")
_BYTES_A_THREAD = 64 * 2**20  # of a model's weights; with less to read, threads wait longer than they work
_TEXTS_OF_A_QUESTION = 16  # the question, and the candidates that are compared with it; more are a bulk
_CGROUP = Path("/proc/self/cgroup")
_CGROUP_MOUNT = Path("/sys/fs/cgroup")


class _Loading:
    """How many blocks of ``short_waits`` are open; the last one out puts the environment back."""

    lock = threading.Lock()
    blocks = 0
    added: tuple[str, ...] = ()


@contextmanager
def short_waits() -> Iterator[None]:
    """OpenMP libraries that load in the block spin briefly; each copy of one reads the environment once, as it loads.

    The environment is as before when the last of several blocks, in whatever threads, ends.
    """
    with _Loading.lock:
        if not _Loading.blocks and not any(name in os.environ for name in _USERS_WAITING):
            os.environ.update(_SPINS)
            _Loading.added = tuple(_SPINS)
        _Loading.blocks += 1
    try:
        yield
    finally:
        with _Loading.lock:
            _Loading.blocks -= 1
            if not _Loading.blocks:
                for name in _Loading.added:
                    os.environ.pop(name, None)
                _Loading.added = ()


def model_threads(weights_bytes: int, setting: int = 0) -> int:
    """Threads for a model of llama.cpp, to read prompts and to write.

    Args:
        weights_bytes: The size of its file.
        setting: AppConfig's ``threads``, which is taken as it is; 0 decides by the user's OMP_NUM_THREADS, else by the
            size: one thread for every 64 MB, as far as there are CPUs.
    """
    if setting:
        return setting
    wanted = _users_threads() or weights_bytes // _BYTES_A_THREAD
    return max(1, min(wanted, usable_cpus()))


@contextmanager
def encoder_threads(texts: int, setting: int = 0) -> Iterator[None]:
    """What torch computes in the block, in this thread, takes one thread for a question, and the usable CPUs for more.

    The number belongs to the calling thread: torch in other threads of the program is not touched.

    Args:
        texts: How many are embedded.
        setting: AppConfig's ``threads``; 0 decides by OMP_NUM_THREADS, else by the number of texts.
    """
    import torch

    # A thread's first use of torch sets its number; asked for here, that does not undo the limit in the block.
    before = torch.get_num_threads()
    wanted = setting or (usable_cpus() if texts > _TEXTS_OF_A_QUESTION else 1)
    if not setting and (_users_threads() or wanted >= before):
        yield
        return
    with _openmp().limit(limits=wanted, user_api="openmp"):
        yield


@cache
def _openmp() -> Any:
    """The OpenMP libraries of this process; finds those that are loaded, so torch's must be."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def usable_cpus() -> int:
    """CPUs this process may use: those it is bound to, or fewer where a container's quota gives it less time."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(bound, _cpu_quota())))


def _users_threads() -> int:
    """OMP_NUM_THREADS, of which nested regions may have further numbers; 0 where it is not set to a number."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0


def _cpu_quota() -> float:
    """CPUs by the lowest quota of this process's control groups and the groups around them; infinite without one."""
    try:
        lines = _CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return float("inf")
    quotas = [float("inf")]
    for line in lines:
        _number, controllers, group = line.split(":", 2)
        if not controllers:
            mounts = [_CGROUP_MOUNT, _CGROUP_MOUNT / "unified"]
        elif "cpu" in controllers.split(","):
            mounts = [_CGROUP_MOUNT / controllers, _CGROUP_MOUNT / "cpu"]
        else:
            continue
        for mount in mounts:
            inner = mount / group.lstrip("/")  # absent where a container sees its own group as the root
            quotas += [_quota(folder) for folder in (inner, *inner.parents) if folder.is_relative_to(mount)]
    return min(quotas)


def _quota(folder: Path) -> float:
    """CPUs that a control group allows, by version 2's file or version 1's pair."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = ((folder / name).read_text(encoding="ascii") for name in names)
        return int(quota) / int(period) if int(quota) > 0 else float("inf")
    except (OSError, ValueError, ZeroDivisionError):  # no such files, or "max"
        return float("inf")
