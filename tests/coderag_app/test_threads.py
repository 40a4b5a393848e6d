"""How many threads are chosen, from what the machine, its containers and the user say; all of it in one module."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from coderag_app import threads
from coderag_app.settings import AppConfig
from coderag_app.threads import encoder_threads, model_threads, short_waits, usable_cpus

ROOT = Path(__file__).parents[2]
MB = 2**20


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch):
    for name in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def eight_cpus(monkeypatch, tmp_path):
    """A process bound to eight CPUs, in no control group."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(threads, "_CGROUP", tmp_path / "absent")
    monkeypatch.setattr(threads, "_CGROUP_MOUNT", tmp_path / "cgroup")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no processes to CPUs")
def test_the_cpus_a_process_is_bound_to_count_and_not_those_of_the_machine():
    code = (
        "import os; from coderag_app.threads import model_threads, usable_cpus;"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "print(usable_cpus(), model_threads(10**12))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.split() == ["1", "1"]


GROUPS = {
    "v2": ("0::/box\n", {"box/cpu.max": "300000 100000\n"}, 3),
    "v2 without a limit": ("0::/box\n", {"box/cpu.max": "max 100000\n"}, 8),
    "v2, less than one CPU": ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
    "v2, two and a half CPUs": ("0::/\n", {"cpu.max": "250000 100000\n"}, 2),
    "v2, more than there are": ("0::/\n", {"cpu.max": "6400000 100000\n"}, 8),
    "v2, a tighter group around": (
        "0::/outer/inner\n",
        {"outer/cpu.max": "200000 100000", "outer/inner/cpu.max": "400000 100000"},
        2,
    ),
    "v2, the container's own root": ("0::/docker/abc\n", {"cpu.max": "200000 100000\n"}, 2),
    "v1": (
        "5:memory:/box\n4:cpu,cpuacct:/box\n",
        {"cpu,cpuacct/box/cpu.cfs_quota_us": "400000\n", "cpu,cpuacct/box/cpu.cfs_period_us": "100000\n"},
        4,
    ),
    "v1 without a limit": (
        "1:cpu:/\n0::/\n",
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
        8,
    ),
    "both versions": (
        "1:cpu:/\n0::/\n",
        {"cpu/cpu.cfs_quota_us": "500000", "cpu/cpu.cfs_period_us": "100000", "unified/cpu.max": "200000 100000"},
        2,
    ),
    "a limit of memory alone": ("3:memory:/box\n", {"memory/box/memory.limit_in_bytes": "1000\n"}, 8),
    "unreadable numbers": ("0::/\n", {"cpu.max": "many 0\n"}, 8),
}


@pytest.mark.parametrize(("lines", "files", "cpus"), GROUPS.values(), ids=list(GROUPS))
def test_a_containers_quota_counts(eight_cpus, monkeypatch, tmp_path, lines, files, cpus):
    (tmp_path / "own").write_text(lines)
    for name, text in files.items():
        (tmp_path / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cgroup" / name).write_text(text)
    monkeypatch.setattr(threads, "_CGROUP", tmp_path / "own")
    assert usable_cpus() == cpus
    assert model_threads(10**12) == cpus


@pytest.mark.parametrize(("weights", "expected"), [(6 * MB, 1), (200 * MB, 3), (1100 * MB, 8), (4700 * MB, 8)])
def test_a_larger_model_gets_more_threads_as_far_as_there_are_cpus(eight_cpus, weights, expected):
    assert model_threads(weights) == expected


@pytest.mark.parametrize(
    ("variable", "setting", "expected"),
    [("2", 0, 2), ("4,2", 0, 4), ("64", 0, 8), ("2", 5, 5), ("", 0, 1), ("dynamic", 0, 1), ("0", 0, 1)],
)
def test_the_setting_wins_over_the_users_variable_and_that_over_the_size(
    eight_cpus, monkeypatch, variable, setting, expected
):
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert model_threads(6 * MB, setting) == expected


def test_the_setting_comes_from_its_variable_as_well(monkeypatch):
    monkeypatch.setenv("CODERAG_THREADS", "3")
    assert AppConfig.load().threads == 3
    assert AppConfig.load(threads=1).threads == 1


def test_the_environment_is_as_before_when_the_last_of_several_loads_ends():
    before = dict(os.environ)
    inside, leave = threading.Event(), threading.Event()

    def load() -> None:
        with short_waits():
            inside.set()
            leave.wait(30)

    other = threading.Thread(target=load)
    other.start()
    assert inside.wait(30)
    with short_waits():
        assert os.environ["GOMP_SPINCOUNT"] == "1000"
    assert os.environ["GOMP_SPINCOUNT"] == "1000"  # the other one still loads
    leave.set()
    other.join()
    assert dict(os.environ) == before


def test_a_load_that_fails_leaves_the_environment_as_it_was():
    before = dict(os.environ)
    with pytest.raises(ImportError), short_waits():
        raise ImportError("no such library")
    assert dict(os.environ) == before


@pytest.mark.parametrize("name", ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME"])
def test_waiting_that_the_user_chose_is_left_alone(monkeypatch, name):
    monkeypatch.setenv(name, "passive")
    before = dict(os.environ)
    with short_waits():
        assert dict(os.environ) == before
    assert dict(os.environ) == before


@pytest.fixture
def torch_of_two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_question_is_embedded_in_one_thread_and_torch_elsewhere_is_not_touched(torch_of_two_threads):
    elsewhere = []
    with encoder_threads(1):
        assert torch.get_num_threads() == 1
        other = threading.Thread(target=lambda: elsewhere.append(torch.get_num_threads()))
        other.start()
        other.join()
    assert elsewhere == [2]
    assert torch.get_num_threads() == 2


def test_a_thread_that_never_used_torch_embeds_a_question_in_one_thread_too(torch_of_two_threads):
    found = []

    def embed() -> None:
        with encoder_threads(6):
            torch.ones(4) @ torch.ones(4)
            found.append(torch.get_num_threads())

    thread = threading.Thread(target=embed)
    thread.start()
    thread.join()
    assert found == [1]


@pytest.mark.parametrize(
    ("texts", "setting", "variable", "inside"), [(64, 0, "", 2), (1, 2, "", 2), (1, 0, "2", 2), (64, 1, "", 1)]
)
def test_many_texts_the_setting_and_the_users_variable_change_it(
    torch_of_two_threads, monkeypatch, texts, setting, variable, inside
):
    monkeypatch.setattr(threads, "usable_cpus", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    with encoder_threads(texts, setting):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 2


def test_a_quota_below_what_torch_found_holds_for_many_texts(torch_of_two_threads, monkeypatch):
    monkeypatch.setattr(threads, "usable_cpus", lambda: 1)
    with encoder_threads(64):
        assert torch.get_num_threads() == 1


def test_no_other_module_chooses_the_threads_of_this_process_or_their_waiting():
    # A child's environment may say OMP_NUM_THREADS; that of this process is its user's.
    chosen = re.compile(
        r"environ(?:\.\w+\(|\[)\W*OMP_NUM_THREADS|GOMP_SPINCOUNT|OMP_WAIT_POLICY|set_num_threads|cpu_count\(|sched_getaffinity"
    )
    assert chosen.search('os.environ["OMP_NUM_THREADS"] = "1"') and chosen.search("torch.set_num_threads(1)")
    number = re.compile(r"n_threads(?:_batch)?[\"']?\s*[=:](?!\s*threads\b)")
    files = [path for package in ("coderag_app", "ui", "ingestion") for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 100
    for path in files:
        if path.name != "threads.py":
            text = path.read_text(encoding="utf-8")
            assert not chosen.search(text) and not number.search(text), f"{path} chooses threads"
