import json
import math
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderag_app.database import Database, open_database
from coderag_app.types import QueryResult
from finetune.evaluation.execution import Convention, Verdict, compare_results, is_ordered

CASES_FILE = Path(__file__).parents[2] / "cases" / "execution_cases.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text(encoding="utf-8").splitlines()]
CONVENTIONS = tuple(Convention)


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("cases") / "cities.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(CASES_FILE.with_suffix(".sql").read_text(encoding="utf-8"))
    connection.close()
    database = open_database(path)
    yield database
    database.close()


def table(*rows: tuple, truncated: bool = False, width: int | None = None) -> QueryResult:
    columns = tuple(f"c{i}" for i in range(width if width is not None else len(rows[0])))
    return QueryResult(columns, tuple(rows), truncated, 0.0)


def same(gold: QueryResult, predicted: QueryResult, ordered: bool = False, convention: str = "spider") -> bool:
    return compare_results(gold, predicted, ordered, Convention(convention)) is Verdict.EQUAL


def test_there_are_enough_hard_cases_and_each_is_another_pair() -> None:
    pairs = {(case["gold"], case["predicted"]) for case in CASES}
    assert len(pairs) == len(CASES) >= 40


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_hard_pairs_get_the_verdict_written_beside_them(cities: Database, case: dict, convention: Convention) -> None:
    gold, predicted = cities.execute(case["gold"]), cities.execute(case["predicted"])
    verdict = compare_results(gold, predicted, is_ordered(case["gold"]), convention)
    assert (verdict is Verdict.EQUAL) == case[convention.value], verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_a_convention_that_departs_from_the_careful_person_says_why(case: dict) -> None:
    departs = any(case[convention.value] != case["careful"] for convention in CONVENTIONS)
    assert not departs or case["why"]


def test_the_spider_convention_departs_from_the_careful_person_in_two_known_cases_alone() -> None:
    departing = [case["about"] for case in CASES if case["spider"] != case["careful"]]
    assert departing == ["ties in the asked order, broken differently", "a year as number and as text"]


def test_only_an_order_by_of_the_query_itself_counts() -> None:
    assert is_ordered("SELECT a FROM t ORDER BY b LIMIT 3")
    assert is_ordered("SELECT a FROM t UNION SELECT a FROM u ORDER BY 1")
    assert is_ordered("WITH x AS (SELECT 1 AS a) SELECT a FROM x ORDER BY a")
    assert not is_ordered("SELECT a FROM (SELECT a FROM t ORDER BY b)")
    assert not is_ordered("SELECT rank() OVER (ORDER BY a) FROM t")
    assert not is_ordered("not SQL at all (")


def test_numbers_on_either_side_of_a_rounding_edge_are_equal() -> None:
    assert same(table((0.12345650000000001,)), table((0.12345649999999999,)))


def test_tolerance_does_not_merge_whole_numbers() -> None:
    assert not same(table((10**12,), (0.5,)), table((10**12 + 1,), (0.5,)))
    assert not same(table((1e15, 0.5)), table((1e15 + 1, 0.5)))


def test_tolerance_does_not_merge_small_fractions() -> None:
    assert not same(table((1.6e-9,)), table((1.7e-9,)))


def test_a_whole_number_equals_a_float_that_missed_it_by_rounding() -> None:
    assert same(table((3,)), table((2.9999999999999996,)))


def test_infinities_are_numbers_of_their_own() -> None:
    assert same(table((math.inf, 0.5)), table((math.inf, 0.5)))
    assert not same(table((math.inf, 0.5)), table((1.7e308, 0.5)))
    assert not same(table((math.inf,)), table((-math.inf,)))


def test_values_of_other_drivers_equal_their_sqlite_forms() -> None:
    assert same(table((Decimal("3.50"), Decimal("4"), True)), table((3.5, 4, 1)))
    assert same(
        table((date(2024, 5, 1), datetime(2024, 5, 1, 12, 30), memoryview(b"x"))),
        table(("2024-05-01", "2024-05-01 12:30:00", b"x")),
    )


def test_a_truncated_result_equals_nothing() -> None:
    whole, cut = table((1,)), table((1,), truncated=True)
    assert compare_results(cut, cut, False) is Verdict.TRUNCATED
    assert compare_results(whole, cut, False) is Verdict.TRUNCATED
    assert compare_results(cut, whole, False, Convention.BIRD) is Verdict.TRUNCATED


def test_the_verdict_names_the_first_difference() -> None:
    assert compare_results(table((1, 2)), table((1,)), False) is Verdict.COLUMN_COUNT
    assert compare_results(table((1,)), table((1,), (1,)), False) is Verdict.ROW_COUNT
    assert compare_results(table((1,)), table((2,)), False) is Verdict.VALUES
    assert compare_results(table((1,), (2,)), table((2,), (1,)), True) is Verdict.ORDER


def test_many_columns_that_look_alike_are_compared_quickly() -> None:
    gold = [tuple((row >> bit) & 1 for bit in range(10)) for row in range(1024)]
    assert same(table(*gold), table(*(row[::-1] for row in gold)))
    shifted = [(*row[:-1], 1 - row[-1]) if sum(row) == 5 else row for row in gold]
    assert not same(table(*gold), table(*shifted))


cells = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from([0.1, 0.3, 0.30000000000000004, 2.0, -0.0, math.nan]),
    st.sampled_from(["", "a", "b", "1"]),
    st.booleans(),
)


@st.composite
def results(draw: st.DrawFn, width: int | None = None) -> QueryResult:
    width = draw(st.integers(1, 4)) if width is None else width
    rows = draw(st.lists(st.tuples(*[cells] * width), max_size=6))
    return table(*rows, width=width)


@st.composite
def result_pairs(draw: st.DrawFn) -> tuple[QueryResult, QueryResult]:
    width = draw(st.integers(1, 3))
    return draw(results(width)), draw(results(width))


@settings(deadline=None)
@given(results(), st.booleans(), st.sampled_from(CONVENTIONS))
def test_every_result_equals_itself(result: QueryResult, ordered: bool, convention: Convention) -> None:
    assert compare_results(result, result, ordered, convention) is Verdict.EQUAL


@settings(deadline=None)
@given(result_pairs(), st.booleans(), st.sampled_from(CONVENTIONS))
def test_the_comparison_is_symmetric(
    pair: tuple[QueryResult, QueryResult], ordered: bool, convention: Convention
) -> None:
    first, second = pair
    forth = compare_results(first, second, ordered, convention) is Verdict.EQUAL
    back = compare_results(second, first, ordered, convention) is Verdict.EQUAL
    assert forth == back


@settings(deadline=None)
@given(results(), st.randoms(use_true_random=False), st.sampled_from(CONVENTIONS))
def test_without_order_by_the_order_of_rows_never_counts(result: QueryResult, random, convention: Convention) -> None:
    rows = list(result.rows)
    random.shuffle(rows)
    shuffled = QueryResult(result.columns, tuple(rows), False, 0.0)
    assert compare_results(result, shuffled, False, convention) is Verdict.EQUAL


@settings(deadline=None)
@given(results(), st.randoms(use_true_random=False), st.booleans())
def test_in_the_spider_convention_the_order_of_columns_never_counts(result: QueryResult, random, ordered: bool) -> None:
    order = list(range(len(result.columns)))
    random.shuffle(order)
    permuted = table(*(tuple(row[i] for i in order) for row in result.rows), width=len(order))
    assert compare_results(result, permuted, ordered) is Verdict.EQUAL


@settings(deadline=None)
@given(result_pairs(), st.sampled_from(CONVENTIONS))
def test_what_is_equal_in_order_is_equal_without(pair: tuple[QueryResult, QueryResult], convention: Convention) -> None:
    if compare_results(*pair, True, convention) is Verdict.EQUAL:
        assert compare_results(*pair, False, convention) is Verdict.EQUAL


@settings(deadline=None)
@given(results())
def test_doubling_rows_changes_multisets_and_not_sets(result: QueryResult) -> None:
    doubled = table(*result.rows, *result.rows, width=len(result.columns))
    assert same(result, doubled, convention="bird")
    assert same(result, doubled) == (not result.rows)


@settings(deadline=None)
@given(results(), st.data())
def test_changing_one_cell_to_a_value_seen_nowhere_is_always_noticed(result: QueryResult, data: st.DataObject) -> None:
    if not result.rows:
        return
    place = data.draw(st.integers(0, len(result.rows) - 1))
    rows = list(result.rows)
    rows[place] = ("seen nowhere", *rows[place][1:])
    changed = table(*rows, width=len(result.columns))
    for convention in CONVENTIONS:
        assert not same(result, changed, convention=convention)
