from pathlib import Path

import pytest

from coderag_app.sql.ddl import schema_from_ddl
from finetune.evaluation.exact_match import normalised_match, strict_match
from finetune.evaluation.sql_form import read_form, read_skeleton

SCHEMA = schema_from_ddl(
    "CREATE TABLE emp (id INT, name TEXT, mgr INT, dept INT, pay REAL); CREATE TABLE dept (id INT, title TEXT);"
)
PAIRS_FILE = Path(__file__).parents[2] / "cases" / "exact_match.sql"


def read_verified_file() -> list[tuple[str, str, str]]:
    """(about, first, second) for each block; ``about`` starts with "same" or "other"."""
    blocks = PAIRS_FILE.read_text(encoding="utf-8").partition("\n")[2].strip().split("\n\n")
    pairs = []
    for block in blocks:
        about, first, second = block.splitlines()
        pairs.append((about.removeprefix("-- "), first, second))
    return pairs


PAIRS = read_verified_file()


@pytest.mark.parametrize(("about", "first", "second"), PAIRS, ids=[about for about, _, _ in PAIRS])
def test_spelling_is_normalised_and_meaning_is_not(about: str, first: str, second: str) -> None:
    assert normalised_match(first, second, SCHEMA) == about.startswith("same")
    assert normalised_match(second, first, SCHEMA) == about.startswith("same")


def test_both_verdicts_are_well_represented_among_the_pairs() -> None:
    same = sum(about.startswith("same: ") for about, _, _ in PAIRS)
    other = sum(about.startswith("other: ") for about, _, _ in PAIRS)
    assert same >= 15
    assert other >= 20
    assert same + other == len(PAIRS)


def test_strict_match_forgives_outer_blanks_and_a_semicolon_alone() -> None:
    assert strict_match("SELECT 1", " SELECT 1 ;\n")
    assert not strict_match("SELECT 1", "select 1")
    assert not strict_match("SELECT a, b FROM t", "SELECT a,b FROM t")


def test_text_that_does_not_parse_matches_its_own_letters_alone() -> None:
    assert normalised_match("SELEC name FRM emp", "SELEC name FRM emp;", SCHEMA)
    assert not normalised_match("SELEC name FRM emp", "SELEC  name FRM emp", SCHEMA)
    assert not normalised_match("SELECT name FROM emp", "", SCHEMA)


def test_without_a_schema_single_table_queries_still_match() -> None:
    assert normalised_match('SELECT name FROM emp WHERE name = "Ann"', "SELECT e.name FROM emp e WHERE 'Ann' = e.name")


def test_the_skeleton_keeps_structure_and_drops_names_and_values() -> None:
    sql = "SELECT d.title, count(*) AS n FROM emp e JOIN dept d ON e.dept = d.id WHERE e.pay > 3 LIMIT 5"
    form = read_form(sql, SCHEMA)
    assert form is not None
    assert form.skeleton == "SELECT _, COUNT(*) FROM _ JOIN _ ON _ = _ WHERE _ > _ LIMIT _"
    assert read_skeleton(sql, SCHEMA) == form.skeleton
    assert read_skeleton("SELEC name FRM emp", SCHEMA) is None


def test_a_form_lists_tables_columns_values_and_nesting() -> None:
    form = read_form("SELECT name FROM emp WHERE dept IN (SELECT id FROM dept WHERE title = 'x')", SCHEMA)
    assert form is not None
    assert form.tables == {"emp", "dept"}
    assert form.columns == {"emp.name", "emp.dept", "dept.id", "dept.title"}
    assert form.values == {"x"}
    assert form.nesting == 1


def test_a_table_joined_to_itself_many_times_is_read_quickly() -> None:
    sources = ", ".join(f"emp e{i}" for i in range(12))
    form = read_form(f"SELECT e0.name FROM {sources} WHERE e0.mgr = e11.id", SCHEMA)
    assert form is not None
    assert form.tables == {"emp"}


def test_deeply_nested_sql_is_no_crash() -> None:
    assert read_form("SELECT " + "(" * 5000 + "1" + ")" * 5000) is None
