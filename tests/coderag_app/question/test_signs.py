"""The signs of numbers are said in figures where the schema has such a number."""

from dataclasses import replace

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.question.signs import signs_in_figures
from coderag_app.schema.profile import number_profile
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

WEATHER = schema_from_ddl(
    "CREATE TABLE stations (id INT PRIMARY KEY, name TEXT, frost_days INT, mood TEXT);"
    "CREATE TABLE readings (id INT PRIMARY KEY, station_id INT REFERENCES stations(id), temperature_c REAL);"
    "CREATE TABLE storms (id INT PRIMARY KEY, storm_number INT, casualties INT, wind REAL)"
)


def with_zeros(schema):
    """The schema, with a profile that says that the days of frost begin at 0 in every row."""
    stations, *others = schema.tables
    columns = [
        replace(column, profile=number_profile(0, 9, 5, "frost days")) if column.name == "frost_days" else column
        for column in stations.columns
    ]
    return replace(schema, tables=(replace(stations, columns=tuple(columns)), *others))


def plain(text, values=()):
    schema, index = with_zeros(WEATHER), ValueIndex(values)
    return signs_in_figures(read_question(text, schema, index), schema)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("How many readings have a negative temperature?", "How many readings have a temperature less than 0?"),
        ("Which temperatures are positive?", "Which temperatures greater than 0?"),
        ("Readings with a temperature below zero", "Readings with a temperature below 0"),
        ("How many readings are negative?", "How many readings with temperature c less than 0?"),
        ("Stations with zero frost days in 2021", "Stations with frost days of 0 in 2021"),
        ("Stations without any frost days", "Stations with frost days of 0"),
        ("Stations with non-zero frost days", "Stations with frost days other than 0"),
        ("Storms with at least one casualty", "Storms with casualty at least 1"),
        ("Storms with more than two casualties", "Storms with casualties more than 2"),
    ],
)
def test_a_sign_becomes_figures(asked, said):
    assert plain(asked) == said


@pytest.mark.parametrize(
    "asked",
    [
        "How many stations have negative reviews?",
        "Stations with at least one storm",  # a table's rows are counted, not storm_number
        "Storms without casualties",  # they may be missing, which is not 0
        "Names of stations with no readings",
        "How many storms?",
    ],
)
def test_what_is_no_number_stays(asked):
    assert plain(asked) == asked


def test_a_stored_value_stays_what_it_is():
    asked = "Stations of negative mood and negative temperature"
    assert plain(asked, [StoredValue("stations", "mood", "negative")]) == asked
