"""A full or read-only disk, a closed pipe and killed writers: said plainly, and nothing half-written stays."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coderag_app import files
from coderag_app.chat.history import HistoryStore
from coderag_app.errors import CodeRAGError, HistoryError, TeachingError
from coderag_app.examples.verified_store import VerifiedStore
from coderag_app.sql.ddl import schema_from_ddl
from ui.cli.application import _explained

pytestmark = pytest.mark.slow

SCHEMA = schema_from_ddl("CREATE TABLE t (id INTEGER, name TEXT)")
SMALL_FILES = 2_000  # bytes that a file may have: what a full disk is to a writer


def coderag(*arguments: object, folder: Path, shell: str = "", **limits: int) -> subprocess.CompletedProcess[str]:
    """Run a command as a process; ``shell`` is put behind it."""
    command = f'"{sys.executable}" -m ui.cli "$@" {shell}'

    def limit() -> None:
        if limits:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_size"], limits["file_size"]))

    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "XDG_STATE_HOME": str(folder / "state"),
        "CODERAG_VERIFIED_DIR": str(folder / "verified"),
    }
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}", "coderag", *map(str, arguments)],
        capture_output=True, text=True, cwd=folder, env=environment, preexec_fn=limit, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["values", "--demo"]])
def test_a_full_standard_output_is_no_bug(tmp_path, arguments):
    run = coderag(*arguments, folder=tmp_path, shell="> /dev/full")
    assert run.returncode == 1
    remedy = "free some space, or write to another disk."
    assert run.stderr.strip() == f"Error: standard output: No space left on device; {remedy}"


def test_full_standard_streams_leave_the_exit_code(tmp_path):
    run = coderag("values", "--demo", folder=tmp_path, shell="> /dev/full 2> /dev/full")
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "")


def test_a_reader_that_left_is_met_in_silence(tmp_path):
    run = coderag("values", "--demo", folder=tmp_path, shell="| head -1")
    assert (run.returncode, run.stderr) == (141, "")
    assert len(run.stdout.splitlines()) == 1


def test_closed_standard_streams_are_no_bug(tmp_path):
    assert coderag("values", "--demo", folder=tmp_path, shell=">&-").returncode == 0
    run = coderag("values", "--nonsense", folder=tmp_path, shell="2>&-")
    assert (run.returncode, run.stderr) == (2, "")


@pytest.fixture
def taught(tmp_path: Path) -> VerifiedStore:
    store = VerifiedStore(tmp_path / "verified", "demo")
    store.folder.mkdir()
    store.path.write_text("-- question: Old?\nSELECT 1 AS a;\n" + "-- a remark\n" * 300)
    return store


def test_teaching_on_a_full_disk_keeps_the_old_pairs(tmp_path, taught):
    before = taught.path.read_bytes()
    arguments = ["teach", "--demo", "-q", "How many stores?", "--sql", "SELECT COUNT(*) FROM stores"]
    run = coderag(*arguments, folder=tmp_path, file_size=SMALL_FILES)
    assert run.returncode == 1 and "bug" not in run.stderr
    assert f"{taught.path} cannot be written" in run.stderr and "File too large" in run.stderr
    assert taught.path.read_bytes() == before
    assert [path.name for path in taught.folder.iterdir() if path.name.startswith(".coderag-")] == []


def test_switching_a_column_off_on_a_full_disk_says_so(tmp_path):
    unread = tmp_path / "verified" / "demo.unread"
    unread.parent.mkdir()
    unread.write_text("# remark\n" * 400)
    run = coderag("values", "--demo", "--off", "customers.email", folder=tmp_path, file_size=SMALL_FILES)
    assert run.returncode == 2 and "bug" not in run.stderr
    assert f"{unread} cannot be written" in run.stderr and "File too large" in run.stderr
    assert unread.read_text() == "# remark\n" * 400


def test_another_writer_is_said_and_is_no_bug(tmp_path, monkeypatch):
    from filelock import FileLock

    from coderag_app.examples import unmatched_columns

    monkeypatch.setattr(unmatched_columns, "_LOCK_TIMEOUT_S", 0.1)
    columns = unmatched_columns.UnmatchedColumns(tmp_path / "shop.unread")
    script = (
        "import sys, time\nfrom filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    lock = tmp_path / "shop.unread.lock"
    other = subprocess.Popen([sys.executable, "-c", script, lock], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(CodeRAGError, match=r"shop\.unread is being written by another program; try again"):
            columns.switch("customers", "email", on=False)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    with FileLock(lock, timeout=5):
        pass


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as rest, contextlib.suppress(OSError):
        while rest.write(b"\0" * 1024):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_history_on_a_full_disk_is_refused_and_can_still_be_listed(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine mounts no small disk")
    try:
        store = HistoryStore(disk / "history.sqlite")
        store.new("Kept", "shop")
        fill(disk / "rest")
        for _ in range(2):
            with pytest.raises(HistoryError, match=r"history\.sqlite cannot be used: .*; (free|check)"):
                store.new("x" * 100, "y" * 20_000)
        assert [summary.title for summary in store.conversations()] == ["Kept"]
        pairs = VerifiedStore(disk / "verified", "shop")
        with pytest.raises(TeachingError, match=r"shop\.sql cannot be written: .*No space left on device"):
            pairs.add("How many?", "SELECT count(*) FROM t", SCHEMA)
        assert pairs.all() == ()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_the_system_refuses_is_explained_and_a_bug_stays_one():
    message, code = _explained(OSError(28, "No space left on device", "/srv/x"))
    assert (message, code) == ("/srv/x: No space left on device; free some space, or write to another disk.", 1)
    assert "bug in CodeRAG" in _explained(ValueError("x"))[0]


# --- leftovers ---

WRITER = """
import os, sys
from pathlib import Path
from coderag_app import files
real = os.fsync
def stop(descriptor):
    print("writing", flush=True)
    sys.stdin.read()
os.fsync = stop
files.write_atomically(Path(sys.argv[1]), "new")
"""


def start_writer(path: Path) -> subprocess.Popen:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert writer.stdout.readline() == "writing\n"
    return writer


def test_leftovers_of_killed_writers_go_and_those_of_living_ones_stay(tmp_path):
    store = VerifiedStore(tmp_path, "shop")
    store.add("Old?", "SELECT count(*) FROM t", SCHEMA)
    before = store.path.read_text()
    killed, living = start_writer(store.path), start_writer(store.path)
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert len(list(tmp_path.glob(".coderag-*"))) == 2
        assert len(VerifiedStore(tmp_path, "shop").all()) == 1  # as at the next start
        assert len(list(tmp_path.glob(".coderag-*"))) == 1
        assert store.path.read_text() == before
        living.stdin.close()
        assert living.wait(timeout=30) == 0
        assert store.path.read_text() == "new" and list(tmp_path.glob(".coderag-*")) == []
    finally:
        for writer in (killed, living):
            writer.kill()
            writer.wait()
            writer.stdin.close()
            writer.stdout.close()


def test_a_file_of_another_program_is_no_leftover(tmp_path):
    for name in (".coderag-config", "x.unfinished", ".coderag-link.unfinished"):
        (tmp_path / name).write_text("kept") if "link" not in name else (tmp_path / name).symlink_to("/etc/passwd")
    files.remove_leftovers(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3 and Path("/etc/passwd").exists()


def test_new_files_are_private_and_old_ones_keep_their_permissions(tmp_path):
    store = VerifiedStore(tmp_path / "verified", "shop")
    store.add("One?", "SELECT count(*) FROM t", SCHEMA)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (store.folder, *store.folder.iterdir())}
    assert modes == {"verified": "0o700", "shop.sql": "0o600", ".shop.sql.lock": "0o600"}
    store.path.chmod(0o664)
    store.add("Two?", "SELECT count(name) FROM t", SCHEMA)
    assert store.path.stat().st_mode & 0o777 == 0o664
    assert [pair.question for pair in store.all()] == ["One?", "Two?"]
