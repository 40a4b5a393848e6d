"""The repairs of every model's SQL: what each changes, what it leaves alone, and that none costs an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from repair_cases import REPAIRS_FOLDER, RepairCase, read_repair_cases
from sqlglot import exp

from coderag_app.question.read_question import read_question
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.repairs import REPAIRS, Repair, RepairContext, repaired, repaired_sql

NAMES = [repair.name for repair in REPAIRS]
CASES = [case for name in NAMES for case in read_repair_cases(name)]
STAFF = schema_from_ddl("CREATE TABLE staff (id INTEGER, first_name TEXT, last_name TEXT)")
WHO = RepairContext(STAFF, ValueIndex(), read_question("Who is it?"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.repair}: {case.name}")
def test_a_repair_changes_what_it_must_and_nothing_else(case: RepairCase) -> None:
    others = {name for name in NAMES if name != case.repair}
    before = sqlglot.parse_one(case.before, dialect=case.context.dialect)
    kept = before.sql(case.context.dialect)
    assert repaired(before, case.context, others).sql(case.context.dialect) == case.after
    assert before.sql(case.context.dialect) == kept, "the tree that was given is changed"
    assert repaired_sql(case.before, case.context, set(NAMES)) == case.before


def test_the_order_is_the_documented_one() -> None:
    first = ["nested_conditions", "reground", "contradictions", "periods", "flags"]
    assert [
        *first,
        "stored_forms",
        "missing_groups",
        "whole_names",
        "row_groups",
        "self_references",
        "own_dates",
        "date_extremes",
        "said_groups",
        "stray_tables",
        "said_measures",
        "key_roles",
        "fan_out",
        "units",
        "spellings",
    ] == NAMES
    assert {path.stem for path in REPAIRS_FOLDER.glob("*.sql")} == set(NAMES)
    documented = (Path(__file__).parents[4] / "docs" / "repairs.md").read_text(encoding="utf-8")
    places = [documented.index(f"| `{name}` |") for name in NAMES]
    assert places == sorted(places)


def test_text_that_no_repair_changes_stays_as_it_is_written() -> None:
    written = "select   FIRST_NAME, last_name -- who\nfrom staff"
    assert repaired_sql(written, WHO) == written


@pytest.mark.parametrize("sql", ["SELECT FROM (", "", "SELECT" + " (" * 5000, "'"])
def test_what_cannot_be_read_is_left_alone(sql: str) -> None:
    assert repaired_sql(sql, WHO) == sql


def test_a_repair_that_fails_is_dropped_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(tree: exp.Expr, context: RepairContext) -> exp.Expr:
        tree.set("expressions", [])
        raise KeyError(context.question)

    monkeypatch.setattr("coderag_app.sql.repairs.passes.REPAIRS", (Repair("broken", fail), *REPAIRS))
    assert repaired_sql("SELECT first_name FROM staff", WHO) == "SELECT first_name, last_name FROM staff"


def test_repairs_work_together() -> None:
    sql = repaired_sql("SELECT first_name, COUNT(*) FROM staff", WHO)
    assert sql == "SELECT first_name, last_name, COUNT(*) FROM staff GROUP BY first_name, last_name"
