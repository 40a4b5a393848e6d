"""Columns whose values are switched off: what is written down, and what the engine then leaves alone."""

import sqlite3

import pytest
from scripted_llm import ScriptedLLM

from coderag_app.errors import ConfigurationError
from coderag_app.examples.unmatched_columns import UnmatchedColumns
from coderag_app.loading import load_query_engine
from coderag_app.settings import AppConfig

HOSTILE = "e[m]a*l #1\nx"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT, city TEXT)")
        connection.executemany(
            "INSERT INTO customer VALUES (?, ?, ?)", [(1, "ann@x.org", "Lyon"), (2, "b@x.org", "Porto")]
        )
    connection.close()
    return path


@pytest.fixture
def config(tmp_path):
    return AppConfig(verified_dir=tmp_path / "kept", unmatched_columns=("*.phone",))


def prompt_of(engine, llm):
    engine.ask("How many customers are there?")
    return llm.prompts[-1]


def test_values_of_a_column_that_is_off_are_neither_matched_nor_in_the_prompt(path, config):
    llm = ScriptedLLM(replies=["SELECT COUNT(*) FROM customer"])
    engine = load_query_engine(database=path, llm=llm, config=config)
    assert engine.values.find("ann@x.org") and "ann@x.org" in prompt_of(engine, llm)
    UnmatchedColumns.of_database("shop", config).switch("customer", "email", on=False)
    engine = load_query_engine(database=path, llm=llm, config=config)
    prompt = prompt_of(engine, llm)
    assert not engine.values.find("ann@x.org") and engine.values.find("Lyon")
    assert "ann@x.org" not in prompt and "email" in prompt and "Lyon" in prompt


def test_a_query_can_still_use_a_column_that_is_off(path, config):
    UnmatchedColumns.of_database("shop", config).switch("customer", "email", on=False)
    engine = load_query_engine(database=path, llm=ScriptedLLM(replies=["SELECT 1"]), config=config)
    assert engine.run_sql("SELECT email FROM customer WHERE id = 1").rows == (("ann@x.org",),)


def test_a_column_is_switched_off_and_on_again_and_other_lines_of_the_file_stay(config):
    unread = UnmatchedColumns.of_database("shop", config)
    unread.switch("Customer", "Email", on=False)
    unread.path.write_text(f"# mine\n{unread.path.read_text()}other.place\n")
    unread.switch("customer", "email", on=False)
    assert unread.patterns() == ("*.phone", "customer.email", "other.place")
    unread.switch("CUSTOMER", "email", on=True)
    assert unread.patterns() == ("*.phone", "other.place")
    assert unread.path.read_text().startswith("# mine\n")


def test_any_name_is_taken_as_it_is_and_not_as_a_pattern(config):
    unread = UnmatchedColumns.of_database("shop", config)
    unread.switch("#t", HOSTILE, on=False)
    assert unread.is_off("#T", HOSTILE)
    assert not unread.is_off("#t", HOSTILE.replace("a*l", "al"))
    assert not unread.is_off("#t", "eml #1")
    unread.switch("#t", HOSTILE, on=True)
    assert not unread.is_off("#t", HOSTILE)


def test_a_column_that_a_setting_switches_off_cannot_be_switched_on_here(config):
    unread = UnmatchedColumns.of_database("shop", config)
    with pytest.raises(ConfigurationError, match=r"setting unmatched_columns has '\*.phone'"):
        unread.switch("customer", "phone", on=True)


def test_a_column_that_a_pattern_by_hand_switches_off_stays_so_and_the_file_is_named(config):
    unread = UnmatchedColumns.of_database("shop", config)
    unread.path.parent.mkdir()
    unread.path.write_text("customer.*\n")
    with pytest.raises(ConfigurationError, match=r"shop\.unread has 'customer\.\*'"):
        unread.switch("customer", "email", on=True)
    assert unread.path.read_text() == "customer.*\n"


def test_a_file_that_is_no_text_is_an_error_and_is_not_written_over(path, config):
    unread = UnmatchedColumns.of_database("shop", config)
    unread.path.parent.mkdir()
    unread.path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="expected UTF-8 text"):
        unread.switch("customer", "email", on=False)
    with pytest.raises(ConfigurationError, match="expected UTF-8 text"):
        load_query_engine(database=path, llm=ScriptedLLM(replies=["SELECT 1"]), config=config)
    assert unread.path.read_bytes() == b"\xff\xfe\x00"
