"""A fixture that runs the command line: a pytest plugin for the tests of its commands."""

from __future__ import annotations

import io
import json
import sys

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.llm.llm_loading import LoadedLLM
from ui.cli import main


class Outcome:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def documents(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def coderag(tmp_path, monkeypatch, capsys):
    """Run a command in this process, in an empty folder, with scripted replies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: object, replies: list[str] | None = None, stdin: str = "") -> Outcome:
        llm = ScriptedLLM(replies=replies or ["SELECT COUNT(*) AS n FROM stores"])
        loaded = LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)
        monkeypatch.setattr("coderag_app.llm.llm_loading.load_llm", lambda config: loaded)
        monkeypatch.setattr("coderag_app.loading.load_llm", lambda config: loaded)
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(stop.value.code or 0, captured.out, captured.err)

    return run
