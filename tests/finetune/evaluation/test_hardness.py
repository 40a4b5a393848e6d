import pytest

from finetune.evaluation.clauses import CLAUSES, query_clauses
from finetune.evaluation.hardness import query_hardness

# Queries of the Spider paper's figure of levels and others, each level worked out from the definition by hand.
LEVELS = [
    ("easy", "SELECT COUNT(*) FROM cars_data WHERE cylinders > 4"),
    ("easy", "SELECT name FROM t ORDER BY age"),
    ("easy", "SELECT max(a) FROM t"),
    ("medium", "SELECT a FROM t WHERE b LIKE 'x'"),
    (
        "medium",
        "SELECT T2.name, COUNT(*) FROM concert AS T1 JOIN stadium AS T2 ON T1.stadium_id = T2.stadium_id "
        "GROUP BY T1.stadium_id",
    ),
    ("medium", "SELECT a, b FROM t"),
    ("medium", "SELECT a FROM t WHERE b = 1 AND c = 2"),
    ("medium", "SELECT a FROM t ORDER BY b LIMIT 1"),
    (  # two joins, WHERE and GROUP BY: four of the first group
        "extra",
        "SELECT T1.country_name FROM countries AS T1 JOIN continents AS T2 ON T1.continent = T2.cont_id "
        "JOIN car_makers AS T3 ON T1.country_id = T3.country WHERE T2.continent = 'Europe' "
        "GROUP BY T1.country_name HAVING COUNT(*) >= 3",
    ),
    ("hard", "SELECT name FROM t WHERE id NOT IN (SELECT id FROM u)"),
    ("hard", "SELECT a FROM t UNION SELECT a FROM u"),
    (
        "extra",
        "SELECT AVG(life_expectancy) FROM country WHERE name NOT IN (SELECT T1.name FROM country AS T1 "
        "JOIN country_language AS T2 ON T1.code = T2.country_code WHERE T2.language = 'English' "
        "AND T2.is_official = 'T') AND region = 'x'",
    ),
    ("extra", "SELECT a, b FROM t WHERE c = (SELECT max(c) FROM t) ORDER BY a LIMIT 3"),
    ("unknown", "SELEC a"),
    ("unknown", "DELETE FROM t"),
]


@pytest.mark.parametrize(("level", "sql"), LEVELS)
def test_levels_follow_the_published_count_of_components(level: str, sql: str) -> None:
    assert query_hardness(sql) == level


def test_a_subquery_in_from_counts_as_a_table_and_not_as_nesting() -> None:
    assert query_hardness("SELECT a FROM (SELECT a, b FROM t WHERE c = 1 GROUP BY a ORDER BY b LIMIT 3)") == "easy"


@pytest.mark.parametrize(
    ("sql", "clauses"),
    [
        ("SELECT a FROM t", {"plain"}),
        ("SELECT DISTINCT a FROM t ORDER BY a LIMIT 1", {"distinct", "order by", "limit"}),
        ("SELECT count(DISTINCT a) FROM t", {"aggregate", "distinct"}),
        ("SELECT a FROM t, u WHERE t.x = u.x OR b LIKE 'c'", {"join", "where", "or", "like"}),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u)", {"where", "subquery"}),
        ("SELECT a FROM (SELECT a FROM t)", {"subquery"}),
        ("SELECT a FROM t UNION SELECT a FROM u", {"set operation"}),
        ("WITH x AS (SELECT a FROM t) SELECT a FROM x", {"with"}),
        ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", {"group by", "having", "aggregate"}),
        ("SELECT CASE WHEN a THEN 1 ELSE 2 END, rank() OVER (ORDER BY b) FROM t", {"case", "window", "order by"}),
        ("not SQL (", set()),
    ],
)
def test_clauses_name_what_a_query_uses(sql: str, clauses: set[str]) -> None:
    assert set(query_clauses(sql)) - {"aggregate"} == clauses - {"aggregate"}
    assert ("aggregate" in query_clauses(sql)) >= ("aggregate" in clauses)
    assert set(query_clauses(sql)) <= set(CLAUSES)
