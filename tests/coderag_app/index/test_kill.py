"""A writer that is killed with SIGKILL, at random moments and at every step, leaves a sound index."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coderag_app.index.generations import read_manifest
from coderag_app.index.store import ExampleIndex, index_exists

pytestmark = pytest.mark.slow

KILLS = 40

# A process that imports once and forks a writer for each line it reads: the writers start at once, so that the kill
# falls into their work and not into Python's start.
WRITER = """
import json, os, sys, time
from pathlib import Path
import numpy as np
from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.types import EncoderInfo, SQLExample
from coderag_app.llm.llm_loading import LoadedEncoder
from ingestion import FileReader, ingest
from llama_index.core.embeddings import MockEmbedding

folder, ENCODER = sys.argv[1], EncoderInfo("random", "cafe", 32)
NODES = [
    example_to_node(SQLExample(f"Question {n}?", f"SELECT {n} FROM t", "CREATE TABLE t (a INT)", f"db{n % 5}"))
    for n in range(400)
]
VECTORS = np.random.default_rng(0).normal(size=(400, 32)).astype(np.float32)

def replace_all(count):
    ExampleIndex.from_nodes(NODES[:count], VECTORS[:count], ENCODER).save(folder)

def change(count):
    index = ExampleIndex.load(folder, expect_encoder=ENCODER)
    index.append(NODES[count:count + 20], VECTORS[count:count + 20])
    if len(index.info().databases) > 1:
        index.remove(db_id=next(iter(index.info().databases)))
    index.save()

class SlowEmbedding(MockEmbedding):
    def _get_text_embeddings(self, texts):
        time.sleep(0.001 * len(texts))
        return [[1.0 + len(text), 1.0] + [0.0] * 30 for text in texts]

def ingest_rows(count):
    path = Path(folder).with_name(f"{count}.jsonl")
    ddl = "CREATE TABLE t (a INT)"
    rows = [{"question": f"Q{n}?", "sql": f"SELECT {n} FROM t", "context": ddl} for n in range(count)]
    path.write_text("\\n".join(map(json.dumps, [*rows, {"question": "no SQL"}])))
    ingest(FileReader(path), LoadedEncoder(SlowEmbedding(embed_dim=32, embed_batch_size=8), ENCODER, "test"), folder)
    os._exit(0)

def write_forever(seed):
    rng = np.random.default_rng(seed)
    while True:
        (change if index_exists(folder) and rng.random() < 0.5 else replace_all)(int(rng.integers(1, 380)))

def die_at_event(number):
    seen = 0
    def count(event, args):
        nonlocal seen
        if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree") and folder in str(args):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), 9)
    sys.addaudithook(count)
    replace_all(number % 300 + 1)
    os._exit(0)

for line in sys.stdin:
    kind, number = line.split()
    child = os.fork()
    if child == 0:
        {"forever": write_forever, "die": die_at_event, "ingest": ingest_rows}[kind](int(number))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Writers:
    """Starts writers on a folder and tells how they ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.server = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def start(self, kind: str, number: int) -> int:
        """The process id of a new writer."""
        self.server.stdin.write(f"{kind} {number}\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def exit_code(self) -> int:
        """How the last writer ended; waits for it."""
        return int(self.server.stdout.readline())

    def close(self) -> None:
        """End the server."""
        self.server.stdin.close()
        self.server.wait(timeout=30)
        self.server.stdout.close()


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[Writers]:
    started = Writers(tmp_path / "storage")
    yield started
    started.close()


def unfinished(folder: Path) -> list[str]:
    """Generations that the manifest does not name, and manifests not yet in place: traces of a kill within a write."""
    current = read_manifest(folder).generation  # looks, where a load also cleans up
    return [path.name for path in folder.iterdir() if path.name not in (current, "manifest.json", ".write.lock")]


def test_the_index_survives_writers_killed_at_random_moments(writers: Writers) -> None:
    chance = random.Random(7)
    generations, kills_within_a_write = set(), 0
    for seed in range(KILLS):
        writer = writers.start("forever", seed)
        while not index_exists(writers.folder):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.25))
        os.kill(writer, signal.SIGKILL)
        assert writers.exit_code() == -signal.SIGKILL
        kills_within_a_write += bool(unfinished(writers.folder))
        index = ExampleIndex.load(writers.folder)
        assert len(index.verify()) == 3
        assert index.search([1.0] * 32, top_k=3)
        assert unfinished(writers.folder) == []
        generations.add(index.manifest.generation)
    # Else the kills missed what they are aimed at; usual are 17 to 37 of 40 within a write.
    assert kills_within_a_write >= 3
    assert len(generations) >= 5


def test_the_index_survives_a_kill_at_every_single_step_of_a_write(writers: Writers) -> None:
    ends = []
    for step in range(1, 200):
        writers.start("die", step)
        ends.append(writers.exit_code())
        if index_exists(writers.folder):
            assert len(ExampleIndex.load(writers.folder).verify()) == 3
        else:
            assert step < 30  # only while the first index has not been finished by any writer
        if ends[-1] == 0:
            break
    assert ends[-1] == 0
    assert set(ends[:-1]) == {-signal.SIGKILL}
    assert len(ends) > 10
    assert unfinished(writers.folder) == []


def test_the_lock_of_a_killed_writer_does_not_stop_the_next(writers: Writers) -> None:
    for step in (3, 8):
        writers.start("die", step)
        assert writers.exit_code() == -signal.SIGKILL
    writers.start("die", 10_000)
    assert writers.exit_code() == 0
    assert len(ExampleIndex.load(writers.folder).verify()) == 3


def test_an_ingestion_killed_while_it_embeds_leaves_the_previous_index(writers: Writers) -> None:
    writers.start("ingest", 50)
    assert writers.exit_code() == 0
    for seconds in (0.02, 0.1, 0.3):
        writer = writers.start("ingest", 900)
        time.sleep(seconds)
        os.kill(writer, signal.SIGKILL)
        assert writers.exit_code() == -signal.SIGKILL
        index = ExampleIndex.load(writers.folder)
        assert len(index.verify()) == 3
        assert len(index) == 50
    writers.start("ingest", 60)
    assert writers.exit_code() == 0
    assert len(ExampleIndex.load(writers.folder)) == 60
