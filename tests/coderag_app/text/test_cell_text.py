"""Untrusted values as text for people and as JSON."""

import datetime
import json
from decimal import Decimal

import pytest

from coderag_app.answers.as_json import answer_line
from coderag_app.text.cell_text import cell_text, json_value, visible_text
from coderag_app.types import AnswerStatus, RetrievedExample, SQLAnswer, SQLExample


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\x07", "\x9b31m", "\u202e", "\u2066", "\ufeff", "\u2028", "\udc80", "\x00", "\r"]
)
def test_characters_that_steer_a_terminal_or_reorder_a_line_become_escapes(hostile):
    shown = visible_text(f"a{hostile}b")
    assert shown.startswith("a\\")
    assert shown.endswith("b")
    assert shown.isprintable()


def test_ordinary_unicode_stays_as_it_is():
    text = "Zoë, Łódź, 北京, नमस्ते, 👩‍👩‍👧, ½"
    assert visible_text(text) == text


def test_line_breaks_stay_only_where_they_are_asked_for():
    assert visible_text("a\nb") == "a\\nb"
    assert visible_text("a\nb\x1b", keep="\n") == "a\nb\\x1b"


def test_null_the_empty_text_and_the_text_null_differ():
    assert len({cell_text(None), cell_text("NULL"), cell_text("")}) == 3


def test_long_values_are_cut_with_an_ellipsis():
    assert cell_text("x" * 1_000_000, 10) == "x" * 9 + "…"
    assert len(cell_text(b"\x00" * 1_000_000)) < 60


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**70, 2**70),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (b"\x00\xff", "00ff"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
        (Decimal("1.10"), "1.10"),
        (datetime.timedelta(seconds=90), "0:01:30"),
        ([Decimal(1), {"a": b"\x01"}], ["1", {"a": "01"}]),
    ],
)
def test_values_that_json_lacks_become_texts(value, expected):
    assert json_value(value) == expected


def test_a_document_is_one_line_of_strict_json_whatever_the_values():
    source = RetrievedExample(SQLExample("q\n", "SELECT 1", "CREATE TABLE t (a)"), 0.987654321)
    answer = SQLAnswer(
        question="a\nb \udc80", sql="SELECT\n1", status=AnswerStatus.ANSWERED, columns=("a", "a"),
        rows=((float("inf"), b"\x00"), (None, "\ud800")), executed=True, sources=(source,), timings_s={"total": 0.5},
    )  # fmt: skip
    for ascii_only in (False, True):
        line = answer_line(answer, ascii_only)
        line.encode()
        assert "\n" not in line
        document = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert document["rows"] == [["inf", "00"], [None, "\ud800"]]
        assert document["columns"] == ["a", "a"]
        assert document["sources"][0]["similarity"] == 0.987654
        assert document["status"] == "answered"
