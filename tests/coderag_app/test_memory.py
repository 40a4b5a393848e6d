"""Memory stays flat over different questions: caches are bounded, and few shapes of texts reach the encoder."""

import functools
import gc
import os
import random
from pathlib import Path

import numpy as np
import pytest

from coderag_app import load_query_engine
from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.encoders.encoder_loading import embed_documents, embed_queries
from coderag_app.llm.llm_loading import load_embed_model

pytestmark = [pytest.mark.model, pytest.mark.slow]

WORDS = "select from where customers orders count stores city name total revenue per month".split()
MOST_ENTRIES = 100  # of a cache without a limit: its keys are kinds, dialects or files, never questions


def texts(count: int, longest: int, seed: int = 0) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randrange(3, longest))) for _ in range(count)]


def test_the_encoder_sees_texts_of_few_lengths_and_reads_them_alike():
    model = load_embed_model("minilm").embed_model
    first = model._model[0]
    lengths = {first.preprocess([text])["input_ids"].shape[1] for text in texts(60, 90)}
    assert len(lengths) > 2 and all(length % 16 == 0 for length in lengths)
    padded = embed_documents(model, texts(8, 40))
    kept = first.processing_kwargs.pop("text")
    try:
        plain = embed_documents(model, texts(8, 40))
    finally:
        first.processing_kwargs["text"] = kept
    assert (np.sum(padded * plain, axis=1) > 0.999).all()


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="resident memory is read from Linux")
def test_the_encoder_takes_no_memory_for_each_length():
    def resident_mb() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    model = load_embed_model("minilm").embed_model
    for length in (60, 30, 10):
        embed_documents(model, texts(4, length, seed=1))
    before = resident_mb()
    for number in range(40):
        embed_queries(model, texts(1, 22, seed=number))
        embed_documents(model, texts(number % 4 + 1, 50, seed=number))
    assert resident_mb() - before < 70  # 116 with a shape for each length, 15 with padding in steps


def test_nothing_that_questions_leave_behind_is_without_a_limit(tmp_path):
    engine = load_query_engine(DEMO_DATABASE, llm="bundled", samples=1, verified_dir=tmp_path)
    for number in range(30):
        engine.ask(f"How many customers named Person{number} joined in {1990 + number} with {number} orders?")
        assert len(engine.llm.callback_manager.trace_map.get("root", ())) < 10
    engine.close()
    caches = [one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper]
    ours = [one for one in caches if str(one.__module__).startswith("coderag_app")]
    assert len(ours) > 5
    for cache in ours:
        info = cache.cache_info()
        assert info.maxsize is not None or info.currsize < MOST_ENTRIES, cache.__qualname__
        assert info.maxsize is None or info.maxsize <= 16_384, cache.__qualname__
