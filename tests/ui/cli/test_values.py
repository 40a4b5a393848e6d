"""`coderag values`: which columns' values are read, switched off and on."""

import sqlite3

import pytest

pytest_plugins = ["cli_runner"]


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE customer (id INTEGER PRIMARY KEY, "[b]email" TEXT, phone TEXT)')
    connection.close()
    return path


def switched_off(outcome):
    return [f"{row['table']}.{row['column']}" for row in outcome.documents[0]["columns"] if not row["on"]]


def test_columns_are_listed_with_their_names_as_they_are(coderag, shop):
    outcome = coderag("values", "--database", shop)
    assert outcome.code == 0
    assert outcome.out.splitlines() == ["on   customer.id", "on   customer.[b]email", "on   customer.phone"]


def test_columns_are_switched_off_and_on_again(coderag, shop):
    off = coderag("values", "-d", shop, "--off", "customer.[B]email", "--off", "customer.phone", "--json")
    assert switched_off(off) == ["customer.[b]email", "customer.phone"]
    assert switched_off(coderag("values", "-d", shop, "--on", "customer.phone", "--json")) == ["customer.[b]email"]
    assert "off  customer.[b]email" in coderag("values", "-d", shop).out


def test_a_column_that_is_not_there_is_wrong_usage_and_nothing_is_switched(coderag, shop):
    outcome = coderag("values", "-d", shop, "--off", "customer.phone", "--off", "customer.fax")
    assert outcome.code == 2
    assert "no column 'customer.fax'" in outcome.err
    assert switched_off(coderag("values", "-d", shop, "--json")) == []


def test_without_a_database_there_is_nothing_to_list(coderag):
    outcome = coderag("values")
    assert outcome.code == 2
    assert "--database" in outcome.err
