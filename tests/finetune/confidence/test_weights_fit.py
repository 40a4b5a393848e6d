"""The fit of the vote's order and of the confidence, on made evidence where the answer is known."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from finetune.confidence.elections import Election, read_elections
from finetune.confidence.weights_fit import SIGNS, fit_confidence, fit_order, main, predicted, typical_signs, winners

NOTHING = {"share": 0.5, "rank": None, "probability": None, "retrieved": False, "empty": False}


def elections(count: int) -> list[Election]:
    """Two results a question: the right one has the higher rank, and shares say nothing."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        first = {**NOTHING, "share": rng.random(), "rank": 0.9 if number % 10 else None}
        second = {**NOTHING, "share": rng.random(), "rank": 0.3}
        made.append(Election(f"db{number % 3}", "made", f"{number}?", [first, second], [True, False], []))
    return made


def test_the_fit_finds_the_sign_that_tells_right_from_wrong():
    drawn = elections(60)
    typical = typical_signs(drawn)
    assert typical[SIGNS.index("rank")] == pytest.approx(0.9)  # of right results, where it is known
    order = fit_order(drawn, typical)
    weights = dict(zip(SIGNS, order, strict=True))
    assert weights["rank"] > 3 * abs(weights["share"])
    evidence, right = winners(drawn, typical, order)
    assert right.all() and evidence.shape == (60, len(SIGNS))


def test_the_confidence_is_low_for_a_kind_that_is_mostly_wrong_and_never_seen():
    """Wrong answers without rows are seen in one kind of question, and doubted in another."""
    kinds = ["plain"] * 80 + ["other"] * 80
    made = []
    for number, kind in enumerate(kinds):
        empty = number % 4 == 0
        made.append(Election(f"{kind}{number % 8}", kind, f"{number}?", [{**NOTHING, "empty": empty}], [not empty], []))
    chances, right = predicted(made, kinds)
    assert chances[right].min() > 0.7 > 0.3 > chances[~right].max()


def test_a_sign_that_turns_around_gets_no_weight():
    evidence = np.zeros((100, len(SIGNS)))
    evidence[:50, SIGNS.index("empty")] = 1  # here, results without rows are the right ones
    evidence[:, SIGNS.index("share")] = np.linspace(0, 1, 100)
    right = (np.arange(100) < 50) | (np.arange(100) > 80)
    weights, _ = fit_confidence(evidence, right, np.array(["made"] * 100))
    assert weights[SIGNS.index("empty")] == 0


def test_the_command_prints_weights_and_skips_a_line_that_a_kill_cut_short(tmp_path):
    path = tmp_path / "elections.jsonl"
    lines = [
        json.dumps(
            {
                "db_id": e.db_id,
                "source": e.source,
                "question": e.question,
                "evidence": e.evidence,
                "right": right,
                "sql": [],
            }
        )
        for number, e in enumerate(elections(60))
        for right in [[number % 5 > 0, False]]
    ]
    path.write_text("\n".join([*lines, lines[0][:40]]))
    assert len(read_elections(path)) == 60
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, [str(path)])
    assert result.exit_code == 0, result.output
    assert "intercept:" in result.output and "typical:" in result.output
