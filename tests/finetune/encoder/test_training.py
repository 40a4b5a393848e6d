"""Training the encoder for real, a few steps of the real MiniLM: it learns, resumes, and ships small."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from coderag_app.encoders.adapter import ADAPTER_CARD, ADAPTER_FILE, EncoderAdapter, low_rank_tensors
from coderag_app.encoders.encoder_loading import embed_queries, load_embed_model, minilm_folder
from coderag_app.errors import ConfigurationError, ModelError
from finetune.encoder.batches import NeighbourhoodBatchSampler
from finetune.encoder.encoder_trainer import training_dataset
from finetune.encoder.export_adapter import export_adapter
from finetune.encoder.fine_tune import train_encoder
from finetune.encoder.near_miss_rows import EncoderDataPlan, synthetic_rows
from finetune.encoder.plan import Budget, TrainingPlan, stages_of, with_preset
from finetune.encoder.training_rows import EncoderRow, read_rows, write_rows

pytestmark = [pytest.mark.model, pytest.mark.slow]

TEXT = "SELECT count(*) FROM singer\nsinger(id, name)"


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_rows(synthetic_rows(EncoderDataPlan(databases=8, pairs=8, negatives=2, seed=3)), path)
    return path


@pytest.fixture(scope="module")
def few_rows(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("few") / "rows.jsonl"
    write_rows(synthetic_rows(EncoderDataPlan(databases=2, pairs=5, negatives=0, seed=9)), path)
    return path


def small_plan(rows_file: Path, folder: Path, **changes) -> TrainingPlan:
    plan = TrainingPlan(
        (rows_file,), folder / "encoder", max_steps=2, batch_size=4, learning_rate=3e-4, max_seq_length=32,
        held_out=0.0, evaluate_every=1, freeze_embeddings=True, neighbours=2,
    )  # fmt: skip
    return replace(plan, **changes)


@pytest.fixture(scope="module")
def trained(rows_file, tmp_path_factory):
    """One training of ten steps with some of the databases held out, and its report."""
    changes = {"held_out": 0.35, "max_steps": 10, "batch_size": 8, "max_seq_length": 96, "evaluate_every": 5}
    plan = small_plan(rows_file, tmp_path_factory.mktemp("trained"), **changes)
    return plan, train_encoder(plan)


def embedded(folder: Path) -> np.ndarray:
    return SentenceTransformer(str(folder)).encode([TEXT, "How many singers?"], normalize_embeddings=True)


def test_a_few_steps_move_the_scores_on_databases_that_were_held_out(trained):
    _, report = trained
    assert report.rows > 0
    assert report.held_out > 0
    assert report.after["mrr_at_10"] > report.before["mrr_at_10"]


def test_training_lowers_the_loss(trained):
    log = trained[1].stages["all"]["log"]
    losses = [entry["loss"] for entry in log if "loss" in entry]
    assert len(losses) == 2
    assert losses[1] < losses[0]


def test_the_result_loads_in_sentence_transformers_and_in_llama_index(trained):
    plan, _ = trained
    plain = embedded(plan.output)[0]
    by_llama_index = np.array(HuggingFaceEmbedding(model_name=str(plan.output)).get_text_embedding(TEXT))
    assert plain @ by_llama_index > 0.999
    assert SentenceTransformer(str(plan.output)).max_seq_length == 256  # as its base, whatever it was trained with


def test_the_card_says_how_the_encoder_was_made(trained):
    plan, report = trained
    card = (plan.output / "README.md").read_text(encoding="utf-8")
    assert "rows.jsonl" in card
    assert "seed 0" in card
    assert "packaged copy" in card or "hub cache" in card
    assert f"| mrr_at_10 | {report.before['mrr_at_10']:.3f} | {report.after['mrr_at_10']:.3f} |" in card


def test_frozen_embeddings_stay_as_they_were(trained):
    plan, _ = trained
    new, old = (load_file(folder / "model.safetensors") for folder in (plan.output, minilm_folder()[0]))
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(new[name], old[name])
    moved = [key for key in new if not torch.equal(new[key], old[key])]
    assert "encoder.layer.0.attention.self.query.weight" in moved


def test_a_training_may_start_from_the_bundled_encoder(rows_file, tmp_path):
    plan = small_plan(rows_file, tmp_path, max_steps=1, learning_rate=1e-9, base="bundled", held_out=0.0)
    report = train_encoder(plan)
    bundled = embed_queries(load_embed_model("bundled").embed_model, ["How many singers are there?"])[0]
    minilm = embed_queries(load_embed_model("minilm").embed_model, ["How many singers are there?"])[0]
    trained = SentenceTransformer(str(plan.output)).encode("How many singers are there?", normalize_embeddings=True)
    assert bundled @ trained > 0.99 > minilm @ trained
    assert "bundled" in report.base


def test_kept_texts_stay_nearer_to_where_the_base_put_them(rows_file, few_rows, tmp_path):
    kept = [text for row in read_rows([few_rows]) for text in (row.anchor, row.positive)]
    before = SentenceTransformer(str(minilm_folder()[0])).encode(kept, normalize_embeddings=True)
    cosines = []
    for number, keep in enumerate(((), (few_rows,))):
        plan = small_plan(
            rows_file, tmp_path / str(number), max_steps=8, learning_rate=1e-3, max_seq_length=96, keep=keep
        )
        train_encoder(plan)
        moved = SentenceTransformer(str(plan.output)).encode(kept, normalize_embeddings=True)
        cosines.append(float((before * moved).sum(axis=1).mean()))
    assert cosines[1] > cosines[0]


def test_a_training_that_was_killed_ends_as_if_it_had_not_been(rows_file, tmp_path):
    whole = small_plan(rows_file, tmp_path / "whole")
    train_encoder(whole)
    cut = small_plan(rows_file, tmp_path / "cut")
    shutil.copytree(whole.checkpoints / "all" / "checkpoint-1", cut.checkpoints / "all" / "checkpoint-1")
    shutil.copy(whole.checkpoints / "plan.json", cut.checkpoints / "plan.json")
    report = train_encoder(cut)
    assert report.stages["all"]["steps"] == 2
    first, second = (load_file(plan.output / "model.safetensors") for plan in (whole, cut))
    assert all(torch.allclose(first[name], second[name], atol=2e-5) for name in first)
    assert not np.allclose(embedded(minilm_folder()[0]), embedded(cut.output), atol=1e-3)


def test_a_finished_training_is_not_done_again(trained):
    plan, report = trained
    again = train_encoder(plan)
    assert again.stages["all"]["seconds"] == report.stages["all"]["seconds"]
    assert again.after == pytest.approx(report.after, abs=1e-6)


def test_checkpoints_of_another_plan_are_refused(trained):
    plan, _ = trained
    with pytest.raises(ConfigurationError, match="--no-resume"):
        train_encoder(replace(plan, learning_rate=1e-5))


def test_the_time_budget_ends_a_training(rows_file, tmp_path):
    plan = small_plan(rows_file, tmp_path, max_steps=500, minutes=0.02, evaluate_every=1000)
    assert 1 <= train_encoder(plan).stages["all"]["steps"] < 100


@pytest.mark.parametrize(
    "changes",
    [
        {"mini_batch_size": 2},
        {"matryoshka": (384, 64)},
        {"curriculum": True, "prompts": True},
        {"lora_rank": 2, "max_steps": 3, "learning_rate": 1e-2},
    ],
    ids=["cached loss", "matryoshka", "curriculum", "lora"],
)
def test_the_other_ways_to_train_give_an_encoder_that_differs_from_its_base(changes, rows_file, tmp_path):
    plan = small_plan(rows_file, tmp_path, **{"max_steps": 1, **changes})
    train_encoder(plan)
    assert not np.allclose(embedded(plan.output), embedded(minilm_folder()[0]), atol=1e-4)


def test_the_reports_values_are_the_defaults():
    plan = TrainingPlan((), Path("encoder"))
    assert (plan.epochs, plan.batch_size, plan.learning_rate, plan.max_seq_length) == (5, 16, 2e-5, 512)
    assert with_preset(plan, "report") == plan
    with pytest.raises(ConfigurationError, match="sql-adapter"):
        with_preset(plan, "nothing")


def test_the_curriculum_ends_with_code_and_shares_the_budget():
    rows = [EncoderRow("a", "b", category=name) for name in ("text2code", "code2text", "code2code", "hybrid")]
    stages = stages_of(TrainingPlan((), Path("encoder"), curriculum=True), rows)
    assert [(stage.name, len(stage.rows)) for stage in stages] == [("text", 2), ("mixed", 4), ("code", 2)]
    only_text = stages_of(TrainingPlan((), Path("encoder"), curriculum=True), rows[:1])
    assert sum(stage.share for stage in only_text) == pytest.approx(1.0)


def test_the_budget_is_the_further_of_steps_and_clock():
    budget = Budget(minutes=1)
    budget.start(elapsed_s=30)
    assert budget.share(1, 10) == pytest.approx(0.5, abs=0.01)
    assert budget.share(9, 10) == pytest.approx(0.9, abs=0.01)
    budget.start(elapsed_s=61)
    assert budget.is_spent


def batches_of(rows, **options):
    sampler = NeighbourhoodBatchSampler(training_dataset(rows, 1), generator=torch.Generator(), **options)
    return sampler, list(sampler)


def test_batches_hold_no_text_twice_and_keep_neighbours_together():
    rows = [EncoderRow(f"q{i}", f"p{i % 50}", (f"n{i}",)) for i in range(200)]
    sampler, batches = batches_of(rows, batch_size=16, run_length=4)
    assert len(batches) == len(sampler) == 12
    together = 0
    for batch in batches:
        assert len({rows[i].positive for i in batch}) == 16
        together += sum(abs(first - second) == 1 for first, second in zip(batch, batch[1:], strict=False))
    assert together > 12 * 8
    assert batches_of(rows, batch_size=16, run_length=4)[1] == batches
    sampler.set_epoch(1)
    assert list(sampler) != batches


def test_a_data_set_smaller_than_a_batch_still_gives_one():
    assert batches_of([EncoderRow("q", "p", ("n",)), EncoderRow("q2", "p2", ("n2",))], batch_size=8)[1] in (
        [[0, 1]],
        [[1, 0]],
    )


def test_the_adapter_gives_the_fine_tuned_vectors_from_the_base(trained, few_rows, tmp_path):
    plan, report = trained
    export = export_adapter(plan.output, tmp_path / "adapter", rank=96, sample=few_rows)
    assert export.cosine > 0.999 > export.base_cosine
    assert export.size_mb < 9
    adapted, tuned, base = (
        load_embed_model(spec).embed_model for spec in (str(tmp_path / "adapter"), str(plan.output), "minilm")
    )
    assert isinstance(adapted, HuggingFaceEmbedding)
    wanted = np.array(tuned.get_text_embedding(TEXT))
    cosine = wanted @ np.array(adapted.get_text_embedding(TEXT))
    assert cosine > 0.995
    assert cosine > wanted @ np.array(base.get_text_embedding(TEXT))
    card = json.loads((tmp_path / "adapter" / ADAPTER_CARD).read_text(encoding="utf-8"))
    assert card["facts"]["training"]["held_out_after"] == report.after


def test_half_the_weight_lies_between_base_and_fine_tuned(trained, few_rows, tmp_path):
    plan, _ = trained
    export_adapter(plan.output, tmp_path / "half", rank=96, weight=0.5, sample=few_rows)
    half, tuned, base = (
        np.array(load_embed_model(spec).embed_model.get_text_embedding(TEXT))
        for spec in (str(tmp_path / "half"), str(plan.output), "minilm")
    )
    assert half @ tuned > base @ tuned
    assert half @ base > tuned @ base


def make_adapter(folder: Path, base_sha256: str, name: str = "encoder.layer.0.attention.self.query.weight") -> None:
    from coderag_app.encoders.adapter import AdapterCard

    torch.manual_seed(0)
    tensors = low_rank_tensors(name, torch.randn(384, 384) / 20, 4)
    EncoderAdapter(AdapterCard("all-MiniLM-L6-v2", base_sha256, 4), tensors).save(folder)


def test_the_fingerprint_covers_the_adapter_and_its_weight(tmp_path):
    from coderag_app.encoders.encoder_loading import MINILM_SHA256

    make_adapter(tmp_path / "one", MINILM_SHA256)
    card = json.loads((tmp_path / "one" / ADAPTER_CARD).read_text(encoding="utf-8"))
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    (tmp_path / "other" / ADAPTER_CARD).write_text(json.dumps({**card, "weight": 0.5}), encoding="utf-8")
    found = {
        load_embed_model(spec).info.fingerprint for spec in ("minilm", str(tmp_path / "one"), str(tmp_path / "other"))
    }
    assert len(found) == 3
    first, other = (EncoderAdapter.load(tmp_path / name).differences() for name in ("one", "other"))
    assert all(torch.allclose(first[name] / 2, other[name]) for name in first)


def test_an_adapter_for_other_weights_is_refused(tmp_path):
    make_adapter(tmp_path, "0" * 64)
    with pytest.raises(ModelError, match="made for all-MiniLM-L6-v2 with weights 0000"):
        load_embed_model(str(tmp_path))


def test_an_adapter_that_does_not_fit_or_is_damaged_is_refused(tmp_path):
    from coderag_app.encoders.encoder_loading import MINILM_SHA256

    make_adapter(tmp_path / "unfit", MINILM_SHA256, name="encoder.layer.99.weight")
    with pytest.raises(ModelError, match="does not fit"):
        load_embed_model(str(tmp_path / "unfit"))
    make_adapter(tmp_path / "cut", MINILM_SHA256)
    (tmp_path / "cut" / ADAPTER_FILE).write_bytes(b"damaged")
    with pytest.raises(ModelError, match="export_adapter"):
        load_embed_model(str(tmp_path / "cut"))


def test_a_low_rank_difference_is_recovered_and_a_vector_kept_whole():
    torch.manual_seed(0)
    difference = torch.randn(40, 3) @ torch.randn(3, 30) / 10
    tensors = low_rank_tensors("w", difference, 3)
    assert set(tensors) == {"w.up", "w.down"}
    assert torch.allclose(tensors["w.up"].float() @ tensors["w.down"].float(), difference, atol=5e-3)
    assert set(low_rank_tensors("b", torch.randn(5), 3)) == {"b.whole"}


def test_an_untrained_encoder_has_nothing_to_export(tmp_path):
    with pytest.raises(ModelError, match="nothing to export"):
        export_adapter(minilm_folder()[0], tmp_path)
