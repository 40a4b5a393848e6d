"""The bundled adapter of SmolLM2: it loads, answers, gives a second opinion, and another model's adapter is refused."""

from contextlib import closing

import gguf
import numpy as np
import pytest

from coderag_app.bundled.integrity import BUNDLED
from coderag_app.errors import ModelError
from coderag_app.llm.base_model import BASE_KEY
from coderag_app.llm.llm_loading import load_llm
from coderag_app.loading import load_query_engine
from coderag_app.settings import AppConfig

DEMO = BUNDLED / "demo" / "demo.sqlite"


def write_adapter(path, base):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    if base:
        writer.add_string(BASE_KEY, base)
    writer.add_tensor("blk.0.attn_q.weight.lora_a", np.ones((2, 576), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(("base", "named"), [("", "an unnamed model"), ("ab" * 32, "ab" * 32)])
def test_an_adapter_of_another_model_is_refused(tmp_path, base, named):
    path = write_adapter(tmp_path / "other.gguf", base)
    with pytest.raises(ModelError, match=rf"is an adapter of {named}; expected one of smollm2-135m"):
        load_llm(AppConfig.load(llm=str(path)))


@pytest.mark.model
def test_the_adapter_writes_sql_without_joins_over_the_packaged_base():
    loaded = load_llm(AppConfig.load(llm="smollm2-sql"))
    assert (loaded.name, loaded.prompt_format) == ("smollm2-sql", "joinless-v1")
    with closing(load_query_engine(database=DEMO, llm="smollm2-sql", samples=0)) as engine:
        answer = engine.ask("How many customers are there?")
    assert answer.rows == ((260,),)


@pytest.mark.model
def test_its_second_opinion_is_a_reason_of_the_confidence():
    with closing(load_query_engine(database=DEMO, llm="bundled", second_opinion="smollm2-sql")) as engine:
        answer = engine.ask("How many customers are there?")
        assert answer.rows == ((260,),)
        assert "a second model returns the same rows" in answer.confidence.reasons
