"""The index of a repository: up to date by content, equal to a fresh one, safe against kills and damage."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from code_repository import FILES, generation_bytes, write_repository

from coderag_app.code.code_index import CodeIndex, code_index_lock
from coderag_app.errors import IndexStoreError, IngestionError
from ingestion.repository.checking import differences
from ingestion.repository.refresh import refresh
from ingestion.repository.watching import watch


@pytest.fixture
def repository(tmp_path) -> Path:
    return write_repository(tmp_path / "shop")


def contents(folder: Path) -> dict[str, bytes]:
    return generation_bytes(folder, CodeIndex.load(folder).manifest.generation)


def test_an_index_that_went_through_edits_equals_a_fresh_one_byte_for_byte(repository, tmp_path):
    draw = random.Random(7)
    refresh(repository, tmp_path / "edited")
    for step in range(12):
        path = repository / draw.choice(["shop/session.py", "web/cart.ts", f"new/n{step % 3}.py", "README.md"])
        if path.exists() and draw.random() < 0.3:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            names = " ".join(draw.choice("alpha beta gamma delta".split()) for _ in range(5))
            path.write_text(f"# {names}\ndef step_{step}():\n    return close({step})\n")
        refresh(repository, tmp_path / "edited")
        refresh(repository, tmp_path / f"fresh{step}")
        assert contents(tmp_path / "edited") == contents(tmp_path / f"fresh{step}")


def test_only_what_changed_is_read(repository, tmp_path):
    first = refresh(repository, tmp_path / "index")
    assert (first.read, first.kept) == (len(FILES), 0)
    (repository / "README.md").write_text("# Shop\n\nSells other things.\n")
    os.utime(repository / "deploy.cfg")
    second = refresh(repository, tmp_path / "index")
    assert (second.read, second.kept, second.removed) == (1, len(FILES) - 1, 1)
    third = refresh(repository, tmp_path / "index")
    assert not third.changed


def test_a_change_that_keeps_size_and_date_is_seen(repository, tmp_path):
    path = repository / "deploy.cfg"
    refresh(repository, tmp_path / "index")
    before = path.stat()
    path.write_text(path.read_text().replace("north", "south"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert refresh(repository, tmp_path / "index").read == 1


def test_a_file_that_is_gone_leaves_the_index(repository, tmp_path):
    refresh(repository, tmp_path / "index")
    (repository / "web/cart.ts").unlink()
    report = refresh(repository, tmp_path / "index")
    assert report.removed == 1
    assert "web/cart.ts" not in {file.path for file in CodeIndex.load(tmp_path / "index").files()}


def test_an_index_inside_the_repository_does_not_index_itself(repository):
    refresh(repository, repository / "index")
    assert not refresh(repository, repository / "index").changed


def test_names_that_are_no_utf8_and_control_characters_are_indexed(tmp_path):
    repository = write_repository(tmp_path / "odd", {"a.py": "x = 1\n"})
    (repository / "line\nbreak\x1b[31m.py").write_text("def inside_break():\n    pass\n")
    (repository / os.fsdecode(b"caf\xe9.py")).write_text("def inside_latin():\n    pass\n")
    index = CodeIndex.load(refresh(repository, tmp_path / "index").folder)
    assert {symbol.name for file in index.files() for symbol in file.symbols} >= {"inside_break", "inside_latin"}


def test_nothing_to_index_says_what_was_left_out(tmp_path):
    repository = write_repository(tmp_path / "empty", {"logo.png": "x", "empty.py": ""})
    with pytest.raises(IngestionError, match=r"no text to index \(1 binary, 1 empty\)"):
        refresh(repository, tmp_path / "index")


def test_a_second_writer_waits_and_is_told(repository, tmp_path, monkeypatch):
    code = "from pathlib import Path; from coderag_app.code.code_index import code_index_lock as lock\nimport time\n"
    code += f"with lock(Path({str(tmp_path / 'index')!r})): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(IndexStoreError, match="Another process is indexing"),
            code_index_lock(tmp_path / "index", 0.1),
        ):
            pass
    finally:
        holder.kill()
        holder.wait()
    assert refresh(repository, tmp_path / "index").read == len(FILES)


@pytest.mark.parametrize("name", ["files.msgpack", "words-documents.npy", "words-words.txt", "unit_first.npy"])
def test_damage_is_found_and_mended(repository, tmp_path, name):
    index = CodeIndex.load(refresh(repository, tmp_path / "index").folder)
    good = contents(tmp_path / "index")
    path = tmp_path / "index" / index.manifest.generation / name
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    with pytest.raises(IndexStoreError, match="is damaged"):
        CodeIndex.load(tmp_path / "index").check()
    refresh(repository, tmp_path / "index", fresh=True)
    CodeIndex.load(tmp_path / "index").check()
    assert contents(tmp_path / "index") == good


@pytest.mark.parametrize("text", ["", "{", '{"generation": "../../etc"}'])
def test_a_damaged_manifest_is_built_anew(repository, tmp_path, text):
    refresh(repository, tmp_path / "index")
    (tmp_path / "index" / "code-manifest.json").write_text(text)
    with pytest.raises(IndexStoreError):
        CodeIndex.load(tmp_path / "index")
    assert refresh(repository, tmp_path / "index").read == len(FILES)


def test_the_repository_is_compared_by_content(repository, tmp_path):
    index = CodeIndex.load(refresh(repository, tmp_path / "index").folder)
    assert differences(index) == []
    (repository / "deploy.cfg").write_text("region = south\n")
    (repository / "new.py").write_text("x = 1\n")
    (repository / "README.md").unlink()
    assert differences(index) == ["changed  deploy.cfg", "new      new.py", "gone     README.md"]


@pytest.mark.slow
def test_a_killed_build_goes_on_and_loses_nothing(tmp_path):
    body = "\n".join(f"def part_{number}(value):\n    return helper_{number}(value)\n" for number in range(400))
    repository = write_repository(tmp_path / "many", {f"m{number}.py": f"# {number}\n{body}" for number in range(40)})
    refresh(repository, tmp_path / "whole")
    code = "from pathlib import Path; import ingestion.repository.refresh as r; r._JOURNAL_EVERY_S = 0\n"
    code += f"r.refresh(Path({str(repository)!r}), Path({str(tmp_path / 'index')!r}))"
    for wait in (0.0, 0.02, 0.05):
        process = subprocess.Popen([sys.executable, "-c", code])
        journal = tmp_path / "index" / "journal.msgpack"
        ends = time.monotonic() + 20
        before = journal.stat().st_size if journal.exists() else 0
        while process.poll() is None and time.monotonic() < ends:
            if journal.exists() and journal.stat().st_size > before + 200_000:
                break
            time.sleep(0.01)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    report = refresh(repository, tmp_path / "index")
    assert report.resumed > 0
    assert contents(tmp_path / "index") == contents(tmp_path / "whole")
    assert not (tmp_path / "index" / "journal.msgpack").exists()


@pytest.mark.slow
def test_no_kill_of_a_refresh_loses_the_index(tmp_path):
    draw = random.Random(3)
    text = "\n".join(f"def part_{number}(value):\n    return helper(value)\n" for number in range(60))
    repository = write_repository(tmp_path / "many", {f"m{number}.py": f"# {number}\n{text}" for number in range(12)})
    refresh(repository, tmp_path / "index")
    for step in range(60):
        (repository / f"m{step % 12}.py").write_text(f"# step {step}\n{text}")
        child = os.fork()
        if child == 0:  # pragma: no cover  # it is killed
            refresh(repository, tmp_path / "index")
            os._exit(0)
        time.sleep(draw.uniform(0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        CodeIndex.load(tmp_path / "index").check()
    refresh(repository, tmp_path / "index")
    refresh(repository, tmp_path / "fresh")
    assert contents(tmp_path / "index") == contents(tmp_path / "fresh")


@pytest.mark.slow
def test_a_watched_repository_is_followed(repository, tmp_path):
    stop = threading.Event()
    reports = watch(repository, tmp_path / "index", stop)
    assert next(reports).read == len(FILES)
    threading.Timer(0.3, lambda: (repository / "new.py").write_text("def arrives():\n    pass\n")).start()
    report = next(reports)
    assert report.read == 1
    assert "new.py" in {file.path for file in CodeIndex.load(report.folder).files()}
    stop.set()
    assert list(reports) == []
