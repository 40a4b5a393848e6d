import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation_shop import PAIRS, LookupLLM, build_shop, engine_opener_with, gold_answers, write_examples, write_pairs

from coderag_app.errors import CodeRAGError, ConfigurationError, ModelError
from coderag_app.loading import load_query_engine
from coderag_app.settings import AppConfig
from finetune.evaluation.datasets import EvalQuestion, ExclusionReason
from finetune.evaluation.evaluate import Evaluation, EvaluationSettings, evaluate
from finetune.evaluation.execution import Convention
from finetune.evaluation.predictions import Prediction
from finetune.evaluation.results import decoding_text
from finetune.evaluation.run import sample_questions
from finetune.evaluation.run_directory import RunDirectory

ARMS = ("none", "random", "oracle")
SCORED = 5  # of the eight pairs: one gold is empty, one a lone 0, one fails


def run(folder: Path, answers=None, arms=ARMS, open_engine=None, top_k: int = 2, **settings) -> Evaluation:
    build_shop(folder) if not (folder / "shop.sqlite").exists() else None
    return evaluate(
        write_pairs(folder / "pairs.jsonl"),
        folder / "run",
        examples=write_examples(folder / "examples.jsonl"),
        database=str(folder / "shop.sqlite"),
        settings=EvaluationSettings(arms=arms, **settings),
        config=AppConfig(storage_dir=folder / "none", similarity_top_k=top_k),
        open_engine=open_engine or engine_opener_with(gold_answers() if answers is None else answers),
        vectors_dir=folder / "vectors",
    )


def predictions(folder: Path) -> dict[tuple[str, str], Prediction]:
    return {prediction.key: prediction for prediction in RunDirectory(folder / "run").read_predictions()}


def accuracy(evaluation: Evaluation) -> dict[str, float]:
    return {arm.arm: arm.accuracy.mean for arm in evaluation.summary.arms}


def without_times(prediction: Prediction) -> dict:
    row = json.loads(prediction.to_line())
    return {key: value for key, value in row.items() if key not in ("latency_s", "timings_s")}


def test_a_model_that_answers_the_gold_scores_1_in_every_arm_and_figure(tmp_path: Path) -> None:
    evaluation = run(tmp_path)
    assert accuracy(evaluation) == {"none": 1.0, "random": 1.0, "oracle": 1.0}
    for arm in evaluation.summary.arms:
        assert (arm.spider, arm.bird, arm.strict, arm.normalised, arm.valid) == (1.0,) * 5
        assert arm.questions == SCORED
        assert not arm.error_classes


def test_questions_that_cannot_be_scored_are_counted_by_reason(tmp_path: Path) -> None:
    evaluation = run(tmp_path)
    reasons = {exclusion.question_id: exclusion.reason for exclusion in evaluation.excluded}
    assert reasons == {
        "q5": ExclusionReason.GOLD_EMPTY,
        "q6": ExclusionReason.GOLD_TRIVIAL,
        "q7": ExclusionReason.GOLD_ERROR,
    }
    assert RunDirectory(tmp_path / "run").read_excluded() == list(evaluation.excluded)


def test_trivial_golds_are_scored_when_asked_for(tmp_path: Path) -> None:
    assert run(tmp_path, keep_trivial=True).summary.questions == SCORED + 2


def test_examples_that_help_show_as_a_paired_difference(tmp_path: Path) -> None:
    evaluation = run(tmp_path, gold_answers(wrong_without=(0, 1, 2), wrong_with=(4,)))
    compared = evaluation.summary.arm("oracle").compared
    assert evaluation.summary.baseline == "none"
    assert (compared.only_second, compared.only_first, compared.both, compared.neither) == (3, 1, 1, 0)
    assert accuracy(evaluation)["none"] == pytest.approx(2 / 5)
    assert accuracy(evaluation)["oracle"] == pytest.approx(4 / 5)


def test_leaks_are_removed_by_default_and_kept_on_demand(tmp_path: Path) -> None:
    leaked = PAIRS[0]
    run(tmp_path / "removed", top_k=3)
    run(tmp_path / "kept", top_k=3, keep_leaks=True)
    shown = {}
    for name in ("removed", "kept"):
        sources = predictions(tmp_path / name)["oracle", "q0"].sources
        shown[name] = [(source.question, source.sql) for source in sources]
    assert leaked not in shown["removed"]
    assert shown["kept"][0] == leaked


def test_no_arm_ever_shows_a_leak(tmp_path: Path) -> None:
    evaluation = run(tmp_path, top_k=4)
    assert evaluation.leaks.by_question
    for prediction in predictions(tmp_path).values():
        assert not evaluation.leaks.of(prediction.question_id) & {source.example_id for source in prediction.sources}


def test_a_run_directory_records_what_was_run(tmp_path: Path) -> None:
    run(tmp_path)
    config = RunDirectory(tmp_path / "run").read_config()
    assert config["identity"]["dataset"] == "pairs"
    assert config["identity"]["llm"]["name"] == "scripted (given)"
    assert config["identity"]["examples"] == 4
    assert config["environment"]["packages"]["sqlglot"]
    assert "llm_api_key" not in config["identity"]["engine"]


def test_a_stopped_run_goes_on_where_it_stopped_and_ends_the_same(tmp_path: Path) -> None:
    answers = gold_answers(wrong_without=(1, 3))

    class Stopping(LookupLLM):
        def _next_reply(self, prompt: str) -> str:
            if len(self._prompts) == 6:
                raise KeyboardInterrupt
            return super()._next_reply(prompt)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", open_engine=engine_opener_with({}, llm=Stopping(answers=answers)))
    before = predictions(tmp_path / "stopped")
    assert 0 < len(before) < SCORED * len(ARMS)
    llm = LookupLLM(answers=answers)
    resumed = run(tmp_path / "stopped", open_engine=engine_opener_with({}, llm=llm))
    whole = run(tmp_path / "whole", answers)
    after, straight = predictions(tmp_path / "stopped"), predictions(tmp_path / "whole")
    assert {key: without_times(p) for key, p in after.items()} == {key: without_times(p) for key, p in straight.items()}
    assert all(after[key] == prediction for key, prediction in before.items())
    assert accuracy(resumed) == accuracy(whole)
    assert len(llm.prompts) <= SCORED * len(ARMS) - len(before)


KILLED = """
import os, signal, sys
sys.path[:0] = {folders!r}
from pathlib import Path
from evaluation_shop import LookupLLM, engine_opener_with, gold_answers
import test_run as t

class Killing(LookupLLM):
    def _next_reply(self, prompt):
        if len(self._prompts) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._next_reply(prompt)

t.run(Path({folder!r}), open_engine=engine_opener_with({{}}, llm=Killing(answers=gold_answers())))
"""


@pytest.mark.slow
def test_a_killed_process_loses_no_prediction_that_was_made(tmp_path: Path) -> None:
    here = Path(__file__).parent
    code = KILLED.format(folders=[str(here), str(here.parents[1] / "support")], folder=str(tmp_path))
    environment = os.environ | {"PYTHONPATH": str(here.parents[2])}
    killed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    made = predictions(tmp_path)
    assert made
    with (tmp_path / "run" / "predictions.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"arm": "none", "question_id"')  # the line that was being written
    assert predictions(tmp_path) == made
    assert accuracy(run(tmp_path)) == {"none": 1.0, "random": 1.0, "oracle": 1.0}
    assert len((tmp_path / "run" / "predictions.jsonl").read_text().splitlines()) == SCORED * len(ARMS)


def test_a_finished_run_asks_nothing_again_and_takes_more_arms(tmp_path: Path) -> None:
    run(tmp_path, arms=("none",))
    llm = LookupLLM(answers=gold_answers())
    run(tmp_path, arms=("none",), open_engine=engine_opener_with({}, llm=llm))
    assert llm.prompts == []
    evaluation = run(tmp_path, arms=("none", "oracle"), open_engine=engine_opener_with({}, llm=llm))
    assert set(accuracy(evaluation)) == {"none", "oracle"}
    assert len(llm.prompts) == SCORED


@pytest.mark.parametrize("change", [{"keep_leaks": True}, {"seed": 5}, {"top_k": 1}])
def test_a_folder_with_another_run_is_refused(tmp_path: Path, change: dict) -> None:
    run(tmp_path)
    (key,) = change
    with pytest.raises(ConfigurationError, match=f"holds a run with (similarity_)?{key} = "):
        run(tmp_path, **change)


def test_two_processes_do_not_write_to_one_run(tmp_path: Path) -> None:
    run(tmp_path)

    def opening_twice(target: str):
        return engine_opener_with(gold_answers())(target)

    from filelock import FileLock

    with FileLock(str(tmp_path / "run" / ".lock")), pytest.raises(ConfigurationError, match="Another process"):
        run(tmp_path, open_engine=opening_twice)


class FailingEngine:
    """An engine whose model fails for some questions."""

    def __init__(self, engine, failing) -> None:
        self._engine, self._failing = engine, failing

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def ask(self, question, examples=None):
        if self._failing(question):
            raise ModelError("the model broke")
        return self._engine.ask(question, examples)


def test_an_engine_error_is_one_wrong_answer_and_is_asked_again_later(tmp_path: Path) -> None:
    good = engine_opener_with(gold_answers())
    evaluation = run(tmp_path, open_engine=lambda target: FailingEngine(good(target), lambda q: q == PAIRS[2][0]))
    assert accuracy(evaluation)["none"] == pytest.approx(4 / 5)
    failed = predictions(tmp_path)["none", "q2"]
    assert (failed.status, failed.error_class, failed.error) == ("error", "the engine failed", "the model broke")
    assert accuracy(run(tmp_path))["none"] == 1.0


def test_an_engine_that_always_fails_stops_the_run(tmp_path: Path) -> None:
    good = engine_opener_with(gold_answers())
    with pytest.raises(CodeRAGError, match="failed 10 times in a row.*the model broke"):
        run(tmp_path, open_engine=lambda target: FailingEngine(good(target), lambda q: True))


def test_sql_that_was_refused_counts_as_wrong_and_says_why(tmp_path: Path) -> None:
    answers = gold_answers() | {PAIRS[1][0]: ("SELECT nme FROM customer",) * 2, PAIRS[2][0]: ("CANNOT_ANSWER",) * 2}
    evaluation = run(tmp_path, answers, arms=("none",))
    refused, abstained = predictions(tmp_path)["none", "q1"], predictions(tmp_path)["none", "q2"]
    assert (refused.valid, refused.error_class) == (False, "no valid SQL")
    assert "nme" in refused.error
    assert (abstained.valid, abstained.error_class) == (False, "abstained")
    assert evaluation.summary.arms[0].valid == pytest.approx(3 / 5)
    assert evaluation.summary.baseline == ""


def test_a_prediction_with_more_rows_than_a_user_sees_is_still_compared_whole(tmp_path: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
    folder = tmp_path
    build_shop(folder)
    pairs = write_pairs(folder / "pairs.jsonl", [("Count to 3000", many.format(3000))])
    evaluation = evaluate(
        pairs,
        folder / "run",
        database=str(folder / "shop.sqlite"),
        settings=EvaluationSettings(arms=("none",)),
        open_engine=engine_opener_with({"Count to 3000": (many.format(2999),) * 2}),
    )
    assert accuracy(evaluation) == {"none": 0.0}
    assert predictions(folder)["none", "q0"].verdict == "another number of rows"


def test_the_convention_chooses_the_headline_and_both_are_recorded(tmp_path: Path) -> None:
    answers = gold_answers() | {
        PAIRS[3][0]: ("SELECT sum(amount), customer_id FROM purchase GROUP BY customer_id",) * 2
    }
    spider = run(tmp_path / "spider", answers, arms=("none",))
    bird = run(tmp_path / "bird", answers, arms=("none",), convention=Convention.BIRD)
    assert accuracy(spider) == {"none": 1.0}
    assert accuracy(bird) == {"none": 0.8}
    assert (bird.summary.arms[0].spider, bird.summary.arms[0].bird) == (1.0, 0.8)


def test_the_same_examples_are_asked_once(tmp_path: Path) -> None:
    llm = LookupLLM(answers=gold_answers())
    run(tmp_path, top_k=4, open_engine=engine_opener_with({}, llm=llm))
    made = predictions(tmp_path)
    prompts = {(p.question_id, tuple(source.example_id for source in p.sources)) for p in made.values()}
    assert len(llm.prompts) == len(prompts) <= len(made)


def test_databases_are_opened_once_each(tmp_path: Path) -> None:
    opened: list[str] = []
    run(tmp_path, open_engine=engine_opener_with(gold_answers(), opened))
    assert len(opened) == 2  # to learn the model's name, and to run


def test_progress_counts_every_prediction(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    build_shop(tmp_path)
    evaluate(
        write_pairs(tmp_path / "pairs.jsonl"),
        tmp_path / "run",
        database=str(tmp_path / "shop.sqlite"),
        settings=EvaluationSettings(arms=("none",)),
        open_engine=engine_opener_with(gold_answers()),
        on_progress=lambda *told: seen.append(told),
    )
    assert seen == [("Asking questions", i, len(PAIRS)) for i in range(len(PAIRS) + 1)]


def voting(folder: Path, llm, samples: int = 2, **settings) -> Evaluation:
    """A run in which each question is asked ``1 + samples`` times."""
    build_shop(folder) if not (folder / "shop.sqlite").exists() else None
    config = AppConfig(storage_dir=folder / "none", samples=samples, max_repairs=0, **settings)
    return evaluate(
        write_pairs(folder / "pairs.jsonl"),
        folder / "run",
        database=str(folder / "shop.sqlite"),
        settings=EvaluationSettings(arms=("none",)),
        config=config,
        open_engine=lambda target: load_query_engine(database=target, llm=llm, config=config),
    )


class WaveringLLM(LookupLLM):
    """Right at first, then of an opinion that leaves out all rows whenever it is asked the same again."""

    def _next_reply(self, prompt: str) -> str:
        right = super()._next_reply(prompt)
        return right if self._prompts.count(prompt) == 1 else f"{right} LIMIT 0"


def test_candidates_their_agreement_and_what_they_held_are_recorded(tmp_path: Path) -> None:
    llm = WaveringLLM(answers=gold_answers())
    evaluation = voting(tmp_path, llm)
    assert accuracy(evaluation) == {"none": 0.0}  # outvoted two to one
    made = predictions(tmp_path)["none", "q1"]
    assert made.predicted_sql == "SELECT name FROM customer LIMIT 0" and made.among_candidates is True
    assert made.agreement == pytest.approx(2 / 3, abs=1e-4) and 0 < made.confidence < 1
    assert evaluation.summary.arms[0].among_candidates.share == 1.0
    assert len(llm.prompts) == 3 * SCORED
    assert "vote of up to 3" in decoding_text(RunDirectory(tmp_path / "run").read_config()["identity"]["engine"])


def test_a_finished_run_with_candidates_asks_nothing_again(tmp_path: Path) -> None:
    llm = WaveringLLM(answers=gold_answers())
    first = voting(tmp_path, llm)
    asked = len(llm.prompts)
    assert accuracy(voting(tmp_path, llm)) == accuracy(first)
    assert len(llm.prompts) == asked


@pytest.mark.parametrize(
    "change",
    [
        {"samples": 3},
        {"constrain": "always"},
        {"link_schema": False},
        {"rank_candidates": False},
        {"without_repairs": ("reground",)},
    ],
)
def test_a_run_with_other_switches_is_another_run_and_the_error_names_the_switch(tmp_path: Path, change: dict) -> None:
    voting(tmp_path, LookupLLM(answers=gold_answers()))
    with pytest.raises(ConfigurationError, match=f"engine.{next(iter(change))} = "):
        voting(tmp_path, LookupLLM(answers=gold_answers()), **change)


def test_an_answer_that_is_held_back_counts_as_no_answer(tmp_path: Path) -> None:
    evaluation = voting(tmp_path, WaveringLLM(answers=gold_answers()), abstain_below=0.9)
    assert evaluation.summary.arms[0].error_classes == {"abstained": SCORED}
    assert predictions(tmp_path)["none", "q1"].predicted_sql == "SELECT name FROM customer LIMIT 0"


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    questions = [EvalQuestion(str(i), "d", "?", "SELECT 1", "x") for i in range(50)]
    small, large = sample_questions(questions, 10, seed=1), sample_questions(questions, 20, seed=1)
    assert len(small) == 10
    assert set(small) < set(large)
    assert sample_questions(questions, 10, seed=2) != small
    assert sample_questions(questions, None, seed=1) == tuple(questions)
    assert list(large) == sorted(large, key=lambda question: int(question.id))


def test_a_prediction_survives_the_disk_whatever_characters_it_holds(tmp_path: Path) -> None:
    answers = gold_answers() | {PAIRS[1][0]: ("SELECT 'a\u2028b\x85c' FROM customer",) * 2}
    run(tmp_path, answers, arms=("none",))
    kept = predictions(tmp_path)["none", "q1"]
    assert "\u2028" in kept.predicted_sql
    assert Prediction.from_line(kept.to_line()) == kept


class LinkingEngine(FailingEngine):
    """An engine that tells which tables it keeps: always the customers alone."""

    def linked_schema(self, question):
        return self._engine.schema.keep(["customer"])


def test_table_recall_is_measured_where_the_engine_tells_what_it_links(tmp_path: Path) -> None:
    good = engine_opener_with(gold_answers())
    run(tmp_path, arms=("none",), open_engine=lambda target: LinkingEngine(good(target), lambda q: False))
    recalls = {question_id: made.table_recall for (_, question_id), made in predictions(tmp_path).items()}
    assert recalls == {"q0": 1.0, "q1": 1.0, "q2": 1.0, "q3": 0.0, "q4": 0.0}


@pytest.mark.model
def test_the_bundled_model_is_evaluated_with_the_configured_engine(tmp_path: Path) -> None:
    config = AppConfig(storage_dir=tmp_path / "none", llm="bundled", embed_model="minilm", max_repairs=0)
    evaluation = evaluate(
        "demo",
        tmp_path / "run",
        settings=EvaluationSettings(arms=("none", "base"), limit=3),
        config=config,
        vectors_dir=tmp_path / "vectors",
    )
    made = predictions(tmp_path)
    assert len(made) == 6
    assert evaluation.summary.questions == 3
    assert not any(prediction.engine_failed for prediction in made.values())
    assert all(len(prediction.sources) == (3 if arm == "base" else 0) for (arm, _), prediction in made.items())
    identity = RunDirectory(tmp_path / "run").read_config()["identity"]
    assert len(identity["llm"]["fingerprint"]) == 16
