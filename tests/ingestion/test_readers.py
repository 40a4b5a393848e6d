"""Readers: every layout, and every way in which rows and files go wrong."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coderag_app.database import open_database
from coderag_app.errors import IngestionError
from coderag_app.types import Origin
from ingestion.readers import (
    ColumnMap,
    DatabaseReader,
    FileReader,
    HubReader,
    Reader,
    Rejection,
    Row,
    SpiderReader,
    json_stream,
    records,
)
from ingestion.readers.spider import schema_from_spider

DDL = "CREATE TABLE city (id INT, name TEXT);"


def gretel(number: int, **changes: Any) -> dict[str, Any]:
    row = {"id": number, "sql_prompt": f"Question {number}?", "sql": f"SELECT {number} FROM city", "sql_context": DDL}
    return {**row, **changes}


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def write_json(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(rows, indent=1))
    return path


def rejections(reader: Reader) -> list[tuple[int, Rejection]]:
    return [(row.line, row.rejection) for row in reader if row.rejection is not None]


def questions(reader: Reader) -> list[str]:
    return [row.example.question for row in reader if row.example is not None]


def only_row(path: Path, row: dict[str, Any], **settings: Any) -> Row:
    (found,) = FileReader(write_jsonl(path / "one.jsonl", [row]), **settings)
    return found


# --- formats ---


@pytest.mark.parametrize(
    ("name", "write"),
    [("r.jsonl", write_jsonl), ("r.ndjson", write_jsonl), ("r.json", write_json), ("r.json", write_jsonl)]
    + [("r.csv", write_csv), ("r.parquet", write_parquet)],
)
def test_gretels_columns_are_read_from_every_format(tmp_path: Path, name: str, write: Any) -> None:
    reader = FileReader(write(tmp_path / name, [gretel(n) for n in range(5)]))
    examples = [row.example for row in reader]
    assert [example.question for example in examples] == [f"Question {n}?" for n in range(5)]
    assert examples[3].sql == "SELECT 3 FROM city"
    assert examples[3].context == DDL
    assert examples[3].source.startswith(f"{name}:")
    assert reader.total_rows() == 5


@pytest.mark.parametrize(("name", "delimiter"), [("r.tsv", "\t"), ("r.csv", ";"), ("r.csv", "\t")])
def test_other_delimiters_are_recognised(tmp_path: Path, name: str, delimiter: str) -> None:
    reader = FileReader(write_csv(tmp_path / name, [gretel(1), gretel(2)], delimiter))
    assert questions(reader) == ["Question 1?", "Question 2?"]


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("\n" + json.dumps(gretel(1)) + "\n\n{broken\n" + json.dumps(gretel(2)))
    assert [(row.line, row.example is not None) for row in FileReader(path)] == [(2, True), (4, False), (5, True)]


def test_a_csv_row_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    rows = [gretel(1, sql_context="CREATE TABLE city (\nid INT\n);"), gretel(2, sql="DROP TABLE city")]
    assert rejections(FileReader(write_csv(tmp_path / "r.csv", rows))) == [(5, Rejection.NOT_A_QUERY)]


def test_rows_of_a_json_array_carry_their_line(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(f"[\n{json.dumps(gretel(1))},\n\n{json.dumps(gretel(2, sql=''))}\n]\n")
    assert rejections(FileReader(path)) == [(4, Rejection.MISSING_SQL)]


def test_a_json_object_around_one_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"version": 1, "data": [gretel(1), gretel(2)]}))
    assert questions(FileReader(path)) == ["Question 1?", "Question 2?"]


def test_a_json_array_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_READ_CHARS", 7)
    path = write_json(tmp_path / "r.json", [gretel(n, sql_context=DDL * n) for n in range(1, 20)])
    assert questions(FileReader(path)) == [f"Question {n}?" for n in range(1, 20)]


def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path: Path) -> None:
    for path in (write_jsonl(tmp_path / "r.jsonl", [gretel(1)]), write_csv(tmp_path / "r.csv", [gretel(1)])):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert questions(FileReader(path)) == ["Question 1?"]


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    reader = FileReader(write_jsonl(tmp_path / "r.jsonl", [gretel(1), gretel(2)]))
    assert list(reader) == list(reader)


def test_a_file_is_read_as_a_stream(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [gretel(n) for n in range(2000)])
    rows = iter(FileReader(path))
    next(rows)
    path.write_text("")  # what was not yet read is gone: a reader that had read all would still return it
    assert len(list(rows)) < 1999


# --- what is rejected ---


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sql_prompt": ""}, Rejection.MISSING_QUESTION),
        ({"sql_prompt": None}, Rejection.MISSING_QUESTION),
        ({"sql_prompt": 7}, Rejection.MISSING_QUESTION),
        ({"sql": "  \n"}, Rejection.MISSING_SQL),
        ({"sql": ["SELECT 1"]}, Rejection.MISSING_SQL),
        ({"sql_context": ""}, Rejection.MISSING_CONTEXT),
        ({"sql_prompt": "x" * 5000}, Rejection.TOO_LONG),
        ({"sql": f"SELECT '{'x' * 30_000}'"}, Rejection.TOO_LONG),
        ({"sql_context": "x" * 1_100_000}, Rejection.TOO_LONG),
        ({"sql_prompt": "half a pair \ud83d"}, Rejection.BROKEN_UTF8),
        ({"sql": "SELECT FROM WHERE"}, Rejection.UNPARSABLE_SQL),
        ({"sql": "There is no such query."}, Rejection.UNPARSABLE_SQL),
        ({"sql": "INSERT INTO city VALUES (1, 'x')"}, Rejection.NOT_A_QUERY),
        ({"sql": "UPDATE city SET id = 1"}, Rejection.NOT_A_QUERY),
        ({"sql": "DELETE FROM city"}, Rejection.NOT_A_QUERY),
        ({"sql": "CREATE TABLE x (a INT)"}, Rejection.NOT_A_QUERY),
        ({"sql": "SELECT 1; DROP TABLE city"}, Rejection.NOT_A_QUERY),
    ],
)
def test_unusable_rows_are_rejected_with_their_reason(tmp_path: Path, changes: dict, reason: Rejection) -> None:
    row = only_row(tmp_path, gretel(1, **changes))
    assert (row.rejection, row.example) == (reason, None)
    assert row.detail


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json", Rejection.MALFORMED),
        (b'"a text"', Rejection.MALFORMED),
        (b"[1, 2]", Rejection.MALFORMED),
        (b"[" * 100_000, Rejection.MALFORMED),
        (b'{"sql_prompt": "\xff"}', Rejection.BROKEN_UTF8),
        (b'{"sql_prompt": "' + b"x" * 5000 + b'"}', Rejection.TOO_LONG),
    ],
)
def test_one_bad_line_costs_that_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, reason: Rejection
) -> None:
    if reason is Rejection.TOO_LONG:
        monkeypatch.setattr(records, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "r.jsonl"
    path.write_bytes(json.dumps(gretel(1)).encode() + b"\n" + line + b"\n" + json.dumps(gretel(2)).encode() + b"\n")
    assert questions(FileReader(path)) == ["Question 1?", "Question 2?"]
    assert rejections(FileReader(path)) == [(2, reason)]


def test_one_bad_csv_row_costs_that_row_alone(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [gretel(n) for n in range(3)])
    lines = path.read_bytes().splitlines()
    bad = [b"1,too,few", b"1,one,two,three,four", lines[1].replace(b"Question", b"\xff\xfe")]
    path.write_bytes(b"\n".join([*lines[:2], *bad, *lines[2:]]) + b"\n")
    assert questions(FileReader(path)) == ["Question 0?", "Question 1?", "Question 2?"]
    assert rejections(FileReader(path)) == [
        (3, Rejection.MALFORMED),
        (4, Rejection.MALFORMED),
        (5, Rejection.BROKEN_UTF8),
    ]


def test_broken_utf8_in_a_json_array_costs_that_element_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(json.dumps([gretel(1), gretel(2), gretel(3)]).encode().replace(b"Question 2", b"Question \xff"))
    assert questions(FileReader(path)) == ["Question 1?", "Question 3?"]
    assert rejections(FileReader(path)) == [(1, Rejection.BROKEN_UTF8)]


@pytest.mark.parametrize("cut", [5, -1, -20])
def test_a_truncated_json_array_gives_what_is_whole_and_says_so(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "r.json"
    text = json.dumps([gretel(1), gretel(2)])
    path.write_text(text[:cut])
    rows = list(FileReader(path))
    assert [row.example.question for row in rows[:-1]] == ["Question 1?", "Question 2?"][: len(rows) - 1]
    assert rows[-1].rejection is Rejection.MALFORMED
    assert "reading stopped here" in rows[-1].detail


def test_more_malformed_lines_than_are_looked_at_for_columns_do_not_hide_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("broken\n" * 120 + json.dumps(gretel(1)) + "\n")
    assert questions(FileReader(path)) == ["Question 1?"]
    assert len(rejections(FileReader(path))) == 120


def test_a_context_that_does_not_parse_is_kept(tmp_path: Path) -> None:
    row = only_row(tmp_path, gretel(1, sql_context="table city with columns id and name"))
    assert row.example.context == "table city with columns id and name"


@pytest.mark.parametrize(
    "sql", ["SELECT `a b` FROM city LIMIT 1, 2", "SELECT TOP 3 * FROM city", "SELECT id::text FROM city"]
)
def test_other_dialects_are_no_reason_to_reject(tmp_path: Path, sql: str) -> None:
    assert only_row(tmp_path, gretel(1, sql=sql)).example is not None


def test_a_declared_dialect_is_held_to(tmp_path: Path) -> None:
    row = gretel(1, sql="SELECT [a b] FROM city")
    assert only_row(tmp_path, row, dialect="tsql").example is not None
    assert only_row(tmp_path, row, dialect="mysql").rejection is Rejection.UNPARSABLE_SQL


def test_almost_every_query_of_real_gretel_rows_is_kept(shared_data: Path) -> None:
    rows = list(FileReader(shared_data / "gretel_sample.jsonl"))
    reasons = [row.rejection for row in rows if row.rejection is not None]
    assert len(rows) == 217
    assert reasons.count(Rejection.NOT_A_QUERY) == 14
    assert len(reasons) == 15  # the last one is DATE(NOW()) - INTERVAL 365 DATE


# --- columns ---


def test_any_columns_can_be_mapped(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"nl": "Q?", "code": "SELECT 1", "tables": DDL, "base": "geo"}])
    columns = ColumnMap.parse(["question=nl", "sql=code", "context=tables", "db_id=base"])
    (row,) = FileReader(path, columns=columns)
    assert (row.example.question, row.example.sql, row.example.db_id) == ("Q?", "SELECT 1", "geo")


def test_missing_columns_are_an_error_that_lists_what_there_is_and_how_to_map_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"nl": "Q?", "sql": "SELECT 1", "tables": DDL}])
    with pytest.raises(
        IngestionError,
        match=r"no column for question and context; found 'nl', 'sql', 'tables'.*--map question=COLUMN --map context=",
    ):
        list(FileReader(path))


def test_mapping_to_a_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [gretel(1)])
    with pytest.raises(IngestionError, match=r"no column 'nope'.*found 'id', 'sql_prompt'"):
        list(FileReader(path, columns=ColumnMap(question="nope")))


@pytest.mark.parametrize("assignment", ["question", "question=", "colour=red", "=x"])
def test_a_mapping_that_is_none_is_an_error_with_the_fields(assignment: str) -> None:
    with pytest.raises(IngestionError, match="question, sql, context, db_id, origin"):
        ColumnMap.parse([assignment])


def test_a_column_that_the_first_row_lacks_is_still_found(tmp_path: Path) -> None:
    first = {"id": 0, "sql_prompt": "No context here?", "sql": "SELECT 1"}
    path = write_jsonl(tmp_path / "r.jsonl", [first, gretel(1)])
    assert questions(FileReader(path)) == ["Question 1?"]
    assert rejections(FileReader(path)) == [(1, Rejection.MISSING_CONTEXT)]


def test_synthetic_rows_stay_synthetic(tmp_path: Path) -> None:
    assert only_row(tmp_path, gretel(1, origin="synthetic")).example.origin is Origin.SYNTHETIC
    assert only_row(tmp_path, gretel(1)).example.origin is Origin.VERIFIED


# --- files that are none ---


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.jsonl", b"", r"is empty \(0 bytes\)"),
        ("r.parquet", b"PAR1 not really", "not a Parquet file"),
        ("r.json", b"42", "expected a JSON array"),
        ("r.json", b'{"a": 1,\n"b": 2}', "object with 0 lists"),
        ("r.txt", b"x", r"ends in '.txt'; expected one of .jsonl"),
    ],
)
def test_a_file_of_the_wrong_kind_is_an_error(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(IngestionError, match=message):
        list(FileReader(path))


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(IngestionError, match="does not exist"):
        FileReader(tmp_path / "no.jsonl").total_rows()
    with pytest.raises(IngestionError, match="is a folder"):
        list(FileReader(tmp_path))


# --- the hub ---


def test_a_data_set_in_the_hubs_layout_is_streamed_through_datasets(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [gretel(1), gretel(2, sql="DROP TABLE x"), gretel(3)])
    write_jsonl(tmp_path / "test.jsonl", [gretel(9)])
    assert questions(HubReader(str(tmp_path))) == ["Question 1?", "Question 3?"]
    assert rejections(HubReader(str(tmp_path))) == [(2, Rejection.NOT_A_QUERY)]
    assert questions(HubReader(str(tmp_path), split="test")) == ["Question 9?"]


def test_an_unknown_split_is_an_error_that_names_the_splits(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [gretel(1)])
    with pytest.raises(IngestionError, match=r"nosplit.*train"):
        list(HubReader(str(tmp_path), split="nosplit"))


def test_a_data_set_with_other_columns_is_an_error_that_lists_them(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [{"a": "x", "b": "y"}])
    with pytest.raises(IngestionError, match="found 'a', 'b'"):
        list(HubReader(str(tmp_path)))


def test_a_hub_that_cannot_be_reached_is_an_error_with_the_way_out() -> None:
    with pytest.raises(IngestionError, match=r"synthetic_text_to_sql@abc \(test\) could not be opened.*--file"):
        list(HubReader(split="test", revision="abc"))


# --- Spider ---


def make_database(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, population INTEGER)")
    connection.commit()
    connection.close()
    return path


def spider_question(**changes: Any) -> dict[str, Any]:
    return {"db_id": "geo", "question": "How many cities?", "query": "SELECT count(*) FROM city", "sql": {}, **changes}


SPIDER_TABLES = {
    "db_id": "geo",
    "table_names_original": ["city", "river"],
    "column_names_original": [[-1, "*"], [0, "id"], [0, "name"], [1, "id"], [1, "city_id"]],
    "column_types": ["text", "number", "text", "number", "number"],
    "primary_keys": [1, [3, 4]],
    "foreign_keys": [[4, 1]],
}


def test_questions_beside_their_databases_get_the_schema_as_context(tmp_path: Path) -> None:
    make_database(tmp_path / "databases" / "geo.sqlite")
    rows = [{"id": 1, "db_id": "geo", "question": "How many?", "sql": "SELECT count(*) FROM city"}]
    write_jsonl(tmp_path / "questions.jsonl", rows)
    (row,) = SpiderReader(tmp_path)
    assert row.example.db_id == "geo"
    assert row.example.context.startswith("CREATE TABLE city (\n  id INTEGER PRIMARY KEY,")


def test_spiders_own_layout_is_read_by_split(tmp_path: Path) -> None:
    make_database(tmp_path / "database" / "geo" / "geo.sqlite")
    write_json(tmp_path / "train_spider.json", [spider_question(question=f"T{n}?") for n in range(2)])
    write_json(tmp_path / "dev.json", [spider_question(question="D?")])
    assert questions(SpiderReader(tmp_path)) == ["T0?", "T1?"]
    assert questions(SpiderReader(tmp_path, split="dev")) == ["D?"]
    assert SpiderReader(tmp_path).total_rows() == 2


def test_spiders_parsed_sql_column_is_not_taken_for_the_sql(tmp_path: Path) -> None:
    make_database(tmp_path / "database" / "geo" / "geo.sqlite")
    write_json(tmp_path / "dev.json", [spider_question(sql={"select": [False, []]})])
    (row,) = SpiderReader(tmp_path, split="dev")
    assert row.example.sql == "SELECT count(*) FROM city"


def test_without_a_database_file_tables_json_gives_the_schema(tmp_path: Path) -> None:
    write_json(tmp_path / "tables.json", [SPIDER_TABLES])
    write_json(tmp_path / "dev.json", [spider_question()])
    (row,) = SpiderReader(tmp_path, split="dev")
    assert row.example.context == schema_from_spider(SPIDER_TABLES).to_ddl()
    assert "CREATE TABLE river" in row.example.context
    assert "FOREIGN KEY (city_id) REFERENCES city (id)" in row.example.context


@pytest.mark.parametrize("db_id", ["unknown", "../geo", "", None, 3])
def test_a_question_without_a_schema_is_rejected(tmp_path: Path, db_id: Any) -> None:
    make_database(tmp_path / "geo.sqlite")
    write_json(tmp_path / "dev.json", [spider_question(db_id=db_id)])
    assert rejections(SpiderReader(tmp_path, split="dev")) == [(2, Rejection.MISSING_CONTEXT)]


def test_a_broken_database_file_rejects_its_questions_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "databases").mkdir()
    (tmp_path / "databases" / "geo.sqlite").write_bytes(b"not a database at all")
    write_jsonl(tmp_path / "questions.jsonl", [{"db_id": "geo", "question": "Q?", "sql": "SELECT 1"}])
    (row,) = SpiderReader(tmp_path)
    assert row.rejection is Rejection.MISSING_CONTEXT
    assert "neither a SQLite nor a DuckDB file" in row.detail


def test_a_folder_in_another_layout_and_an_unknown_split_are_errors(tmp_path: Path) -> None:
    with pytest.raises(IngestionError, match="expected questions.jsonl or train_spider.json"):
        list(SpiderReader(tmp_path))
    with pytest.raises(IngestionError, match="expected one of train, dev, test"):
        list(SpiderReader(tmp_path, split="validation"))


def test_every_real_spider_training_question_is_usable(shared_data: Path) -> None:
    reader = SpiderReader(shared_data / "spider_train")
    assert reader.total_rows() == 4412
    assert rejections(reader) == []


# --- a live database ---


def test_pairs_for_a_live_database_carry_its_schema_and_name(tmp_path: Path) -> None:
    database = open_database(make_database(tmp_path / "geo.sqlite"))
    pairs = write_csv(tmp_path / "pairs.csv", [{"question": "How many?", "sql": "SELECT count(*) FROM city"}])
    (row,) = DatabaseReader(database, pairs)
    assert row.example.db_id == "geo"
    assert "population INTEGER" in row.example.context
    assert DatabaseReader(database, pairs).total_rows() == 1


@pytest.mark.parametrize("sql", ["SELECT mayor FROM city", "SELECT * FROM river", "SELECT load_extension('x')"])
def test_a_pair_that_does_not_fit_the_database_is_rejected(tmp_path: Path, sql: str) -> None:
    database = open_database(make_database(tmp_path / "geo.sqlite"))
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [{"question": "Q?", "sql": sql}])
    assert rejections(DatabaseReader(database, pairs)) == [(1, Rejection.DOES_NOT_FIT)]


def test_a_pair_is_run_before_it_is_kept(tmp_path: Path) -> None:
    database = open_database(make_database(tmp_path / "geo.sqlite"))
    kept = ["SELECT name FROM city; -- all of them", "SELECT name FROM city /* a */ ;; -- b\n/* c */"]
    failing = ["SELECT population::text FROM city", "SELECT sum(sum(population)) FROM city", "SELECT 1; SELECT 2; --"]
    rows = [{"question": f"Q{number}?", "sql": sql} for number, sql in enumerate((*kept, *failing))]
    reader = DatabaseReader(database, write_jsonl(tmp_path / "pairs.jsonl", rows))
    assert questions(reader) == ["Q0?", "Q1?"]
    details = [row.detail for row in reader if row.example is None]
    assert "which has no :: of DuckDB and PostgreSQL" in details[0] and "misuse of aggregate" in details[1]
    assert "2 statements" in details[2]


def test_a_pairs_file_needs_no_context_column_but_question_and_sql(tmp_path: Path) -> None:
    database = open_database(make_database(tmp_path / "geo.sqlite"))
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [{"frage": "Wie viele?", "sql": "SELECT count(*) FROM city"}])
    with pytest.raises(IngestionError, match="no column for question; found 'frage', 'sql'"):
        list(DatabaseReader(database, pairs))
    assert questions(DatabaseReader(database, pairs, columns=ColumnMap(question="frage"))) == ["Wie viele?"]
