"""The command line as a process of its own: imports, pipes, signals, a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SUPPORT = Path(__file__).parents[2] / "support"


def scripted_environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "SCRIPTED_REPLIES": " => SELECT COUNT(*) AS n FROM stores", **variables}


def read_until(descriptor: int, wanted: bytes, timeout_s: float = 60) -> bytes:
    """Read a terminal until the text has come."""
    import select

    seen, end = b"", time.monotonic() + timeout_s
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0, end - time.monotonic()))
        assert ready, f"{wanted!r} did not come; got {seen[-500:]!r}"
        seen += os.read(descriptor, 65536)
    return seen


def test_help_imports_no_heavy_library():
    code = (
        "import sys\nfrom ui.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as stop: assert not stop.code\n"
        "heavy = {'torch', 'llama_index', 'faiss', 'streamlit', 'numpy', 'sqlglot', 'datasets', 'pydantic_settings'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in result.stdout
    assert result.stdout.rstrip().endswith("LOADED []")


@pytest.mark.model
def test_the_bundled_model_leaves_standard_output_to_the_document(tmp_path):
    command = [
        sys.executable,
        "-m",
        "ui.cli",
        "ask",
        "--demo",
        "--llm",
        "bundled",
        "--json",
        "How many stores are there?",
    ]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    (line,) = result.stdout.splitlines()
    document = json.loads(line)
    assert document["model"] == "coderag-sql (bundled)"
    assert result.returncode == (0 if document["status"] in ("answered", "repaired") else 1)


def test_a_closed_pipe_is_met_in_silence(tmp_path):
    questions = "q\n" * 200
    command = [sys.executable, str(SUPPORT / "scripted_coderag.py"), "ask", "--demo", "--json", "--file", "-"]
    ask = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=scripted_environment(), cwd=tmp_path,
    )  # fmt: skip
    ask.stdin.write(questions)
    ask.stdin.close()
    assert json.loads(ask.stdout.readline())["rows"] == [[12]]
    ask.stdout.close()
    assert ask.wait(timeout=60) == 141  # as a shell shows a program that SIGPIPE ended
    assert ask.stderr.read() == ""


def test_an_interrupt_ends_the_command_without_a_traceback(tmp_path):
    command = [sys.executable, str(SUPPORT / "scripted_coderag.py"), "ask", "--demo", "--json", "--file", "-"]
    ask = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=scripted_environment(), cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    ask.stdin.write("q\n")
    ask.stdin.flush()
    ask.stdout.readline()  # it waits for the next question now
    ask.send_signal(signal.SIGINT)
    assert ask.wait(timeout=60) == 130
    assert "Traceback" not in ask.stderr.read()


def test_chat_remembers_the_lines_in_a_file_of_the_user_alone(tmp_path):
    pty = pytest.importorskip("pty")
    environment = scripted_environment(XDG_STATE_HOME=str(tmp_path), TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1")
    leader, follower = pty.openpty()
    command = [sys.executable, str(SUPPORT / "scripted_coderag.py"), "chat", "--demo"]
    chat = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment, cwd=tmp_path)
    os.close(follower)
    try:
        read_until(leader, b"demo>")
        os.write(leader, b"How many stores?\r")
        read_until(leader, b"Sources")
        read_until(leader, b"demo>")
        os.write(leader, b"/quit\r")
        assert chat.wait(timeout=30) == 0
    finally:
        chat.kill()
        os.close(leader)
    history = tmp_path / "coderag" / "chat_history"
    assert "+How many stores?" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0
