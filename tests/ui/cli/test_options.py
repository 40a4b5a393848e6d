"""Options that are made from the fields of AppConfig: which there are, what they say, and what they hand on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
import typer.main

from coderag_app.settings import AppConfig
from ui.cli import app
from ui.cli.options import SettingsCommand, command_options, option_names, with_settings

pytest_plugins = ["cli_runner"]
SHARED = ("--storage-dir", "-s", "--database", "-d", "--llm", "-m", "--llm-base-url", "--llm-model", "--embed-model")
LIMITS = ("--top-k", "-k", "--sample-values", "--timeout-s", "--max-rows")
WRITING = (
    "--samples", "--decode-budget-ms", "--rank", "--no-rank", "--reuse", "--no-reuse", "--constrain", "--no-constrain",
    "--link", "--no-link", "--repairs", "--abstain-below",
)  # fmt: skip
SPELLINGS = {
    "ask": (*SHARED, "--demo", "--threads", *LIMITS, *WRITING),
    "chat": (*SHARED, "--demo", "--threads", *LIMITS),
    "ui": (*SHARED, "--threads"),
    "evaluate": (*SHARED, "--top-k", "-k", *WRITING),
    "ingest": ("--storage-dir", "-s", "--embed-model"),
    "teach": ("--database", "-d", "--demo", "--verified-dir"),
    "values": ("--database", "-d", "--demo"),
    "index info": ("--storage-dir", "-s"),
    "index verify": ("--storage-dir", "-s"),
    "index add": ("--storage-dir", "-s", "--embed-model"),
    "index remove": ("--storage-dir", "-s"),
}


def spellings(words: str) -> list[str]:
    """Every option of a command, with those of settings."""
    command = typer.main.get_command(app)
    for word in words.split():
        command = command.commands[word]
    context = command.make_context(words, [], resilient_parsing=True)
    return [name for parameter in command.get_params(context) for name in (*parameter.opts, *parameter.secondary_opts)]


@pytest.mark.parametrize("words", SPELLINGS)
def test_a_command_has_the_options_of_its_settings_each_once(words):
    found = spellings(words)
    assert set(SPELLINGS[words]) <= set(found)
    assert len(found) == len(set(found))


def test_no_two_settings_are_spelled_alike_and_a_key_has_no_option():
    options = command_options()
    names = [word for name, (_, option) in options.items() for part in option_names(name, option)
             for word in part.split("/")]  # fmt: skip
    assert len(names) == len(set(names))
    assert "llm_api_key" not in options
    assert all(field.description for field in AppConfig.model_fields.values())


@pytest.mark.parametrize(
    ("command", "name"), [("ask", "samples"), ("chat", "timeout_s"), ("ui", "llm"), ("evaluate", "link_schema")]
)
def test_the_help_of_an_option_is_the_description_of_its_field(coderag, command, name):
    outcome = coderag(command, "--help")
    assert AppConfig.model_fields[name].description in " ".join(outcome.out.replace("│", " ").split())


def run(*words: str, names: tuple[str, ...]) -> dict:
    """What a command of one own option is handed."""
    seen: list[dict] = []

    @with_settings(*names)
    def command(settings: dict, own: Annotated[int, typer.Option("--own")] = 1) -> None:
        seen.append({**settings, "own": own})

    single = typer.Typer(add_completion=False)
    single.command(cls=SettingsCommand)(command)
    single(words, standalone_mode=False)
    return seen[0]


def test_a_command_is_handed_only_what_was_said():
    assert run(names=("models", "writing")) == {"own": 1}
    assert run("--own", "2", "-m", "bundled", "--no-constrain", "--no-link", names=("models", "writing")) == {
        "own": 2, "llm": "bundled", "constrain": "never", "link_schema": False,
    }  # fmt: skip
    assert run("--samples", "0", "--link", names=("writing",)) == {"own": 1, "samples": 0, "link_schema": True}
    assert run("-s", "there", names=("storage_dir",)) == {"own": 1, "storage_dir": Path("there")}


def test_a_setting_that_there_is_not_is_a_mistake_of_ours():
    with pytest.raises(AssertionError, match="no_such"):
        run(names=("no_such",))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--top-k", "51"], "less than or equal to 50"),
        (["--samples", "65"], "less than or equal to 64"),
        (["--max-rows", "0"], "greater than or equal to 1"),
        (["--repairs", "many"], "valid integer"),
        (["--abstain-below", "1.5"], "less than or equal to 1"),
        (["--timeout-s", "0"], "timeout_s"),
        (["--llm-api-key", "secret"], "No such option"),
    ],
)
def test_a_value_out_of_range_is_wrong_usage(coderag, words, says):
    outcome = coderag("ask", "--demo", *words, "How many stores are there?")
    assert outcome.code == 2
    assert says in " ".join(outcome.err.replace("│", " ").split())


def test_an_option_wins_over_the_variable_and_that_over_the_file(coderag, monkeypatch, tmp_path):
    (tmp_path / "coderag.toml").write_text("max_rows = 3\n")
    rows = {"replies": ["SELECT id FROM orders"]}
    assert len(coderag("ask", "--demo", "--json", "x", **rows).documents[0]["rows"]) == 3
    monkeypatch.setenv("CODERAG_MAX_ROWS", "4")
    assert len(coderag("ask", "--demo", "--json", "x", **rows).documents[0]["rows"]) == 4
    assert len(coderag("ask", "--demo", "--json", "--max-rows", 5, "x", **rows).documents[0]["rows"]) == 5


def test_the_page_gets_what_was_said_as_variables_and_nothing_else(coderag, monkeypatch):
    started = []

    def execve(program, command, environment):
        started.append(environment)
        raise SystemExit(0)

    monkeypatch.setattr("os.execve", execve)
    monkeypatch.delenv("CODERAG_PROFILES_DIR")  # which every test has
    coderag("ui", "-d", "shop.sqlite", "--llm-model", "small", "--threads", "2")
    given = {name: value for name, value in started[0].items() if name.startswith("CODERAG_")}
    given.pop("CODERAG_UI_TOKEN")
    assert given == {"CODERAG_DATABASE": "shop.sqlite", "CODERAG_LLM_MODEL": "small", "CODERAG_THREADS": "2"}


def test_the_help_of_all_commands_needs_no_settings_and_that_of_one_no_models():
    heavy = {"torch", "llama_index", "streamlit"}
    for words, names in ((["--help"], {*heavy, "pydantic", "pydantic_settings"}), (["ask", "--help"], heavy)):
        code = (
            "import sys, json\nfrom ui.cli import main\n"
            f"try: main({words!r})\nexcept SystemExit as stop: assert not stop.code\n"
            f"print('\\n' + json.dumps(sorted({names!r} & set(sys.modules))))"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert json.loads(result.stdout.splitlines()[-1]) == []
