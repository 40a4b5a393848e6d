"""Rewritten SQL: equal rows on every copy of a populated database, or dropped."""

from random import Random

import pytest

from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.rule_maker import RuleMaker
from finetune.synthesis.rules.sql_editing import SQL_EDITS, try_sql_edit
from finetune.synthesis.sql_runner import (
    Databases,
    PopulatedDatabase,
    is_ordered,
    require_same_in_duckdb,
    require_same_rows,
    same_rows,
)

RuleMaker.create(databases=1)  # registers the edits


@pytest.fixture(scope="module")
def database():
    return PopulatedDatabase.draw(3, seed=0)


@pytest.fixture(scope="module")
def table(database):
    return max(database.described.tables, key=lambda table: table.row_count)


def test_the_same_query_is_equivalent_to_itself(database):
    require_same_rows(database, database.pairs[0].sql, database.pairs[0].sql)


def test_a_query_with_other_rows_is_refused(database, table):
    every = f'SELECT * FROM "{table.name}"'
    with pytest.raises(DroppedError, match="not equivalent"):
        require_same_rows(database, every, f"{every} LIMIT 3")


def test_a_query_that_is_equal_only_by_luck_is_refused_on_a_thinned_copy(database, table):
    count = table.row_count
    with pytest.raises(DroppedError, match="not equivalent"):
        require_same_rows(database, f'SELECT COUNT(*) FROM "{table.name}"', f"SELECT {count}")


def test_a_query_without_rows_shows_nothing(database, table):
    empty = f'SELECT * FROM "{table.name}" WHERE 1 = 0'
    with pytest.raises(DroppedError, match="no rows"):
        require_same_rows(database, empty, empty)


def test_a_query_that_does_not_run_is_refused(database):
    with pytest.raises(DroppedError, match="does not run"):
        require_same_rows(database, database.pairs[0].sql, "SELECT nothing FROM nowhere")


def test_a_query_that_runs_for_ever_is_stopped(database):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(DroppedError, match="does not run"):
        database.results(endless)


def test_order_counts_only_where_the_query_sorts():
    assert same_rows([(1,), (2,)], [(2,), (1,)], ordered=False)
    assert not same_rows([(1,), (2,)], [(2,), (1,)], ordered=True)
    assert is_ordered("SELECT a FROM t ORDER BY a")
    assert not is_ordered("SELECT a FROM (SELECT a FROM t ORDER BY a)")


def test_repeated_rows_count():
    assert not same_rows([(1,), (1,)], [(1,)], ordered=False)


def test_every_kind_of_edit_is_shown_equivalent_somewhere():
    shown = set()
    for number in range(0, 60, 4):
        database = PopulatedDatabase.draw(number, seed=1)
        for pair in database.pairs:
            for group in SQL_EDITS.values():
                for one in group:
                    edited = try_sql_edit(pair.sql, one, Random(0)) if one.name not in shown else None
                    if edited is None:
                        continue
                    try:
                        require_same_rows(database, pair.sql, edited.sql)
                        shown.add(one.name)
                    except DroppedError:
                        continue
    expected = {one.name for group in SQL_EDITS.values() for one in group}
    assert expected - shown <= {"or_to_union", "join_to_scalar", "list_to_or", "prefix_to_substring", "or_to_list"}


def test_a_translation_is_run_in_duckdb(database, table):
    sql = f'SELECT COUNT(*) FROM "{table.name}"'
    require_same_in_duckdb(database, sql, sql)
    with pytest.raises(DroppedError, match="not equivalent"):
        require_same_in_duckdb(database, sql, f'SELECT COUNT(*) + 1 FROM "{table.name}"')


def test_databases_are_the_same_for_the_same_seed():
    first, second = Databases(4, seed=5), Databases(4, seed=5)
    assert first.pick(Random(2))[1] == second.pick(Random(2))[1]


def test_a_database_is_found_by_its_name():
    databases = Databases(3, seed=5)
    database, pair = databases.pick(Random(2))
    assert databases.find(pair.db_id) is database
    assert databases.find("elsewhere") is None
