"""What SQL does, in words: pairs of query and account in tests/cases/explanations.sql."""

import re
from pathlib import Path

import pytest

from coderag_app.sql.explanation import explain_sql

PAIRS = re.findall(
    r"^((?:SELECT|WITH).*);\n-- => (.*)$",
    (Path(__file__).parents[2] / "cases" / "explanations.sql").read_text(),
    re.MULTILINE,
)


@pytest.mark.parametrize(("sql", "account"), PAIRS)
def test_a_query_is_put_into_words(sql, account):
    assert explain_sql(sql, "sqlite") == account


def test_there_are_pairs():
    assert len(PAIRS) >= 10


def test_what_is_no_query_has_no_account():
    assert explain_sql("garbage ((", "sqlite") == explain_sql("DROP TABLE t", "sqlite") == ""


def test_a_name_with_escapes_is_shown_harmlessly():
    assert "\x1b" not in explain_sql('SELECT "a\x1b[31m" FROM t', "sqlite")
