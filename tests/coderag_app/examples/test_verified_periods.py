"""Verified examples that speak of a month or a day answer the same question about another one."""

from datetime import date

import pytest

from coderag_app.examples import VerifiedExample, template_answer
from coderag_app.schema.value_index import ValueIndex


def within(start: str, end: str) -> str:
    return f"SELECT name FROM customer WHERE joined >= '{start}' AND joined < '{end}'"


def between(first: str, last: str) -> str:
    return f"SELECT name FROM customer WHERE joined BETWEEN '{first}' AND '{last}'"


MARCH = within("2023-03-01", "2023-04-01")
MARCH_DAYS = between("2023-03-01", "2023-03-31")
TIMES = "SELECT name FROM customer WHERE joined <= '2023-03-31 23:59:59'"
MONTH = "SELECT name FROM customer WHERE STRFTIME('%Y-%m', joined) = '2023-03'"
PATTERN = "SELECT name FROM customer WHERE joined LIKE '2023-03%'"
IN_PARTS = "SELECT name FROM customer WHERE STRFTIME('%Y', joined) = '2023' AND STRFTIME('%m', joined) = '03'"
EVERY_MARCH = "SELECT name FROM customer WHERE STRFTIME('%m', joined) = '03'"
DAY = "SELECT name FROM customer WHERE joined = '2023-05-05'"


def answered(verified: str, sql: str, asked: str, dialect: str = "sqlite") -> str | None:
    pair = VerifiedExample(verified, sql, "", date.today(), "a" * 12)
    return template_answer(asked, [pair], ValueIndex((), ()), dialect)


@pytest.mark.parametrize(
    ("sql", "asked", "expected"),
    [
        (MARCH, "Who joined in May 2024?", within("2024-05-01", "2024-06-01")),
        (MARCH, "who joined in december 2023", within("2023-12-01", "2024-01-01")),
        (MARCH, "Who joined in Q2 2023?", within("2023-04-01", "2023-07-01")),
        (MARCH, "Who joined in 2022?", within("2022-01-01", "2023-01-01")),
        (MARCH, "Who joined during 2022?", within("2022-01-01", "2023-01-01")),
        (MARCH, "Who joined since 2022?", None),
        (MARCH_DAYS, "Who joined in February 2024?", between("2024-02-01", "2024-02-29")),
        (TIMES, "Who joined in April 2023?", TIMES.replace("2023-03-31", "2023-04-30")),
        (MONTH, "Who joined in 2024-11?", MONTH.replace("2023-03", "2024-11")),
        (PATTERN, "Who joined in Nov 2024?", PATTERN.replace("2023-03", "2024-11")),
        (MONTH, "Who joined in Q2 2023?", None),
        (MONTH, "Who joined in Paris?", None),
        (MARCH, "Who joined in March 2023 and left?", None),
        (MARCH, "Who joined in Mars 2023?", None),
        (MARCH, "Who joined in June?", None),
        (IN_PARTS, "Who joined in April 2023?", None),
        (IN_PARTS, "Who joined in March 2022?", IN_PARTS.replace("2023", "2022")),
    ],
)  # fmt: skip
def test_another_month_takes_the_place_of_a_month(sql, asked, expected):
    assert answered("Who joined in March 2023?", sql, asked) == expected


@pytest.mark.parametrize(
    ("verified", "sql", "asked", "expected"),
    [
        ("Who joined in 2023?", within("2023-01-01", "2024-01-01"), "Who joined in March 2024?",
         within("2024-03-01", "2024-04-01")),
        ("Who joined in March?", EVERY_MARCH, "Who joined in October?", EVERY_MARCH.replace("03", "10")),
        ("Who joined in March?", EVERY_MARCH, "Who joined in October 2023?", None),
        ("Who joined on 5 May 2023?", DAY, "Who joined on 2022-02-28?", DAY.replace("2023-05-05", "2022-02-28")),
        ("Who joined on 5 May 2023?", DAY, "Who joined on May 6th, 2023?", DAY.replace("05-05", "05-06")),
        ("Who joined on 5 May 2023?", DAY, "Who joined on May 2023?", None),
        ("Who joined on 5 May 2023?", DAY, "Who joined on 31 February 2023?", None),
    ],
)  # fmt: skip
def test_years_days_and_months_of_every_year_do_too(verified, sql, asked, expected):
    assert answered(verified, sql, asked) == expected


def test_what_depends_on_today_is_counted_by_the_database():
    sql = answered("Sales of March 2023", MARCH, "Sales of last month")
    assert "joined >= DATE('now', 'start of month', '-1 months')" in sql
    assert sql.endswith("joined < DATE('now', 'start of month')")
    assert answered("Sales of March 2023", MARCH, "Sales last month") == sql
    postgres = answered("Sales of March 2023", MARCH, "Sales of last month", "postgres")
    assert postgres.endswith("joined < DATE_TRUNC('MONTH', CURRENT_DATE)")


def test_a_day_that_two_gaps_share_must_fit_both():
    sql = (
        "SELECT SUM(joined >= '2022-01-01' AND joined < '2023-01-01'), "
        "SUM(joined >= '2023-01-01' AND joined < '2024-01-01') FROM customer"
    )
    moved = answered("Compare 2022 with 2023", sql, "Compare 2020 with 2021")
    assert moved == sql.replace("2022", "2020").replace("2023", "2021").replace("2024", "2022")
    assert answered("Compare 2022 with 2023", sql, "Compare 2019 with 2021") is None
