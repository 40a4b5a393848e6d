"""Which words of a question leave no trace in a query."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.schema.value_links import Lookup
from coderag_app.sql.checks import CHECKS, Coverage, coverage, findings
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

LIBRARY = schema_from_ddl(
    "CREATE TABLE loans (loan_id INT PRIMARY KEY, member_id INT REFERENCES members (id), book_id INT, loaned_on DATE, "
    "returned_on DATE, fine REAL);"
    "CREATE TABLE members (id INT PRIMARY KEY, full_name TEXT, sex TEXT, dept TEXT, salary REAL, is_active INT);"
    "CREATE TABLE books (book_id INT PRIMARY KEY, title TEXT, language TEXT, pages INT, lang_code TEXT)"
)
VALUES = ValueIndex(
    [
        *(StoredValue("books", "language", text) for text in ("French", "English", "Old Norse")),
        *(StoredValue("members", "sex", text) for text in ("F", "M")),
        *(StoredValue("members", "dept", text) for text in ("Physics", "History")),
        StoredValue("books", "title", "Moby Dick"),
    ],
    [Lookup("languages", "code", "label", (("books", "lang_code"),), (("sv", "Swedish"),))],
)


def unused(question: str, sql: str) -> list[str]:
    return list(covered(question, sql).unused)


def covered(question: str, sql: str, schema: Schema = LIBRARY) -> Coverage:
    return coverage(parse_one(sql, dialect="sqlite"), context(question, schema))


def context(question: str, schema: Schema = LIBRARY) -> RepairContext:
    return RepairContext.of_question(read_question(question, schema, VALUES), schema, VALUES)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many loans are there?", "SELECT COUNT(*) FROM loans"),
        ("Please show me the names of all members", "SELECT full_name FROM members"),
        ("Which members earn the most?", "SELECT full_name FROM members ORDER BY salary DESC LIMIT 1"),  # by meaning
        ("Average fine per department", "SELECT dept, AVG(fine) FROM loans JOIN members GROUP BY dept"),
        ("How many female members?", "SELECT COUNT(*) FROM members WHERE sex = 'F'"),
        ("Titles of books in Swedish", "SELECT title FROM books WHERE lang_code = 'sv'"),
        ("French books with more than 1,200 pages", "SELECT title FROM books WHERE language='French' AND pages > 1200"),
        ("Books with at most 300 pages", "SELECT title FROM books WHERE pages <= 300"),
        ("Members who borrowed 'Moby Dick'",
         "SELECT full_name FROM members JOIN loans JOIN books USING (book_id) WHERE title = 'Moby Dick'"),
        ("Loans that were returned", "SELECT loan_id FROM loans WHERE returned_on IS NOT NULL"),
        ("Members who never paid a fine", "SELECT * FROM members WHERE id NOT IN (SELECT fine FROM loans)"),
        ("Loans in May 2021", "SELECT loan_id FROM loans WHERE loaned_on >= '2021-05-01' AND loaned_on < '2021-06-01'"),
        ("Books whose title starts with the letter M", "SELECT title FROM books WHERE title LIKE 'M%'"),
        ("The longest books in old norse", "SELECT title FROM books WHERE language = 'Old Norse' ORDER BY pages DESC"),
    ],
)  # fmt: skip
def test_a_query_that_says_all_of_the_question_leaves_nothing_unused(question, sql):
    used = covered(question, sql)
    assert used.unused == () and used.share == 1.0


@pytest.mark.parametrize(
    ("question", "sql", "words"),
    [
        ("How many unreturned loans?", "SELECT COUNT(*) FROM loans", ["unreturned"]),
        ("How many loans were returned?", "SELECT COUNT(*) FROM loans", ["returned"]),
        ("Average salary of active members", "SELECT AVG(salary) FROM members", ["active"]),
        ("French books", "SELECT title FROM books", ["French"]),
        ("Books in Icelandic", "SELECT title FROM books", ["Icelandic"]),
        ("Books called 'Kim'", "SELECT title FROM books", ["Kim"]),
        ("Books with more than 300 pages", "SELECT title FROM books ORDER BY pages", ["300"]),
        ("Average number of pages", "SELECT pages FROM books", ["Average"]),
        ("Which members never borrowed?", "SELECT full_name FROM members", ["never"]),
        ("Members allergic to penicillin", "SELECT full_name FROM members", ["penicillin"]),
        ("Who is the president of France?", "SELECT full_name FROM members", ["president", "France"]),
        ("What is the weather?", "SELECT loaned_on FROM loans", ["weather"]),
        ("Most expensive loans", "SELECT loan_id FROM loans", ["Most expensive"]),
    ],
)
def test_what_leaves_no_trace_is_named_as_it_was_asked(question, sql, words):
    assert unused(question, sql) == words


def test_the_share_counts_words():
    used = covered("Overdue loans of French books", "SELECT * FROM loans JOIN books USING (book_id)")
    assert (used.asked, used.missing, used.share) == (4, 2, 0.5)
    assert covered("Show them all", "SELECT * FROM loans").share == 1.0


def test_every_check_is_run_and_one_that_fails_costs_nothing(monkeypatch):
    def fails(tree, context):
        raise ValueError(tree)

    asked = context("unread books in Klingon")
    tree = parse_one("SELECT title, SUM(book_id) FROM books WHERE language = 'Klingon'")
    before = tree.copy()
    found = {finding.check: finding.text for finding in findings(tree, asked)}
    assert found == {
        "coverage": "Not used: unread",
        "stored_values": "There is no 'Klingon' in books.language.",
        "expressions": "books.book_id holds numbers: SUM(book_id)",
        "lonely_columns": "title is shown beside a total of all rows",
        "unasked": "Nothing in the question asks for a total: SUM(book_id)",
    }
    assert {check.name for check in CHECKS} == {
        *found,
        "joins",
        "echo",
        "shown",
        "missing",
        "misspelt",
        "things",
        "references",
    } and tree == before
    monkeypatch.setattr("coderag_app.sql.checks.all_checks.CHECKS", (type(CHECKS[0])("broken", fails), *CHECKS[1:]))
    assert [finding.check for finding in findings(tree, asked)] == [*found][1:]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("language = 'Frensh'", "There is no 'Frensh' in books.language; did you mean 'French'?"),
        ("language IN ('English', 'Old Nors')", "There is no 'Old Nors' in books.language; did you mean 'Old Norse'?"),
        ("b.language = 'Klingon'", "There is no 'Klingon' in books.language."),
        ("language = 'old norse'", None),
        ("language LIKE 'Frensh'", None),
        ("lang_code = 'xx'", None),  # whose values are not known
        ("pages = 7", None),
    ],
)
def test_a_value_that_is_not_stored_is_named_with_the_nearest_ones(condition, sentence):
    tree = parse_one(f"SELECT title FROM books AS b WHERE {condition}", dialect="sqlite")
    said = [finding.text for finding in findings(tree, context("")) if finding.check == "stored_values"]
    assert said == ([sentence] if sentence else [])
