"""What a question says and a query leaves out."""

import pytest

from coderag_app.question.mentions import Mentions
from coderag_app.sql.checks import LeftOut, left_out
from coderag_app.sql.parsing import parse_one

PUBLIC = Mentions(
    values=(frozenset({"public", "state"}), frozenset({"1850"})),
    names=(frozenset({("school", "")}), frozenset({("school", "founded"), ("club", "founded")})),
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT name FROM school WHERE kind = 'Public' AND founded > 1850", LeftOut(0, 0)),
        ("SELECT name FROM school WHERE kind LIKE '%state%' AND founded > 1850", LeftOut(0, 0)),
        ("SELECT s.name FROM school AS s WHERE s.founded > 1850", LeftOut(1, 0)),
        ("SELECT c.founded FROM club AS c", LeftOut(2, 1)),
        ("SELECT founded FROM club JOIN school ON club.id = school.club_id", LeftOut(2, 0)),
        ("SELECT 1", LeftOut(2, 2)),
    ],
)
def test_what_a_query_leaves_out_is_counted(sql, expected):
    assert left_out(parse_one(sql), PUBLIC) == expected


def test_a_question_that_says_nothing_known_leaves_nothing_out():
    assert left_out(parse_one("SELECT a FROM b"), Mentions()) == LeftOut()
