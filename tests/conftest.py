"""Real parts that tests share: the benchmark data where it is there, and nothing from the network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).parent.parent


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
