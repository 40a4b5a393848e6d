"""The switches of how SQL is written, from the command line to the engine and the record of a run."""

import json
from pathlib import Path

import pytest

from coderag_app.settings import AppConfig

pytestmark = pytest.mark.model

pytest_plugins = ["cli_runner"]
SWITCHES = {
    ("--samples", "4"): ("samples", 4),
    ("--decode-budget-ms", "900"): ("decode_budget_ms", 900),
    ("--no-rank",): ("rank_candidates", False),
    ("--no-reuse",): ("reuse_examples", False),
    ("--constrain",): ("constrain", "always"),
    ("--no-constrain",): ("constrain", "never"),
    ("--no-link",): ("link_schema", False),
    ("--repairs", "0"): ("max_repairs", 0),
    ("--abstain-below", "0.5"): ("abstain_below", 0.5),
}


@pytest.mark.parametrize(("words", "setting"), SWITCHES.items(), ids=[" ".join(words) for words in SWITCHES])
def test_a_switch_of_ask_reaches_the_engine(coderag, monkeypatch, words, setting):
    seen = {}
    import ui.cli.options as options

    opened = options.open_engine
    monkeypatch.setattr(options, "open_engine", lambda given: seen.update(given) or opened(given))
    coderag("ask", "--demo", *words, "How many stores are there?")
    name, value = setting
    assert seen[name] == value != AppConfig.model_fields[name].default


def test_without_switches_the_settings_are_left_to_file_and_environment(coderag, monkeypatch):
    monkeypatch.setenv("CODERAG_SAMPLES", "2")
    outcome = coderag("ask", "--demo", "--json", "How many stores are there?")
    assert outcome.documents[0]["confidence"]["agreement"] == 1.0


def test_repairs_that_are_left_out_are_recorded_with_the_run(coderag):
    words = ("--without", "whole_names", "--without", "periods", "--without", "whole_names")
    coderag("evaluate", "demo", "--arms", "none", "--limit", 1, "--run-dir", "run", *words)
    engine = json.loads(Path("run/config.json").read_text())["identity"]["engine"]
    assert engine["without_repairs"] == ["periods", "whole_names"]


@pytest.mark.parametrize(("words", "setting"), SWITCHES.items(), ids=[" ".join(words) for words in SWITCHES])
def test_a_switch_of_evaluate_is_recorded_with_the_run(coderag, words, setting):
    coderag("evaluate", "demo", "--arms", "none", "--limit", 1, "--run-dir", "run", *words)
    engine = json.loads(Path("run/config.json").read_text())["identity"]["engine"]
    name, value = setting
    assert engine[name] == value


def test_votes_and_confidence_are_printed_and_in_the_json(coderag):
    replies = ["SELECT COUNT(*) AS n FROM stores", *["SELECT 1 AS n FROM stores LIMIT 1"] * 2]
    outcome = coderag("ask", "--demo", "--samples", 2, "--json", "How many stores are there?", replies=replies)
    (document,) = outcome.documents
    assert document["rows"] == [[1]]
    assert document["confidence"]["agreement"] == pytest.approx(2 / 3)
    assert [alternative["votes"] for alternative in document["alternatives"]] == [2, 1]
    shown = coderag("ask", "--demo", "--samples", 2, "How many stores are there?", replies=replies)
    assert f"confidence {document['confidence']['score']:.2f}" in shown.out
    assert "67% of the candidates" in shown.out


def test_an_answer_held_back_shows_its_sql_and_no_rows(coderag):
    replies = ["SELECT 3 AS n", "SELECT 2 AS n", "SELECT 1 AS n"]
    arguments = ("ask", "--demo", "--samples", 2, "--abstain-below", "0.7", "How many?")
    outcome = coderag(*arguments, replies=replies)
    assert outcome.code == 1
    assert "Too unsure" in outcome.out and "SELECT 3 AS n" in outcome.out and "│ 3 │" not in outcome.out


def test_keeping_leaks_is_a_run_of_its_own_that_compare_sets_beside_the_first(coderag):
    for leaks in ((), ("--keep-leaks",)):
        outcome = coderag("evaluate", "demo", "--arms", "none,random", "--limit", 3, "--examples", "same", *leaks)
        assert outcome.code == 0, outcome.err
    assert "KEPT" in Path("runs/demo_leaks_kept/report.md").read_text()
    assert "KEPT" not in Path("runs/demo/report.md").read_text()
    compared = coderag("compare", "runs/demo", "runs/demo_leaks_kept")
    assert compared.code == 0 and "| random |" in compared.out
