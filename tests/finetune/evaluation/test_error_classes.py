import pytest

from finetune.evaluation.error_classes import classify_difference
from finetune.evaluation.execution import Verdict

GOLD = "SELECT name FROM emp WHERE dept = 1"


@pytest.mark.parametrize(
    ("predicted", "verdict", "kind"),
    [
        (GOLD, Verdict.EQUAL, "none"),
        ("SELECT name FROM staff WHERE dept = 1", Verdict.VALUES, "other tables"),
        ("SELECT name FROM emp WHERE dept = (SELECT max(dept) FROM emp)", Verdict.VALUES, "other nesting"),
        ("SELECT id FROM emp WHERE dept = 1", Verdict.VALUES, "other columns"),
        ("SELECT name FROM emp ORDER BY dept", Verdict.ROW_COUNT, "other clauses"),
        ("SELECT name FROM emp WHERE dept = 2", Verdict.VALUES, "other values"),
        ("SELECT name FROM emp WHERE dept <> 1", Verdict.VALUES, "other"),
        ("SELECT name FROM emp WHERE dept = 1 ORDER BY name", Verdict.ORDER, "order of rows"),
        ("SELECT name FROM emp WHERE dept = 1", Verdict.TRUNCATED, "result not comparable"),
        ("SELEC", Verdict.VALUES, "other"),
    ],
)
def test_a_wrong_query_gets_the_outermost_difference(predicted: str, verdict: Verdict, kind: str) -> None:
    assert classify_difference(GOLD, predicted, verdict) == kind
