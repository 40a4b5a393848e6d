"""Values that databases do return and that break what comes after: each of them in each place that rows go to."""

import base64
import csv
import datetime
import io
import json
import uuid
from decimal import Decimal

import nbformat
import openpyxl
import pyarrow.parquet as pq
import pytest

from coderag_app.answers.as_json import answer_line
from coderag_app.answers.as_text import answer_text
from coderag_app.answers.charts import suggest_charts
from coderag_app.answers.from_json import answer_from_line
from coderag_app.answers.result_files import to_csv, to_excel, to_parquet
from coderag_app.chat.history import HistoryStore
from coderag_app.chat.history_export import to_markdown, to_notebook
from coderag_app.text.cell_text import cell_text
from coderag_app.types import AnswerStatus, SQLAnswer
from coderag_app.vote.same_rows import comparable_rows, same_multiset
from ui.cli.answer_view import rows_view


class Unwritable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def nested(levels: int, kind: type) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value] if kind is list else {"a": value}
    return value


VALUES = {
    "nan": float("nan"), "infinity": float("inf"), "minus_infinity": float("-inf"), "decimal_nan": Decimal("NaN"),
    "signalling_nan": Decimal("sNaN"), "decimal_infinity": Decimal("-Infinity"), "1e400": Decimal("1e400"),
    "huge_exponent": Decimal("1E+999999"), "tiny": Decimal("1E-999999"), "40_digits": 10**40, "400_digits": 10**400,
    "5000_digits": 10**5000, "minus_zero": -0.0, "deep_list": nested(2_000, list), "deep_dict": nested(2_000, dict),
    "list": [1, None, "x"], "dict": {"a": [1, {"b": float("nan")}]}, "odd_keys": {1: 2, None: 3, b"x": Decimal("NaN")},
    "set": {1, "a"}, "tuple": (1, (2, (3,))), "empty_list": [], "empty_dict": {},
    "bytes": b"\x00\xff", "bytearray": bytearray(b"ab"), "memoryview": memoryview(b"ab"), "empty_bytes": b"",
    "surrogate": "\ud800x\udfff", "nul": "a\x00b", "escapes": "\x1b[31m\x07\r", "bidi": "\u202egnp.exe\u2066",
    "tags": "\U000e0041", "empty": "", "null_text": "NULL", "long": "x" * 100_000, "line_breaks": "a\r\nb\u2028c",
    "bc_date": "0044-03-15 BC", "endless_interval": "5000000 years", "24_hours": "24:00:00", "13th_month": "2024-13-45",
    "timedelta": datetime.timedelta(days=999_999_999), "minus_timedelta": datetime.timedelta.min,
    "first_date": datetime.date.min, "last_time": datetime.datetime.max, "1899": datetime.datetime(1899, 12, 31, 23),
    "zone": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=23, minutes=59))),
    "time": datetime.time(23, 59, 59, 999_999), "uuid": uuid.UUID(int=1), "true": True, "complex": 1j,
    "unwritable": Unwritable(), "formula": "=cmd|'/c calc'!A0", "markup": "<script>alert(1)</script>|\n# x",
}  # fmt: skip
COLUMNS = ("name", "value")


def rows_with(value: object) -> tuple[tuple[object, ...], ...]:
    """The value alone in its column, below NULL, and twice, so that sorting and hashing meet it."""
    return (("a", None), ("b", value), ("c", value))


def mixed() -> tuple[tuple[object, ...], ...]:
    return tuple(VALUES.items())


def answer(rows: tuple[tuple[object, ...], ...]) -> SQLAnswer:
    return SQLAnswer("q", "SELECT 1", AnswerStatus.ANSWERED, columns=COLUMNS, rows=rows, executed=True)


def check_csv(rows):
    lines = list(csv.reader(io.StringIO(to_csv(COLUMNS, rows).decode("utf-8-sig"), newline="")))
    assert len(lines) == len(rows) + 1


def check_parquet(rows):
    assert pq.read_table(io.BytesIO(to_parquet(COLUMNS, rows))).num_rows == len(rows)


def check_excel(rows):
    sheet = openpyxl.load_workbook(io.BytesIO(to_excel(COLUMNS, rows))).active
    assert sheet.max_row == len(rows) + 1
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def check_json(rows):
    for ascii_only in (False, True):
        line = answer_line(answer(rows), ascii_only)
        assert all(character.isprintable() for character in line)
        document = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert len(document["rows"]) == len(rows)
        assert answer_from_line(line).rows


def check_charts(rows):
    for chart in suggest_charts(COLUMNS, rows) + suggest_charts(
        ("n", "value"), [(i, r[1]) for i, r in enumerate(rows)]
    ):
        json.dumps(chart.spec, allow_nan=False).encode()


def check_text(rows):
    text = answer_text(answer(rows)) + "".join(cell_text(value) for row in rows for value in row)
    assert all(character.isprintable() or character == "\n" for character in text)


def check_terminal(rows):
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=100).print(rows_view(COLUMNS, rows, False, 100))
    out.getvalue().encode()


def check_vote(rows):
    assert same_multiset(*comparable_rows(rows, tuple(reversed(rows))))
    other = (*rows[:-1], (rows[-1][0], "another text"))
    assert not same_multiset(*comparable_rows(rows, other))


def check_page(rows):
    from streamlit.dataframe_util import convert_anything_to_arrow_bytes

    from ui.page.result_table import rows_frame

    frame = rows_frame(COLUMNS, rows)
    assert len(frame) == len(rows)
    frame.sort_values("value")
    base64.b64encode(convert_anything_to_arrow_bytes(frame))


def check_history(rows, folder):
    store = HistoryStore(folder / "history.sqlite")
    kept = store.new("t", "d")
    store.save_turn(kept, answer(rows))
    conversation = store.load(kept)
    to_markdown(conversation).encode()
    nbformat.validate(nbformat.reads(to_notebook(conversation), as_version=4))


CHECKS = [
    check_csv,
    check_parquet,
    check_excel,
    check_json,
    check_charts,
    check_text,
    check_terminal,
    check_vote,
    check_page,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("name", VALUES)
def test_a_strange_value_breaks_no_place_that_rows_go_to(name, check):
    check(rows_with(VALUES[name]))
    check((("only", VALUES[name]),) * 2)


@pytest.mark.parametrize("name", VALUES)
def test_a_strange_value_is_kept_in_the_history_and_exported(name, tmp_path):
    check_history(rows_with(VALUES[name]), tmp_path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_all_of_them_in_one_column(check):
    check(mixed())


def test_nan_is_equal_to_nan_and_unhashable_cells_are_compared_by_their_parts():
    def same(first, second):
        return same_multiset(*comparable_rows([(first,)], [(second,)]))

    assert same(float("nan"), Decimal("NaN"))
    assert same({"a": 1, "b": [2]}, {"b": [2.0], "a": True})
    assert same([Decimal(1), None], (1.0, None))
    assert not same({"a": 1}, {"a": 2})
    assert not same([1, 2], [2, 1])
    assert not same(10**400, float("inf"))
    assert same(Decimal("0.1"), 0.1)


def test_formulas_are_texts_in_files_and_numbers_stay_numbers():
    values = ["=cmd", "+1+1", "-2+3", "@sum", "\t=x", "\r=x", " =x", "\uff1dx", "\ufeff=x", -5, -1.5, Decimal("-2"),
              "-7", "a=b", "-", None]  # fmt: skip
    rows = [(value,) for value in values]
    read = [line[0] for line in csv.reader(io.StringIO(to_csv(("=h",), rows).decode("utf-8-sig"), newline=""))]
    assert read[:10] == ["'=h", *(f"'{value}" for value in values[:9])]
    assert read[10:15] == ["-5", "-1.5", "-2", "-7", "a=b"]
    assert read[15] == "'-"
    kept = to_csv(("=h",), rows, keep_formulas=True).decode("utf-8-sig")
    assert "'" not in kept and "=cmd" in kept
    sheet = openpyxl.load_workbook(io.BytesIO(to_excel(("=h",), rows))).active
    assert [cell.data_type for cell in sheet["A"]][:6] == ["s"] * 6
    assert sheet["A2"].value == "=cmd" and sheet["A11"].value == -5


def test_json_shows_no_character_that_steers_and_reads_back_the_same():
    text = "\x7f\x9b\u202e\u2066\ufeff\U000e0041\ud800é"
    line = answer_line(answer(((text, 1),)))
    assert "\\u202e" in line and "é" in line
    assert json.loads(line)["rows"][0][0] == text
