"""Search queries from descriptions: short, lower case, and about functions that are really there."""

import ast
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from coderag_app.errors import ConfigurationError
from finetune.encoder import mix_rows as mix_command
from finetune.encoder import search_rows as module
from finetune.encoder.code_rows import code_rows
from finetune.encoder.mix_rows import mix_rows
from finetune.encoder.search_rows import search_query, search_rows
from finetune.encoder.training_rows import read_rows, write_rows

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def found_rows():
    """Search rows of Python's library, read once: parsing it takes seconds."""
    rows = search_rows(400, seed=1)
    assert len(rows) == 400
    return rows


@pytest.mark.parametrize(
    ("description", "asked"),
    [
        ("Returns the number of bytes read, or None.", "return"),
        ("Searches a text.", "search"),
        ("Compresses the data in one shot.", "compress"),
        ("Check whether a path exists.", "check"),
    ],
)
def test_a_description_that_starts_with_a_verb_is_asked_for_in_its_base_form(description, asked):
    queries = [search_query(description, Random(seed)) for seed in range(40)]
    assert all(asked in query.split() for query in queries)
    assert any(query.startswith("how to") for query in queries)


def test_a_description_without_a_verb_is_not_asked_for_by_how_to():
    queries = {search_query("The closest integer to a/b; ties go up.", Random(seed)) for seed in range(40)}
    assert not any("how to" in query or "function to" in query for query in queries)
    assert all("closest integer" in query and "ties" not in query for query in queries)


def test_queries_are_short_and_lower_case_and_each_comes_once(found_rows):
    rows = found_rows
    assert len({row.anchor for row in rows}) == 400
    for row in rows:
        assert row.anchor == row.anchor.lower()
        assert 3 <= len(row.anchor.split()) <= 13


def test_half_of_the_functions_keep_their_docstring(found_rows):
    documented = 0
    rows = [row for row in found_rows if not row.positive.lstrip().startswith("@")]
    for row in rows:
        functions = [node for node in ast.parse(row.positive).body if isinstance(node, ast.FunctionDef)]
        documented += ast.get_docstring(functions[0]) is not None
    assert 0.4 < documented / len(rows) < 0.6


def test_descriptions_of_the_same_folder_stay_as_they_were():
    rows = code_rows(50, seed=1)
    assert len(rows) == 50
    assert all(row.task == "code_description" and '"""' not in row.positive.split("\n")[1] for row in rows)


def test_the_command_writes_the_rows_of_the_folders_it_is_given(tmp_path):
    import typer

    app = typer.Typer()
    app.command()(module.main)
    out = tmp_path / "searches.jsonl"
    told = ["--folder", str(ROOT / "finetune/evaluation"), "--folder", str(ROOT / "ingestion"), "--count", "60"]
    found = CliRunner().invoke(app, [str(out), *told])
    assert found.exit_code == 0, found.output
    rows = read_rows([out])
    assert f"{len(rows)} rows" in found.output
    assert len({row.group for row in rows}) > 5
    assert {row.task for row in rows} == {"code_search"}


def test_a_mixture_takes_so_many_rows_of_each_file_and_keeps_neighbours(tmp_path, found_rows):
    rows = found_rows[:200]
    write_rows(rows, tmp_path / "a.jsonl")
    write_rows(code_rows(80, seed=2), tmp_path / "b.jsonl")
    mixed = mix_rows([(tmp_path / "a.jsonl", 90), (tmp_path / "b.jsonl", 40)], seed=5)
    assert [row.task for row in mixed] == ["code_search"] * 90 + ["code_description"] * 40
    places = {row: i for i, row in enumerate(rows)}
    steps = [places[second] - places[first] for first, second in zip(mixed, mixed[1:90], strict=False)]
    assert steps.count(1) > 80
    assert mix_rows([(tmp_path / "a.jsonl", 90)], seed=6) != mixed[:90]
    short = mix_rows([(tmp_path / "a.jsonl", 10)], longest=300)
    assert max(len(row.positive) for row in short) <= 300


def test_a_mixture_of_more_rows_than_there_are_is_refused(tmp_path, found_rows):
    write_rows(found_rows[:10], tmp_path / "a.jsonl")
    with pytest.raises(ConfigurationError, match="has 10 rows that fit, expected 11 or more"):
        mix_rows([(tmp_path / "a.jsonl", 11)])


def test_the_command_mixes_files_and_says_what_it_expects(tmp_path, found_rows):
    import typer

    app = typer.Typer()
    app.command()(mix_command.main)
    write_rows(found_rows[:10], tmp_path / "a.jsonl")
    found = CliRunner().invoke(app, [str(tmp_path / "mix.jsonl"), f"{tmp_path}/a.jsonl=4"])
    assert "4 rows" in found.output
    assert len(read_rows([tmp_path / "mix.jsonl"])) == 4
    refused = CliRunner().invoke(app, [str(tmp_path / "mix.jsonl"), "a.jsonl"])
    assert "expected FILE=COUNT" in str(refused.exception)
