"""Asking a real llama.cpp model, the bundled one: probabilities, seeds and grammars."""

from dataclasses import replace

import numpy as np
import pytest

from coderag_app.errors import ModelError
from coderag_app.gguf.llama_cpp_amx import without_amx
from coderag_app.llm.generation import Reply, stream_reply
from coderag_app.llm.llama_contexts import context
from coderag_app.llm.llm_loading import BUNDLED_SQL_MODEL, load_llm
from coderag_app.llm.prompts import Prompt
from coderag_app.llm.token_probabilities import TokenRecorder
from coderag_app.settings import AppConfig

pytestmark = pytest.mark.model

PROMPT = Prompt(
    "<schema><t0> customers :<c0> id # ! ,<c1> name ,<c2> country ,<c3> age #"
    "<q> list the names<n1><c1> and countries<n2><c2> of customers<n3><t0><c1> , oldest<n4> ~<c3> first<sql>",
    read_sql=str,
    stop=("</s>",),
    raw=True,
)
TOKENS = 24


@pytest.fixture(scope="module")
def llm():
    return load_llm(AppConfig(llm="bundled")).llm


def reply_of(llm, prompt: Prompt = PROMPT, tokens: int = TOKENS) -> Reply:
    pieces = stream_reply(llm, prompt, tokens)
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value


def test_pieces_make_the_whole_reply(llm):
    assert "".join(stream_reply(llm, PROMPT, TOKENS)) == reply_of(llm).text != ""


def test_probabilities_are_those_that_llama_cpp_itself_computes(llm):
    from llama_cpp import Llama

    options = {"max_tokens": 8, "temperature": 0.0, "top_k": 1, "repeat_penalty": 1.0}
    with without_amx():
        slow = Llama(str(BUNDLED_SQL_MODEL), n_ctx=256, logits_all=True, verbose=False)
    told = slow(PROMPT.text, logprobs=1, **options)["choices"][0]["logprobs"]["token_logprobs"]
    slow.close()
    recorder = TokenRecorder(llm._model)
    llm._model(PROMPT.text, logits_processor=[recorder], **options)
    assert len(recorder.log_probabilities) >= 4
    expected = told[: len(recorder.log_probabilities)]
    assert recorder.log_probabilities == pytest.approx(expected, abs=0.01)


def test_the_mean_counts_the_end_of_a_reply_that_the_model_ended(llm):
    recorder = TokenRecorder(llm._model)
    logits = np.full(llm._model.n_vocab(), -20.0, dtype=np.float32)
    logits[5] = 0.0  # the first token is certain
    recorder(np.array([1]), logits)
    ended = np.full_like(logits, -20.0)
    ended[[llm._model.token_eos(), 7]] = 0.0  # the end is one of two equally likely tokens
    recorder(np.array([1, 5]), ended)
    assert recorder.mean() == pytest.approx(np.log(0.5) / 2, abs=1e-3)


def test_the_mean_passes_over_an_end_that_was_not_drawn(llm):
    recorder = TokenRecorder(llm._model)
    logits = np.full(llm._model.n_vocab(), -20.0, dtype=np.float32)
    logits[5] = 0.0
    recorder(np.array([1]), logits), recorder(np.array([1, 5]), logits)
    assert recorder.mean() == pytest.approx(0.0, abs=1e-3)
    assert TokenRecorder(llm._model).mean() is None


def test_a_higher_temperature_changes_what_is_written_and_lowers_its_probability(llm):
    greedy = reply_of(llm)
    drawn = [reply_of(llm, replace(PROMPT, temperature=6.0, seed=seed)) for seed in range(1, 6)]
    assert len({reply.text for reply in drawn}) > 1
    assert sum(reply.log_probability for reply in drawn) / len(drawn) < greedy.log_probability < 0


def test_a_seed_draws_the_same_reply_whatever_was_asked_before(llm):
    drawn = replace(PROMPT, temperature=1.5, seed=7)
    first = reply_of(llm, drawn)
    reply_of(llm, replace(PROMPT, temperature=1.5, seed=8))
    assert reply_of(llm, drawn) == first


def test_noting_probabilities_does_not_change_the_reply(llm, monkeypatch):
    import coderag_app.llm.generation as generation

    noted = [reply_of(llm, replace(PROMPT, temperature=heat, seed=3)).text for heat in (0.0, 1.0)]
    with_recorder = generation._llama_cpp_kwargs

    def without(*arguments):
        return {key: value for key, value in with_recorder(*arguments).items() if key != "logits_processor"}

    monkeypatch.setattr(generation, "_llama_cpp_kwargs", without)
    assert [reply_of(llm, replace(PROMPT, temperature=heat, seed=3)).text for heat in (0.0, 1.0)] == noted


def test_a_grammar_holds_the_reply_and_its_probability_is_the_models_own(llm):
    held = replace(PROMPT, grammar='root ::= "zebra" | "quagga"', stop=())
    reply = reply_of(llm, held)
    assert reply.text in ("zebra", "quagga")
    assert reply.log_probability < reply_of(llm).log_probability


def test_a_reluctance_makes_a_token_less_likely_and_its_probability_stays_the_models_own(llm):
    usual = reply_of(llm, tokens=1)
    assert reply_of(llm, replace(PROMPT, reluctance={usual.text: 50.0}), tokens=1).text != usual.text
    slight = reply_of(llm, replace(PROMPT, reluctance={usual.text: 1e-3}), tokens=1)
    assert slight.log_probability == pytest.approx(usual.log_probability)


def test_a_model_that_breaks_is_one_kind_of_error_and_frees_the_lock(llm):
    with pytest.raises(ModelError, match="failed to reply"):
        reply_of(llm, replace(PROMPT, text="many " * 20_000))
    assert reply_of(llm).text


def test_prompts_of_each_number_have_a_context_that_keeps_what_it_read(llm):
    numbered = [replace(PROMPT, context=number) for number in (0, 1, 2)]
    assert len({reply_of(llm, prompt).text for prompt in numbered}) == 1
    models = [context(llm._model, number) for number in (0, 1, 2)]
    assert len(set(map(id, models))) == 3
    read = [model.n_tokens for model in models]
    reply_of(llm, replace(PROMPT, text=PROMPT.text.replace("names", "ages"), context=2))
    assert models[2] is context(llm._model, 2)
    assert [model.n_tokens for model in models[:2]] == read[:2]


def test_a_large_model_is_not_opened_again(llm, monkeypatch):
    monkeypatch.setattr("coderag_app.llm.llama_contexts._MOST_BYTES", 1000)
    assert context(llm._model, 3) is llm._model


def test_more_contexts_than_the_limit_are_not_opened(llm):
    assert context(llm._model, 17) is llm._model


def test_the_model_is_as_it_was_after_a_failure(llm):
    before = llm._model
    with pytest.raises(ModelError):
        reply_of(llm, replace(PROMPT, text="many " * 20_000, context=1))
    assert llm._model is before
