"""Training text for the SQL model: in the engine's own form, reproducible, and not answerable from memory."""

import json
import random

from coderag_app.compact.decode import decode_sql
from coderag_app.compact.names import SchemaNames
from coderag_app.value_index import ValueIndex
from finetune.sql_model.data import draw_training_database, training_lines
from finetune.sql_model.word_substitution import substitute, substitute_words
from finetune.synthesis.domains import load_domains
from finetune.synthesis.schemas import draw_database


def test_the_same_seed_gives_the_same_lines():
    first, second = (draw_training_database(7, 30) for _ in range(2))
    assert first == second and len(first.pairs) > 20


def test_the_order_does_not_depend_on_the_number_of_processes():
    lines = [[json.dumps(line.row()) for line in training_lines(6, 5, 3, processes)] for processes in (1, 2)]
    assert lines[0] == lines[1]


def test_every_target_is_a_query_over_its_own_schema():
    number = 11
    database = draw_database(load_domains()[number % len(load_domains())], number)
    own = {SchemaNames(database.schema).tables[table.name.lower()] for table in database.schema.tables}
    pairs = draw_training_database(number, 40).pairs
    assert any("<v1>" in pair["sql"] for pair in pairs)
    for pair in pairs:
        first_table = pair["sql"].removeprefix("<sql> from ").split(" select ")[0].split(" , ")[0].split(" on ")[0]
        assert pair["sql"] == "<sql> none" or first_table in own
    plain = next(p for p in pairs if "<v" not in p["sql"] and "none" not in p["sql"])
    assert decode_sql(plain["sql"], SchemaNames(database.schema), (), ValueIndex())


def test_distractor_tables_are_in_some_schemas():
    drawn = [draw_training_database(number, 3) for number in range(12)]
    own = [len(draw_database(load_domains()[n % len(load_domains())], n).schema.tables) for n in range(12)]
    shown = [line.schema.count(" ; ") + 1 for line in drawn]
    assert any(s > o for s, o in zip(shown, own, strict=True)) and any(s == o for s, o in zip(shown, own, strict=True))


ROW = {
    "schema": "<schema> singers : singer id # ! , hit song , age #",
    "pairs": [
        {
            "question": "<q> the hit song of each singer",
            "sql": "<sql> from singers select singers . hit song",
            "group": "a",
        },
        {"question": "<q> how many vocalists ?", "sql": "<sql> from singers select count ( * )", "group": "b"},
    ],
}


def test_names_are_exchanged_alike_in_schema_question_and_sql():
    changed = next(
        c
        for c in (
            substitute(ROW, random.Random(seed), ["zebra", "quartz", "mosaic", "falcon", "ember"]) for seed in range(50)
        )
        if "singers" not in c["schema"]
    )
    table = changed["schema"].split()[1]
    assert table in changed["pairs"][0]["sql"].split() and f"{table} ." in changed["pairs"][0]["sql"]
    assert all("vocalists" not in pair["question"] for pair in changed["pairs"]), (
        "a synonym says nothing of the new word"
    )


def test_keywords_and_marks_are_never_exchanged():
    words = set(substitute_words())
    assert len(words) > 10_000 and not words & {"select", "from", "count", "distinct", "between", "none"}


def test_a_quarter_of_the_databases_keep_their_names():
    kept = sum(substitute(ROW, random.Random(seed), substitute_words()) == ROW for seed in range(200))
    assert 20 < kept < 100
