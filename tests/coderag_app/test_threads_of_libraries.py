"""What the choice of threads does to the real libraries: how they wait, what a model writes, several askers at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coderag_app import load_query_engine
from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.encoders.encoder_loading import load_embed_model
from coderag_app.llm import llm_loading
from coderag_app.llm.generation import stream_reply
from coderag_app.llm.llama_contexts import context
from coderag_app.llm.llm_loading import load_llm
from coderag_app.llm.prompts import Prompt
from coderag_app.settings import AppConfig

pytestmark = [pytest.mark.model, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
# Each copy of GCC's OpenMP says on standard error, as it loads, what it read from the environment.
LOADED = """
import os, subprocess, sys
import coderag_app.index.vectors
from coderag_app.settings import AppConfig
from coderag_app.llm.llm_loading import load_embed_model, load_llm
load_llm(AppConfig.load(llm="bundled"))
if "encoder" in sys.argv:
    load_embed_model("bundled")
print(sorted(name for name in os.environ if name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS")))
subprocess.run("echo ${GOMP_SPINCOUNT-unset}", shell=True, check=True)
print(len({line.split()[-1] for line in open("/proc/self/maps") if "libgomp" in line}))
"""


def loaded(*words: str, **variables: str) -> tuple[list[int], list[str]]:
    """How often each copy of OpenMP spins, and what the program printed."""
    mine = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS", "KMP_BLOCKTIME")
    environment = {name: value for name, value in os.environ.items() if name not in mine}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, cwd=ROOT, check=True,
        env=environment | {"OMP_DISPLAY_ENV": "verbose"} | variables,
    )  # fmt: skip
    return [int(spins) for spins in re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)], done.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="GCC's OpenMP is Linux's")
def test_every_copy_of_openmp_spins_briefly_and_the_environment_is_the_programs_own():
    spins, (names, in_a_child, copies) = loaded("encoder")
    assert set(spins) == {1000}
    assert len(spins) >= int(copies)
    assert names == "[]"
    assert in_a_child == "unset"


@pytest.mark.skipif(sys.platform != "linux", reason="GCC's OpenMP is Linux's")
def test_what_the_user_says_about_waiting_holds():
    spins, (names, in_a_child, _) = loaded(GOMP_SPINCOUNT="777")
    assert set(spins) <= {777}
    assert names == "['GOMP_SPINCOUNT']"
    assert in_a_child == "777"


def test_a_program_that_loads_the_encoder_keeps_its_own_number_of_torch_threads():
    code = (
        "import torch; torch.set_num_threads(3);"
        "from coderag_app.llm.llm_loading import load_embed_model; encoder = load_embed_model('bundled').embed_model;"
        "encoder.get_query_embedding('How many stores?'); print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["3"]


@pytest.fixture
def other_threads():
    """Open the bundled model with another number of threads, and forget it afterwards."""
    yield lambda number: load_llm(AppConfig.load(llm="bundled", threads=number)).llm
    llm_loading._open_llama.cache_clear()


def test_the_bundled_model_reads_and_writes_with_one_thread_in_each_of_its_contexts(other_threads, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    model = other_threads(0)._model
    assert (model.n_threads, model.n_threads_batch) == (1, 1)
    further = context(other_threads(2)._model, 3)
    assert (further.n_threads, further.n_threads_batch) == (2, 2)


def test_a_model_writes_the_same_with_one_thread_and_with_two(other_threads):
    prompt = Prompt("<schema>stores ( id | name | city )<question>How many stores are there?<sql>", read_sql=str)
    replies = ["".join(stream_reply(other_threads(number), prompt, max_tokens=40)) for number in (1, 2)]
    assert replies[0] == replies[1] != ""


def test_people_who_ask_at_once_get_the_answers_they_get_alone():
    questions = ["How many stores are there?", "How many customers are there?"] * 2
    encoder = load_embed_model("minilm")
    engine = load_query_engine(database=DEMO_DATABASE, llm="bundled", config=AppConfig.load(llm="bundled"))
    alone = [engine.ask(question).rows for question in questions]
    vector = encoder.embed_model.get_query_embedding(questions[0])
    together: dict[int, object] = {}
    vectors: list[bool] = []

    def ask(number: int) -> None:
        for _ in range(20):
            vectors.append(encoder.embed_model.get_query_embedding(questions[0]) == vector)
        together[number] = engine.ask(questions[number]).rows

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(len(questions))]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    engine.close()
    assert [together.get(number) for number in range(len(questions))] == alone
    assert alone[0] == ((12,),)
    assert len(vectors) == 80 and all(vectors)
