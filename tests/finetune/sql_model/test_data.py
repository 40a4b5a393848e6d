"""Training text for the SQL model: in the engine's own form, reproducible, and not answerable from memory."""

import json
import random
import re

from finetune.sql_model.training_text import draw_training_database, training_lines
from finetune.sql_model.word_substitution import substitute, substitute_words
from finetune.synthesis.domains import load_domains
from finetune.synthesis.schemas import draw_database

_ID = re.compile(r"<[tc]\d+>")


def test_the_same_seed_gives_the_same_lines():
    first, second = (draw_training_database(7, 30) for _ in range(2))
    assert first == second and len(first.pairs) > 20


def test_the_order_does_not_depend_on_the_number_of_processes():
    lines = [[json.dumps(line.row()) for line in training_lines(6, 5, 3, processes)] for processes in (1, 2)]
    assert lines[0] == lines[1]


def test_every_target_speaks_of_tables_and_columns_of_its_own_schema():
    drawn = draw_training_database(11, 40)
    assert any("<v1>" in pair["sql"] for pair in drawn.pairs)
    shown = set(_ID.findall(drawn.schema))
    for pair in drawn.pairs:
        used = set(_ID.findall(pair["sql"]))
        assert used <= shown and (used or pair["sql"] == "<sql> none")


def test_most_columns_that_a_target_uses_are_linked_in_its_question():
    pairs = [pair for number in range(4) for pair in draw_training_database(number, 40).pairs]
    used = [(item_id, pair["question"]) for pair in pairs for item_id in re.findall(r"<c\d+>", pair["sql"])]
    assert 0.7 < sum(item_id in question for item_id, question in used) / len(used) < 1.0


def test_distractor_tables_are_in_some_schemas():
    drawn = [draw_training_database(number, 3) for number in range(12)]
    own = [len(draw_database(load_domains()[n % len(load_domains())], n).schema.tables) for n in range(12)]
    shown = [line.schema.count(" ; ") + 1 for line in drawn]
    assert any(s > o for s, o in zip(shown, own, strict=True)) and any(s == o for s, o in zip(shown, own, strict=True))


ROW = {
    "schema": "<schema> <t0> singers : <c0> singer id # ! , <c1> hit song , <c2> age #",
    "pairs": [
        {"question": "<q> the hit song <c1> of singers <t0>", "sql": "<sql> from <t0> select <c1>", "group": "a"},
        {"question": "<q> how grown ~ <c2> are singers ?", "sql": "<sql> from <t0> select <c2>", "group": "b"},
        {"question": "<q> birthdays of singers <t0>", "sql": "<sql> from <t0> select <c2>", "group": "c"},
    ],
}


def exchanged_row() -> dict:
    words = ["zebra", "quartz", "mosaic", "falcon", "ember"]
    rows = (substitute(ROW, random.Random(seed), words) for seed in range(200))
    return next(row for row in rows if "singers" not in row["schema"] and " age " not in row["schema"])


def test_names_are_exchanged_alike_in_schema_and_question():
    changed = exchanged_row()
    table = changed["schema"].split()[2]
    assert table in changed["pairs"][0]["question"].split()
    assert changed["pairs"][0]["sql"] == ROW["pairs"][0]["sql"]


def test_a_question_that_says_nothing_of_an_exchanged_column_is_left_out():
    questions = [pair["question"] for pair in exchanged_row()["pairs"]]
    assert any("grown" in question for question in questions), "a link says which column is meant"
    assert not any("birthdays" in question for question in questions), "a synonym says nothing of the new word"


def test_keywords_and_marks_are_never_exchanged():
    words = set(substitute_words())
    assert len(words) > 10_000 and not words & {"select", "from", "count", "distinct", "between", "none"}


def test_half_of_the_databases_keep_their_names():
    kept = sum(substitute(ROW, random.Random(seed), substitute_words()) == ROW for seed in range(200))
    assert 70 < kept < 150
