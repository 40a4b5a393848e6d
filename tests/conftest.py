"""Real parts that tests share: the benchmark data where it is there, and nothing from the network."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).parent.parent
RUN_VARIABLE = "TEST_RUN_OF_CODERAG"  # processes that tests start inherit it: so leftovers of this run are known
os.environ[RUN_VARIABLE] = uuid.uuid4().hex
MARKS_BY_FIXTURE = {"browser": ("browser", "slow"), "server": ("server",), "socket": ("server",)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures they use; what no fixture tells is marked in the file itself."""
    for item in items:
        for fixture, marks in MARKS_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                for mark in marks:
                    item.add_marker(mark)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where a server, a browser or an orphan of a test outlives it."""
    end = time.monotonic() + 10
    while (left := leftover_processes()) and time.monotonic() < end:
        time.sleep(0.2)  # what lost its parent a moment ago is about to end
    if left:
        raise RuntimeError("These processes of tests are still running:\n" + "\n".join(left))


def leftover_processes() -> list[str]:
    """Processes that tests of this run started and nobody ended, as ``PID COMMAND``; none where there is no /proc.

    Children that read a pipe of this process, such as those that run SQL for an engine, end when it does.
    """
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marked = f"{RUN_VARIABLE}={os.environ[RUN_VARIABLE]}".encode() in (folder / "environ").read_bytes()
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (OSError, ValueError, IndexError):
            continue  # it has just ended, or is another user's
        program = Path(command.split(" ")[0]).name
        ours = parent == os.getpid() and program.startswith("python") and "streamlit" not in command
        if marked and command and int(folder.name) not in (os.getpid(), os.getppid()) and not ours:
            left.append(f"{folder.name} {command[:150]}")
    return left


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The benchmark data beside the checkout; tests that measure on it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the benchmark data is not at {folder}; its README says where the originals are published")
    return folder


@pytest.fixture
def saved_index(tmp_path: Path) -> Path:
    """A folder with an index of twenty examples."""
    from example_index import make_index  # loads LlamaIndex, which most tests need not

    make_index().save(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _state_in_a_folder_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep histories and settings of tests, and of the programs they start, apart from the user's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("CODERAG_PROFILES_DIR", str(tmp_path_factory.mktemp("profiles")))


@pytest.fixture(autouse=True)
def _no_look_up_of_other_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that so much as looks up a host other than this one."""
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str | bytes | None, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"):
            asked.append(str(name))
            raise socket.gaierror(f"tests do not look up {name}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    assert not asked, f"looked up {asked}"
