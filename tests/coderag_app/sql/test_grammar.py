"""The grammar of SQL over a schema, checked by llama.cpp itself: it is what holds a model's reply."""

import ctypes
import math
import sqlite3

import llama_cpp
import pytest

from coderag_app.llm.generation import stream_reply
from coderag_app.llm.llm_loading import load_llm
from coderag_app.llm.prompts import CANNOT_ANSWER, InstructFormat, Prompt, PromptRequest
from coderag_app.question.read_question import read_question
from coderag_app.settings import AppConfig
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.extraction import extract_sql
from coderag_app.sql.grammar import sql_grammar

pytestmark = pytest.mark.model

DDL = 'CREATE TABLE singer (id INT, name TEXT, "home town" TEXT, age INT); CREATE TABLE song (singer_id INT, t TEXT);'
SCHEMA = schema_from_ddl(DDL)


@pytest.fixture(scope="module")
def llm():
    return load_llm(AppConfig(llm="bundled")).llm


def accepts(llm, grammar: str, text: str) -> bool:
    """Whether llama.cpp's own grammar sampler lets a whole text through, token by token, and then the end."""
    model = llm._model
    sampler = llama_cpp.llama_sampler_init_grammar(model._model.vocab, grammar.encode(), b"root")
    assert sampler, "llama.cpp cannot read the grammar"
    try:
        for token in [*model.tokenize(text.encode(), add_bos=False), model.token_eos()]:
            candidate = llama_cpp.llama_token_data(token, 0.0, 1.0)
            array = llama_cpp.llama_token_data_array(ctypes.pointer(candidate), 1, -1, False)
            llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
            if candidate.logit == -math.inf:
                return False
            llama_cpp.llama_sampler_accept(sampler, token)
        return True
    finally:
        llama_cpp.llama_sampler_free(sampler)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM singer",
        "SELECT DISTINCT T1.name, COUNT(*) AS songs FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer_id "
        "WHERE T1.age > 20 AND T2.t LIKE '%love%' GROUP BY T1.name HAVING COUNT(*) >= 2 ORDER BY 2 DESC LIMIT 3",
        'SELECT "home town" FROM singer WHERE id NOT IN (SELECT singer_id FROM song) UNION SELECT name FROM singer',
        "SELECT CASE WHEN age > 30 THEN 'old' ELSE 'young' END, RANK() OVER (ORDER BY age DESC) FROM singer",
        "SELECT name\nFROM singer\nWHERE age BETWEEN 20 AND 30\nORDER BY age",
    ],
)
def test_usual_sql_is_inside_the_grammar(llm, sql):
    assert accepts(llm, sql_grammar(SCHEMA), sql)
    sqlite3.connect(":memory:").executescript(DDL).execute(sql)


@pytest.mark.parametrize(
    "sql",
    ["SELECT nickname FROM singer", "DROP TABLE singer", "SELECT name FROM singers", "SELECT name FROM singer; --", ""],
)
def test_other_names_and_statements_are_outside_the_grammar(llm, sql):
    assert not accepts(llm, sql_grammar(SCHEMA), sql)


def test_an_instruction_model_is_held_only_where_it_is_asked_for(llm):
    usual = InstructFormat().build(PromptRequest(read_question("How many singers?"), SCHEMA))
    held = InstructFormat().build(PromptRequest(read_question("How many singers?"), SCHEMA, constrain="always"))
    assert usual.grammar is None and usual.text == held.text
    assert accepts(llm, held.grammar, "```sql\nSELECT COUNT(*) FROM singer\n```")
    assert accepts(llm, held.grammar, CANNOT_ANSWER)


def test_a_model_that_knows_no_sql_writes_it_when_held(llm):
    prompt = Prompt("<q> list all singers ? <sql>", str, raw=True, grammar=sql_grammar(SCHEMA), temperature=0.9, seed=4)
    text = "".join(stream_reply(llm, prompt, 200))
    assert text.startswith("SELECT ") and extract_sql(text)
