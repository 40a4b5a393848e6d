"""What is written about the command line holds: every command is described, and every example is one that parses."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from coderag_app.settings import AppConfig
from coderag_app.settings_files import FROM_FOLDERS
from ui.cli import app
from ui.cli.settings_table import with_settings_table

MANUAL = Path(__file__).parents[3] / "docs" / "cli.md"


def all_commands(command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    """Every command with its path; groups are opened."""
    children = getattr(command, "commands", None)
    if children is None:
        return {path: command}
    return {name: leaf for key, child in children.items() for name, leaf in all_commands(child, (*path, key)).items()}


COMMANDS = all_commands(typer.main.get_command(app))
EXAMPLE = re.compile(r"(?:^|&& |\| |[A-Z_]+=\S+ )(coderag [^|>&]*)", re.MULTILINE)


def examples_in(text: str) -> list[str]:
    return [match.strip() for match in EXAMPLE.findall(text)]


def assert_parses(example: str) -> None:
    """The command exists, and so does every option of the line, with a value where it takes one."""
    words = shlex.split(example)[1:]
    names = next((name for name in COMMANDS if tuple(words[: len(name)]) == name), None)
    if names is None:
        assert words[0].startswith("-"), f"no such command: {example}"
        return
    command = COMMANDS[names]
    command.make_context(" ".join(names), words[len(names) :], resilient_parsing=False).close()


def test_there_are_the_commands_that_the_product_promises():
    names = {" ".join(name) for name in COMMANDS}
    index = {"index info", "index verify", "index add", "index remove"}
    history = {f"history {verb}" for verb in ("list", "show", "export", "rename", "delete")}
    code = {
        f"code {verb}"
        for verb in ("index", "search", "ask", "evaluate", "symbol", "callers", "tests", "status", "verify")
    }
    single = "mcp ingest ask chat teach models ui evaluate compare evaluate-encoder train synthesize values".split()
    assert names == {*single, "train-query-encoder", *index, *history, *code}


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_has_a_section_with_an_example_in_the_manual(name):
    title = f"## coderag {' '.join(name)}\n"
    text = MANUAL.read_text(encoding="utf-8")
    assert title in text
    section = text.split(title)[1].split("\n## ")[0]
    assert f"    coderag {' '.join(name)}" in section


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_help_text_has_examples_that_parse(name):
    command = COMMANDS[name]
    lines = [line.replace("\\[", "[") for line in command.epilog.splitlines()[1:]]
    assert command.help
    assert lines
    for line in lines:
        (example,) = examples_in(line.partition("   #")[0])
        assert example.startswith(f"coderag {' '.join(name)}")
        assert_parses(example)


def test_every_example_of_the_manual_parses():
    indented = [line.strip() for line in MANUAL.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    examples = [example for line in indented for example in examples_in(line)]
    assert len(examples) >= 30
    for example in examples:
        assert_parses(example)


def test_an_example_with_an_unknown_option_would_be_noticed():
    with pytest.raises(Exception, match="No such option"):
        assert_parses("coderag ask --no-such-option x")


def test_the_table_of_settings_is_what_the_fields_say():
    text = MANUAL.read_text(encoding="utf-8")
    assert with_settings_table(text) == text, "run: python -m ui.cli.settings_table docs/cli.md"


def test_the_manual_names_every_setting_that_a_folder_may_not_set_at_will():
    (table,) = re.findall(r"\| setting \| what a folder.*?\n\n", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    marked = {name for name, field in AppConfig.model_fields.items() if FROM_FOLDERS in (field.json_schema_extra or {})}
    named = {name for line in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == marked
