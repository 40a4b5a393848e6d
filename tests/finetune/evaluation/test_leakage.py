from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.types import Origin, SQLExample
from finetune.evaluation.datasets import EvalQuestion
from finetune.evaluation.leakage import LeakKind, find_leaks

DDL = "CREATE TABLE emp (id INT, name TEXT, pay REAL);"
SCHEMAS = {"a.sqlite": schema_from_ddl(DDL)}


def question(text: str, sql: str = "SELECT count(*) FROM emp") -> EvalQuestion:
    return EvalQuestion("q", "a", text, sql, "a.sqlite")


def example(text: str, sql: str = "SELECT 1", db_id: str = "a") -> SQLExample:
    return SQLExample(text, sql, DDL, db_id)


def kind(asked: EvalQuestion, shown: SQLExample) -> LeakKind | None:
    leaks = find_leaks([asked], [shown], SCHEMAS)
    return leaks.by_question.get("q", {}).get(shown.example_id)


def test_the_same_question_leaks_whatever_its_spelling_and_database() -> None:
    assert kind(question("How many are there?"), example("how many ARE there", db_id="b")) is LeakKind.SAME_QUESTION


def test_the_same_sql_leaks_on_the_same_database_alone() -> None:
    asked = question("Staff count", "SELECT name FROM emp WHERE pay > 3 AND id = 1")
    twin = "select E.name from EMP as E where 1 = E.id and 3 < E.pay"
    assert kind(asked, example("Another wording", twin)) is LeakKind.SAME_SQL
    assert kind(asked, example("Another wording", twin, db_id="b")) is None


def test_an_example_of_no_database_is_compared_with_every_question() -> None:
    asked = question("Staff count", "SELECT name FROM emp")
    assert kind(asked, example("Another wording", "SELECT emp.name FROM emp", db_id="")) is LeakKind.SAME_SQL


def test_sql_with_another_value_is_no_twin() -> None:
    asked = question("Staff count", "SELECT name FROM emp WHERE id = 1")
    assert kind(asked, example("Another wording", "SELECT name FROM emp WHERE id = 2")) is None


def test_nearly_the_same_question_leaks() -> None:
    asked = question("What are the names of all the employees who earn more than 3?")
    assert (
        kind(asked, example("What are the names of all the employees that earn more than 3?")) is LeakKind.NEAR_QUESTION
    )
    assert kind(asked, example("What are the names of the departments?")) is None


def test_near_means_the_share_of_common_words() -> None:
    asked, shown = question("a b c d e f g h"), example("a b c d e f g x")  # 7 of 9 words
    assert find_leaks([asked], [shown], SCHEMAS, near_threshold=7 / 9).of("q") == {shown.example_id}
    assert find_leaks([asked], [shown], SCHEMAS, near_threshold=0.78).of("q") == frozenset()


def test_leaks_are_counted_by_questions_and_pairs() -> None:
    questions = [EvalQuestion(str(i), "a", text, "SELECT 7", "a.sqlite") for i, text in enumerate(["x y", "x y", "z"])]
    leaks = find_leaks(questions, [example("X y"), example("x Y!")], SCHEMAS)
    assert leaks.counts()[LeakKind.SAME_QUESTION] == (2, 4)
    assert leaks.counts()[LeakKind.SAME_SQL] == (0, 0)
    assert leaks.of("2") == frozenset()


def test_an_example_made_from_the_schema_is_no_leak() -> None:
    asked = question("How many are there?")
    made = SQLExample("How many are there?", asked.gold_sql, DDL, "a", Origin.SYNTHETIC, "synthesized:count_all")
    assert kind(asked, example("How many are there?", asked.gold_sql)) is not None
    assert kind(asked, made) is None


def test_nothing_leaks_from_nothing() -> None:
    assert find_leaks([], [], {}).by_question == {}
    assert find_leaks([question("?!")], [example("words")], SCHEMAS).of("q") == frozenset()
