"""The texts that CHECK constraints allow, as each database spells them."""

import pytest

from coderag_app.sql.declared_options import check_conditions, options_in_conditions


@pytest.mark.parametrize(
    ("dialect", "condition", "options"),
    [
        ("postgres", "((state = ANY (ARRAY['new'::text, 'sold'::text])))", {"state": ("new", "sold")}),
        ("postgres", "(((grade)::text = ANY ((ARRAY['A'::character varying])::text[])))", {"grade": ("A",)}),
        ("postgres", "((lane = 'l'::text) OR (lane IS NULL))", {"lane": ("l",)}),
        ("postgres", "((state <> ALL (ARRAY['new'::text, 'sold'::text])))", {}),
        ("duckdb", "((size IN ('S', 'M')) AND (price > 0))", {"size": ("S", "M")}),
        ("mysql", "`day` in (_utf8mb4'Mon',_utf8mb4'it\\'s')", {"day": ("Mon", "it's")}),
        ("sqlite", "\"Unit Kind\" in ('kg', 'g')", {"unit kind": ("kg", "g")}),
        ("sqlite", "kind NOT IN ('kg')", {}),
        ("sqlite", "kind IN ('kg', 1)", {}),
        ("sqlite", "kind IN (SELECT name FROM other)", {}),
        ("sqlite", "kind = 'kg' OR price > 3", {}),
        ("sqlite", "length(kind) = 'kg'", {}),
        ("sqlite", "this is no (condition", {}),
        ("sqlite", "(" * 300 + "kind IN ('kg')" + ")" * 300, {}),
    ],
)
def test_only_conditions_that_list_a_columns_texts_are_read(dialect, condition, options):
    assert options_in_conditions([condition], dialect) == options


def test_conditions_are_found_beside_what_no_parser_knows():
    create = """CREATE TABLE "t" (a TEXT CHECK (a IN ('x)', 'CHECK (b)')) DEFAULT 'x)', /* CHECK (no) */
      "check" TEXT, n AS (a || 'z') STORED, CONSTRAINT q CHECK(("check" = 'y')),
      CHECK (a <> (b))) STRICT, WITHOUT ROWID"""
    conditions = check_conditions(create, "sqlite")
    assert conditions == ["a IN ('x)', 'CHECK (b)')", "(\"check\" = 'y')", "a <> (b)"]
    assert options_in_conditions(conditions, "sqlite") == {"a": ("x)", "CHECK (b)"), "check": ("y",)}
    assert check_conditions("CREATE TABLE t (a TEXT)", "sqlite") == check_conditions("CHECK ('open", "sqlite") == []
