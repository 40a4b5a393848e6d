"""Words of a question and what is stored: case, accents, codes of lookup tables, and columns that are left alone."""

import sqlite3

import pytest

from coderag_app.database import open_database
from coderag_app.loading import load_query_engine
from coderag_app.schema.value_index import StoredValue, ValueIndex


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT);
            CREATE TABLE customer (
                id INTEGER PRIMARY KEY, name TEXT, email TEXT, city TEXT, country TEXT REFERENCES country);
            CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE line (product TEXT REFERENCES product(id), note TEXT);
            INSERT INTO country VALUES ('DE', 'Germany'), ('FR', 'France'), ('IN', 'India');
            INSERT INTO customer VALUES (1, 'Zoë', 'zoe@x.org', 'München', 'DE'), (2, 'Zoe', 'z@x.org', 'Łódź', 'FR');
            INSERT INTO customer VALUES (3, 'MÜLLER', 'm@x.org', 'New York', 'IN');
            INSERT INTO product VALUES (1, 'Lamp');
            """
        )
    connection.close()
    return path


@pytest.fixture
def values(path):
    return index_of(path)


def index_of(path, unmatched=()) -> ValueIndex:
    database = open_database(path)
    schema = database.read_schema()
    found = ValueIndex.from_database(schema, database.texts_of, unmatched, lambda sql: database.execute(sql).rows)
    database.close()
    return found


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("people in munchen", ["München"]),
        ("people in MÜNCHEN", ["München"]),
        ("in lodz", ["Łódź"]),
        ("from new york?", ["New York"]),
        ("called müller", ["MÜLLER"]),
        ("orders of Zoë", ["Zoë"]),
        ("orders of Zoe", ["Zoe"]),
        ("who is in it", []),
        ("nothing here", []),
    ],
)
def test_case_and_accents_do_not_matter_unless_both_forms_are_stored(values, text, stored):
    assert [value.text for match in values.find(text) for value in match.values] == stored


def test_a_plural_is_its_value_only_where_asked_for(values):
    assert not values.find("prices of lamps")
    (match,) = values.find("prices of lamps", plurals=True)
    assert match.values == (StoredValue("product", "name", "Lamp"),)


def test_a_name_is_linked_to_its_code_and_a_code_to_its_name(values):
    (named,) = values.find("customers in germany")
    assert named.values == (StoredValue("country", "name", "Germany"),)
    assert set(named.linked) == {StoredValue("customer", "country", "DE"), StoredValue("country", "code", "DE")}
    (coded,) = values.find("customers in DE")
    assert StoredValue("country", "name", "Germany") in coded.linked


def test_the_stored_form_of_a_column_follows_the_link(values):
    assert values.stored_form("customer", "country", "Germany") == "DE"
    assert values.stored_form("customer", "country", "de") == "DE"
    assert values.stored_form("customer", "city", "MUNCHEN") == "München"
    assert values.stored_form("customer", "city", "Germany") is None


def test_a_lookup_by_number_links_nothing(values):
    (lamp,) = values.find("Lamp")
    assert lamp.linked == ()


def test_unmatched_columns_are_never_read(path):
    read = []
    database = open_database(path)
    schema = database.read_schema()

    def texts_of(columns, limit):
        read.extend(f"{table}.{column}" for table, column in columns)
        return database.texts_of(columns, limit)

    values = ValueIndex.from_database(
        schema, texts_of, ["Customer.EMAIL", "country.*"], lambda sql: database.execute(sql).rows
    )
    database.close()
    assert "customer.email" not in read and "country.name" not in read and "customer.city" in read
    assert values.find("zoe@x.org") == [] or values.find("zoe@x.org")[0].values[0].column == "name"
    assert values.find("Germany") == []


def test_the_setting_switches_columns_off_in_the_engine(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODERAG_UNMATCHED_COLUMNS", '["*.city"]')
    from scripted_llm import ScriptedLLM

    engine = load_query_engine(database=path, llm=ScriptedLLM(replies=["SELECT 1"]))
    assert engine.values.find("München") == [] and engine.values.find("Germany")[0].linked
    engine.close()


def test_near_values_help_with_a_slip(values):
    assert values.near("Munchn") == ("München",)
