"""Running Python side by side: what is equivalent, what is not, and what the subprocess refuses."""

import ast
import doctest
import importlib
from random import Random

import pytest

from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.python_inputs import vary, vary_calls
from finetune.synthesis.python_runner import Program, PythonRunner, require_equivalent
from finetune.synthesis.rule_maker import RuleMaker
from finetune.synthesis.rules.editing import EDITS, try_edit
from finetune.synthesis.rules.making import Sources, check_equivalent, entry_of, first_differences
from finetune.synthesis.seed_functions import SEEDS_DIRECTORY, load_seeds

RuleMaker.create(databases=1)  # registers the edits


@pytest.fixture(scope="module")
def runner():
    with PythonRunner() as runner:
        yield runner


def outcome(runner, source, call=(), entry=""):
    return runner.run([Program(source, entry)], [call])[0][0]


ADD = "def f(a: int, b: int) -> int:\n    return a + b"
CALLS = [(1, 2), (5, 7), (0, 0), (-3, 9)]


def test_programs_that_agree_on_every_input_are_equivalent(runner):
    require_equivalent(runner, Program(ADD, "f"), Program("def g(a, b):\n    return b + a", "g"), CALLS)


@pytest.mark.parametrize(
    "broken",
    [
        "def g(a, b):\n    return a - b",
        "def g(a, b):\n    return float(a + b)",
        "def g(a, b):\n    return a + b if a else None",
        "def g(a, b):\n    raise ValueError",
        "def g(a, b):\n    while True: pass",
        "def g(a):\n    return a",
        "def g(a, b) return",
    ],
)
def test_a_broken_equivalence_is_refused(runner, broken):
    with pytest.raises(DroppedError, match="not equivalent"):
        require_equivalent(runner, Program(ADD, "f"), Program(broken, "g"), CALLS)


def test_a_changed_argument_counts_as_a_difference(runner):
    first = "def f(items):\n    return sorted(items)"
    second = "def g(items):\n    items.sort()\n    return items"
    with pytest.raises(DroppedError, match="not equivalent"):
        require_equivalent(runner, Program(first, "f"), Program(second, "g"), [([2, 1],), ([3, 1],), ([5, 4],)])


def test_functions_that_only_fail_show_nothing(runner):
    failing = "def f(a, b):\n    return a / 0"
    with pytest.raises(DroppedError, match="too few calls"):
        require_equivalent(runner, Program(failing, "f"), Program(failing, "f"), CALLS)


@pytest.mark.parametrize(
    "attack",
    [
        "open('/etc/passwd').read()",
        "open('/tmp/written_by_a_candidate', 'w')",
        "import os\nos.system('true')",
        "import subprocess\nsubprocess.run(['true'])",
        "import socket\nsocket.socket()",
        "import sqlite3\nsqlite3.connect('/tmp/made_by_a_candidate.sqlite')",
    ],
)
def test_the_subprocess_refuses_files_processes_and_sockets(runner, attack):
    assert outcome(runner, attack).error == "PermissionError"


def test_memory_is_limited(runner):
    assert outcome(runner, "x = bytearray(4_000_000_000)").error == "MemoryError"


def test_a_call_that_never_ends_times_out_and_the_next_one_works(runner):
    assert outcome(runner, "def f():\n    while True: pass", (), "f").error == "Timeout"
    assert outcome(runner, "def f():\n    return 7", (), "f").shown == "7"


def test_a_worker_that_dies_is_replaced(runner):
    assert outcome(runner, "def f():\n    return 1", (), "f").shown == "1"
    runner._worker.kill()
    runner._worker.wait()
    assert outcome(runner, "def f():\n    return 1", (), "f").shown == "1"


def test_variations_keep_the_types_of_the_examples():
    calls = vary_calls((([1, 2], "ab", {"k": 1.5}),), Random(1), count=30)
    assert len({repr(call) for call in calls}) == len(calls) == 30
    for numbers, text, mapping in calls:
        assert all(type(number) is int for number in numbers)
        assert isinstance(text, str)
        assert all(isinstance(value, float) for value in mapping.values())


def test_a_boolean_is_varied_to_the_other_one():
    assert vary(True, Random(0)) is False


def test_the_examples_of_every_seed_function_are_true():
    for path in sorted(SEEDS_DIRECTORY.glob("*.py")):
        module = importlib.import_module(f"finetune.synthesis.seeds.{path.stem}")
        assert doctest.testmod(module).failed == 0, path.name


def test_there_are_sixty_seeds_or_more_each_with_two_examples_and_a_sentence():
    seeds = load_seeds()
    assert len(seeds) >= 60
    assert len({seed.name for seed in seeds}) == len(seeds)
    for seed in seeds:
        assert len(seed.calls) == 2, seed.name
        assert seed.summary.endswith("."), seed.name
        assert all(kind for _, kind in seed.parameters), seed.name
        assert '"""' not in seed.source, seed.name


def test_edits_said_to_change_nothing_change_nothing_on_most_seeds(runner):
    sources = Sources(load_seeds(), None, runner)
    groups = set(EDITS) - {"bugs"}
    tried = wrong = 0
    for group in sorted(groups):
        for one in EDITS[group]:
            for seed in Random(one.name).sample(list(sources.seeds), 12):
                edited = try_edit(seed.source, one, Random(1))
                if edited is None:
                    continue
                ast.parse(edited.source)
                tried += 1
                try:
                    check_equivalent(sources, seed, edited.source)
                except DroppedError:
                    wrong += 1
    assert tried > 150
    assert wrong < 0.1 * tried


def test_a_seeded_bug_is_kept_only_with_an_input_that_shows_it(runner):
    sources = Sources(load_seeds(), None, runner)
    seed = next(seed for seed in sources.seeds if seed.name == "count_vowels")
    broken = seed.source.replace("total = 0", "total = 1")
    call, right, wrong = first_differences(sources, seed, broken)[0]
    assert call
    assert int(wrong.shown) == int(right.shown) + 1
    with pytest.raises(DroppedError, match="does not show"):
        first_differences(sources, seed, seed.source)


def test_the_main_function_is_the_last_one():
    assert entry_of("def helper():\n    pass\n\n\ndef main():\n    helper()") == "main"
