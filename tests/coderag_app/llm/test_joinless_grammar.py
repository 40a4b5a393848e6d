"""The grammar that holds models which write queries without joins to the names of a schema, with a real model."""

import re
from contextlib import closing

import pytest
from llama_cpp import Llama, LlamaGrammar

from coderag_app.gguf.llama_cpp_amx import without_amx
from coderag_app.llm.base_model import smollm2_file
from coderag_app.llm.joinless_format import JoinlessFormat
from coderag_app.llm.joinless_grammar import joinless_grammar
from coderag_app.llm.prompts import PromptRequest
from coderag_app.question.read_question import read_question
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.types import Attempt

ZOO = schema_from_ddl(
    """CREATE TABLE keepers (keeper_id INTEGER PRIMARY KEY, "name" TEXT);
    CREATE TABLE animals (animal_id INTEGER PRIMARY KEY, species TEXT, "order" TEXT,
        keeper_id INTEGER REFERENCES keepers)"""
)
REFUSED = Attempt(" select lions.mane", "", "no such table: lions")


@pytest.fixture(scope="module")
def base():
    with without_amx(), closing(Llama(str(smollm2_file()[0]), n_ctx=512, n_threads=1, verbose=False)) as opened:
        yield opened


def prompt_for(question, **options):
    return JoinlessFormat().build(PromptRequest(read_question(question), ZOO, **options))


@pytest.mark.parametrize(
    "question", ["How many lions are there?", "The mane of each lion and its owner", "Tell a joke"]
)
def test_an_untrained_model_writes_nothing_but_names_that_exist(base, question):
    prompt = prompt_for(question, failed=(REFUSED,))
    grammar = LlamaGrammar.from_string(prompt.grammar, verbose=False)
    reply = base(prompt.text, grammar=grammar, max_tokens=48, temperature=0.0, stop=list(prompt.stop))["choices"][0][
        "text"
    ]
    assert reply.startswith((" select ", " none"))
    assert set(re.findall(r"\b(\w+)\.", reply)) <= {"animals", "keepers", "ranked", "counted", "totals", "per_group"}
    assert not re.search(r"\b(?:lion|mane|owner)", re.sub(r"'[^']*'?", "", reply))


@pytest.mark.parametrize(
    ("constrain", "failed", "held"),
    [("repair", (), False), ("repair", (REFUSED,), True), ("always", (), True), ("never", (REFUSED,), False)],
)
def test_a_reply_is_held_after_a_refusal_or_as_asked(constrain, failed, held):
    assert (prompt_for("How many?", constrain=constrain, failed=failed).grammar is not None) == held


def test_names_are_spelled_as_the_schema_text_has_them_and_parse():
    grammar = joinless_grammar(ZOO, 2, "sqlite")
    columns = re.search(r"^column ::= (.*)$", grammar, re.M)[1].split(" | ")
    assert r'"animals.\"order\""' in columns and '"keepers.name"' in columns
    assert "value ::= " + '"v2" | "v1"' in grammar
    for column in columns:
        parse_one(f"SELECT {column[1:-1]}".replace('\\"', '"'), dialect="sqlite")
