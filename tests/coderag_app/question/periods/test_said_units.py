"""Where a question asks for a row for each month, year or day."""

from __future__ import annotations

import pytest

from coderag_app.question.read_question import read_question


@pytest.mark.parametrize(
    ("question", "units"),
    [
        ("Deliveries per month in 2021", ["month"]),
        ("How many calls came in each week?", ["week"]),
        ("Revenue for every calendar year", ["year"]),
        ("Quarterly revenue of the shops", ["quarter"]),
        ("Rain by the day", ["day"]),
        ("Rain week by week", ["week"]),
        ("Visitors by day of the week", ["weekday"]),
        ("Visitors on each weekday", ["weekday"]),
        ("Rain daily and per year", ["day", "year"]),
        ("Which shops opened last month?", []),
        ("Tasks due by the end of May", []),
        ("Who left by year end?", []),
        ("Price per litre", []),
        ("Everyday shoes", []),
    ],
)
def test_the_units_that_a_question_says(question: str, units: list[str]) -> None:
    assert [said.unit for said in read_question(question).units] == units


def test_a_unit_knows_its_place() -> None:
    asked = read_question("Sales  per month")
    assert [asked.text[said.start : said.end] for said in asked.units] == ["per month"]
