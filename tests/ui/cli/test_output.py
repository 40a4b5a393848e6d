"""`coderag ask --output` writes the rows of an answer, with formulas made harmless."""

import openpyxl
import pyarrow.parquet as pq
import pytest

pytest_plugins = ["cli_runner"]

SQL = "SELECT '=cmd' AS a, -5 AS b FROM stores LIMIT 1"


@pytest.mark.parametrize(("flags", "line"), [((), "'=cmd,-5"), (("--keep-formulas",), "=cmd,-5")])
def test_csv_carries_no_formula_unless_it_is_wanted(coderag, tmp_path, flags, line):
    outcome = coderag("ask", "--demo", "--output", "rows.csv", *flags, "Which?", replies=[SQL])
    assert outcome.code == 0
    assert (tmp_path / "rows.csv").read_bytes().decode("utf-8-sig") == f"a,b\r\n{line}\r\n"


def test_parquet_and_excel_hold_the_values(coderag, tmp_path):
    coderag("ask", "--demo", "-o", "rows.parquet", "Which?", replies=[SQL])
    coderag("ask", "--demo", "-o", "rows.xlsx", "Which?", replies=[SQL])
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == [{"a": "=cmd", "b": -5}]
    cells = openpyxl.load_workbook(tmp_path / "rows.xlsx").active[2]
    assert [(cell.value, cell.data_type) for cell in cells] == [("=cmd", "s"), (-5, "n")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "rows.txt", "Which?"), "ends in .csv, .parquet, .xlsx"),
        (("-o", "there.csv", "Which?"), "exists"),
        (("-o", "rows.csv", "Which?", "-F", "and?"), "one question"),
    ],
)
def test_what_cannot_be_written_is_said_first(coderag, tmp_path, words, says):
    (tmp_path / "there.csv").write_text("kept")
    outcome = coderag("ask", "--demo", *words)
    assert outcome.code != 0
    assert says in outcome.err
    assert (tmp_path / "there.csv").read_text() == "kept"
