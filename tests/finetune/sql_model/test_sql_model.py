"""The training of the bundled SQL model, on a small made-up data file and the tiny preset."""

import dataclasses
import itertools
import json
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from llama_cpp import Llama
from rich.console import Console
from tokenizers import Tokenizer
from torch.nn import functional

from coderag_app.errors import ConfigurationError, ModelError
from coderag_app.gguf.llama_cpp_amx import without_amx
from finetune.sql_model import attention, packing
from finetune.sql_model.checkpoint import CHECKPOINT_FILE, load_checkpoint
from finetune.sql_model.gguf_export import WeightType, export_gguf
from finetune.sql_model.held_out_scores import held_out_batches, score
from finetune.sql_model.model import PRESETS, ModelConfig, SQLModel, greedy
from finetune.sql_model.optimizers import orthogonalise
from finetune.sql_model.pairs import DataFile, TokenizedDatabase, read_databases, read_rows, split_held_out, texts_of
from finetune.sql_model.tokenizer import END, MARKERS, SQL, TOKENIZER_FILE, load_tokenizer, train_tokenizer
from finetune.sql_model.train import start_or_resume
from finetune.sql_model.trainer import TrainConfig, Trainer
from finetune.sql_model.training_loop import Cadence, Run, StopRequest

WINDOW_TOKENS = 256
QUIET = Console(quiet=True)
CPU = torch.device("cpu")
WORDS = ["singer", "concert", "stadium", "country", "city", "year", "name", "age", "film", "actor", "price", "club"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """One thread makes sums come out in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data_file(tmp_path_factory: pytest.TempPathFactory) -> DataFile:
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    rng = random.Random(0)
    path.write_text("".join(json.dumps(_database(rng)) + "\n" for _ in range(24)), encoding="utf-8")
    return DataFile(path)


@pytest.fixture(scope="module")
def tokenizer(data_file: DataFile) -> Tokenizer:
    return train_tokenizer(texts_of(read_rows(data_file.path)), vocab_size=1024)


@pytest.fixture(scope="module")
def databases(data_file: DataFile, tokenizer: Tokenizer) -> list[TokenizedDatabase]:
    return read_databases(data_file, tokenizer)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, databases: list[TokenizedDatabase], tokenizer: Tokenizer) -> Path:
    """A run directory with a tiny model that has learned some of the made-up SQL."""
    out = tmp_path_factory.mktemp("run")
    tokenizer.save(str(out / TOKENIZER_FILE))
    training, aside = split_held_out(databases, 4)
    trainer = _trainer(training, tokenizer, steps=120)
    held_out = held_out_batches(aside, WINDOW_TOKENS, 4, 8)
    Run(trainer, held_out, out, {}).train(Cadence(evaluate_every=60), StopRequest(), QUIET)
    return out


@pytest.fixture(scope="module")
def torch_model(trained: Path) -> SQLModel:
    checkpoint = load_checkpoint(trained / CHECKPOINT_FILE)
    model = SQLModel(ModelConfig(**checkpoint.facts["model"]))
    model.load_state_dict(checkpoint.part("ema"))
    return model


@pytest.fixture(scope="module")
def llama(trained: Path) -> Llama:
    path = trained / "f32.gguf"
    export_gguf(trained, path, WeightType.F32)
    # Types 0 are float32, which makes the cache exact.
    with without_amx():
        return Llama(str(path), n_ctx=512, n_threads=1, type_k=0, type_v=0, flash_attn=False, verbose=False)


def _database(rng: random.Random) -> dict[str, object]:
    tables = rng.sample(WORDS, 3)
    columns = {table: rng.sample(WORDS, 4) for table in tables}
    schema = "<schema> " + " ; ".join(f"{table} : id # key , {' , '.join(columns[table])}" for table in tables)
    return {"schema": schema, "pairs": [_pair(rng, columns) for _ in range(40)]}


def _pair(rng: random.Random, columns: dict[str, list[str]]) -> dict[str, str]:
    table = rng.choice(list(columns))
    column = rng.choice(columns[table])
    return rng.choice(
        [
            {
                "group": "count",
                "question": f"<q> how many {table}s have the {column} <v1> x ?",
                "sql": f"<sql> from {table} select count ( * ) where {column} = <v1>",
            },
            {
                "group": "list",
                "question": f"<q> list the {column} of every {table}",
                "sql": f"<sql> from {table} select {column}",
            },
        ]
    )


def _trainer(databases: list[TokenizedDatabase], tokenizer: Tokenizer, steps: int, *, seed: int = 0) -> Trainer:
    model = dataclasses.replace(PRESETS["tiny"], vocab_size=tokenizer.get_vocab_size())
    config = TrainConfig(
        window_tokens=WINDOW_TOKENS, batch_windows=4, steps=steps, warmup_steps=10, ema_decay=0.9, seed=seed
    )
    return Trainer.from_seed(model, config, databases, CPU, compiled=False)


def _batch(databases: list[TokenizedDatabase], windows: int = 4) -> packing.Batch:
    plan = packing.plan_epoch(databases, WINDOW_TOKENS, seed=1, epoch=0)
    plan.sort(key=lambda window: -len(window.chains))
    return packing.build_batch(databases, plan[:windows], WINDOW_TOKENS)


def _prompts(data_file: DataFile, count: int) -> list[str]:
    rows = itertools.islice(read_rows(data_file.path), count)
    return [row["schema"] + row["pairs"][0]["question"] + SQL for row in rows]


def test_a_token_sees_the_prefix_and_its_own_chain_up_to_itself_and_nothing_else(
    databases: list[TokenizedDatabase],
) -> None:
    batch = _batch(databases, windows=2)
    allowed = packing.attention_allowed(batch.positions, batch.chains)
    seen_of_other_kinds = set()
    for window, query, key in itertools.product(range(2), range(WINDOW_TOKENS), range(WINDOW_TOKENS)):
        chain, other = batch.chains[window, query], batch.chains[window, key]
        if chain == packing.PADDING_CHAIN:
            continue
        expected = key <= query and other in (packing.PREFIX_CHAIN, chain)
        assert allowed[window, query, key] == expected
        seen_of_other_kinds.add((other == packing.PREFIX_CHAIN, other == chain, bool(expected)))
    assert {(True, False, True), (False, True, True), (False, False, False)} <= seen_of_other_kinds


def test_another_chains_tokens_do_not_change_a_chains_hidden_states(databases: list[TokenizedDatabase]) -> None:
    torch.manual_seed(0)
    model = SQLModel(PRESETS["tiny"])
    batch = _batch(databases, windows=1)
    tokens, positions, chains = map(torch.from_numpy, (batch.tokens, batch.positions, batch.chains))
    changed = torch.where(chains == 1, 7, tokens)
    before, after = model(tokens, positions, chains), model(changed, positions, chains)
    assert torch.equal(before[chains != 1], after[chains != 1])
    assert not torch.equal(before[chains == 1], after[chains == 1])


def test_a_chain_in_a_window_reads_like_the_same_text_alone(databases: list[TokenizedDatabase]) -> None:
    torch.manual_seed(0)
    model = SQLModel(PRESETS["tiny"])
    batch = _batch(databases, windows=1)
    tokens, positions, chains = map(torch.from_numpy, (batch.tokens, batch.positions, batch.chains))
    packed = model(tokens, positions, chains)[chains == 2]
    alone = torch.cat((tokens[chains == 0], tokens[chains == 2]))[None]
    places = torch.arange(alone.shape[1])[None]
    hidden = model(alone, places, torch.zeros_like(places))[0, -len(packed) :]
    torch.testing.assert_close(packed, hidden, atol=1e-5, rtol=1e-5)


def test_labels_are_every_sql_token_and_its_end_and_nothing_else(
    databases: list[TokenizedDatabase], tokenizer: Tokenizer
) -> None:
    batch = _batch(databases, windows=1)
    texts = [
        tokenizer.decode(batch.labels[batch.pairs == pair].tolist(), skip_special_tokens=False)
        for pair in range(batch.pair_count)
    ]
    assert all(text.startswith(" from ") and text.endswith(END) and text.count(END) == 1 for text in texts)
    assert (batch.labels != packing.NO_LABEL).sum() == (batch.pairs >= 0).sum()


def test_an_epoch_uses_every_pair_exactly_once_and_the_next_epoch_in_another_order(
    databases: list[TokenizedDatabase],
) -> None:
    plans = [packing.plan_epoch(databases, WINDOW_TOKENS, seed=3, epoch=epoch) for epoch in (0, 0, 1)]
    used = sorted((w.database, pair) for w in plans[0] for chain in w.chains for pair in chain)
    assert used == [(d, pair) for d, database in enumerate(databases) for pair in range(len(database.lengths))]
    assert plans[0] == plans[1] != plans[2]


def test_pairs_of_one_chain_are_more_alike_than_any_two_pairs(databases: list[TokenizedDatabase]) -> None:
    plan = packing.plan_epoch(databases, 2048, seed=3, epoch=0)
    chains = [(databases[w.database], chain) for w in plan for chain in w.chains if len(chain) > 1]
    alike = [d.similarity(*pair) for d, chain in chains for pair in itertools.combinations(chain, 2)]
    any_two = [d.similarity(*pair) for d in databases for pair in itertools.combinations(range(len(d.lengths)), 2)]
    assert np.mean(alike) > 1.05 * np.mean(any_two)
    assert {len(chain) for _, chain in chains} == {2, 3, 4}


def test_attention_piece_by_piece_equals_masked_attention_with_its_gradients() -> None:
    torch.manual_seed(0)
    chains = torch.tensor([[0] * 20 + [1] * 150 + [2] * 90 + [3] * 30 + [-1] * 10, [0] * 5 + [1] + [2] * 294])
    positions = torch.stack([torch.cat([torch.arange(300)])] * 2)
    allowed = packing.attention_allowed(positions, chains)
    inputs = [torch.randn(2, 300, 2, 16, requires_grad=True) for _ in range(3)]
    by_head = [part.transpose(1, 2) for part in inputs]
    masked = functional.scaled_dot_product_attention(*by_head, attn_mask=allowed[:, None]).transpose(1, 2)
    piecewise = attention.attend(*inputs, chains, allowed)
    real = (chains >= 0)[..., None, None] * torch.randn(2, 300, 2, 16)
    torch.testing.assert_close(piecewise * real, masked * real, atol=1e-5, rtol=1e-4)
    wanted, got = (torch.autograd.grad((out * real).sum(), inputs) for out in (masked, piecewise))
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def test_the_attention_operator_keeps_torchs_rules_for_compilation() -> None:
    chains = torch.tensor([[0, 0, 1, 1, 1, 2, 2, -1]])
    allowed = packing.attention_allowed(torch.arange(8)[None], chains)
    inputs = [torch.randn(1, 8, 2, 4, requires_grad=True) for _ in range(3)]
    torch.library.opcheck(attention.chain_attention, (*inputs, chains, allowed))


@pytest.mark.parametrize("shape", [(2, 32, 64), (2, 64, 32)])
def test_muon_brings_every_singular_value_near_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrices))
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_training_learns_and_the_exact_match_equals_real_greedy_decoding(
    trained: Path, torch_model: SQLModel, databases: list[TokenizedDatabase], tokenizer: Tokenizer
) -> None:
    losses = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    train_losses = [line["loss"] for line in losses if "loss" in line]
    assert train_losses[-1] < 0.5 * train_losses[0]
    database = split_held_out(databases, 4)[1][0]
    end = tokenizer.token_to_id(END)
    batch = packing.build_batch([database], [packing.Window(0, ((p,),)) for p in range(12)], WINDOW_TOKENS)
    exact = []
    for pair in range(12):
        cut = database.sql_offsets[pair] + 1
        wanted = database.pair(pair)[cut:-1].tolist()
        prompt = [*database.schema.tolist(), *database.pair(pair)[:cut].tolist()]
        exact.append(greedy(torch_model, prompt, end, 30) == wanted)
    scores = score(torch_model, [batch], torch.autocast("cpu", enabled=False))
    assert scores.exact == pytest.approx(np.mean(exact))
    assert scores.pairs == 12


def test_a_resumed_run_ends_with_exactly_the_weights_of_an_uninterrupted_run(
    tmp_path: Path, databases: list[TokenizedDatabase], tokenizer: Tokenizer
) -> None:
    few = databases[:3]
    whole = _trainer(few, tokenizer, steps=8)
    while whole.progress.step < 8:
        whole.train_step(whole.next_batch())
    part = _trainer(few, tokenizer, steps=8)
    while part.progress.step < 5:
        part.train_step(part.next_batch())
    Run(part, [], tmp_path, {}).save()
    resumed = start_or_resume(
        whole.model.config, whole.config, few, out=tmp_path, facts={}, init=None, device=CPU, compiled=False
    )
    while resumed.progress.step < 8:
        resumed.train_step(resumed.next_batch())
    assert resumed.progress.epoch > 0
    expected, got = whole.checkpoint({}).tensors, resumed.checkpoint({}).tensors
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_a_run_does_not_resume_with_other_settings(
    tmp_path: Path, databases: list[TokenizedDatabase], tokenizer: Tokenizer
) -> None:
    trainer = _trainer(databases, tokenizer, steps=8)
    Run(trainer, [], tmp_path, {"data": {"files": ["a"]}}).save()
    with pytest.raises(ConfigurationError, match="another --out"):
        start_or_resume(
            trainer.model.config,
            trainer.config,
            databases,
            out=tmp_path,
            facts={"data": {"files": ["b"]}},
            init=None,
            device=CPU,
            compiled=False,
        )


def test_sigterm_ends_the_loop_with_a_checkpoint(
    tmp_path: Path, databases: list[TokenizedDatabase], tokenizer: Tokenizer
) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = StopRequest()
    stop.listen()
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
    Run(_trainer(databases, tokenizer, steps=1_000_000), [], tmp_path, {}).train(Cadence(), stop, QUIET)
    assert load_checkpoint(tmp_path / CHECKPOINT_FILE).facts["progress"]["step"] == 0


def test_the_held_out_databases_stay_the_same_when_the_order_of_the_data_changes(
    databases: list[TokenizedDatabase],
) -> None:
    training, aside = split_held_out(databases, 5)
    shuffled = random.Random(1).sample(databases, len(databases))
    assert {d.db_id for d in split_held_out(shuffled, 5)[1]} == {d.db_id for d in aside}
    assert {d.db_id for d in aside}.isdisjoint(d.db_id for d in training)


def test_a_missing_checkpoint_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_checkpoint(tmp_path / CHECKPOINT_FILE)


def test_llama_cpp_tokenizes_like_the_training(llama: Llama, trained: Path) -> None:
    tokenizer = load_tokenizer(trained / TOKENIZER_FILE)
    strings = sorted(set(_odd_strings(2500)))
    assert len(strings) > 2000
    for text in strings:
        ids = llama.tokenize(text.encode(), add_bos=False, special=True)
        assert ids == tokenizer.encode(text, add_special_tokens=False).ids, repr(text)


def test_the_float32_export_generates_what_the_torch_model_generates(
    llama: Llama, trained: Path, torch_model: SQLModel, data_file: DataFile
) -> None:
    tokenizer = load_tokenizer(trained / TOKENIZER_FILE)
    for prompt in _prompts(data_file, 8):
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids
        wanted = tokenizer.decode(greedy(torch_model, ids, tokenizer.token_to_id(END), 30))
        assert wanted.startswith(" from ")
        assert llama.create_completion(prompt, max_tokens=30, temperature=0)["choices"][0]["text"] == wanted


def test_the_q8_0_export_loads_and_generates_with_its_licence_and_prompt_format(
    trained: Path, data_file: DataFile
) -> None:
    path = trained / "q8_0.gguf"
    export_gguf(trained, path)
    with without_amx():
        llama = Llama(str(path), n_ctx=512, n_threads=1, verbose=False)
    assert llama.metadata["general.license"] == "Apache-2.0"
    assert llama.metadata["coderag.prompt_format"] == "compact-v5"
    choice = llama.create_completion(_prompts(data_file, 1)[0], max_tokens=30, temperature=0)["choices"][0]
    assert choice["text"].startswith(" from ")
    assert choice["finish_reason"] == "stop"


def _odd_strings(count: int) -> Iterator[str]:
    rng = random.Random(5)
    parts = [
        *WORDS, *MARKERS, END, "select", "count ( * )", " ", "  ", "\n", "\t ", "'s", "'LL", "don't", "12", "3.50",
        "007", "é", "naïve", "Zürich", "日本", "東京 都", "🎸", "Ω", "٣٤", "½", "x²", "__", "#", "<", ">", "<v", "</s",
        "\u00a0", "\u200b", "e\u0301", "ﬁ", "-", "--", "a_b", "%",
        "\\", '"', "`", ",", ";", "ǅ", "ß", "İ", "\r\n", "…", "—",
    ]  # fmt: skip
    for _ in range(count):
        yield "".join(rng.choice(parts) + rng.choice(["", "", " "]) for _ in range(rng.randint(1, 9)))


def _named_database(tokenizer: Tokenizer, tmp_path: Path) -> TokenizedDatabase:
    pair = {"question": "<q> ages <c0> of singers <t0>", "sql": "<sql> from <t0> select <c0>", "group": "list"}
    row = {"db_id": "music", "schema": "<schema> <t0> singer : <c0> age # , <c1> name", "pairs": [pair] * 3}
    path = tmp_path / "named.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    return read_databases(DataFile(path), tokenizer)[0]


def test_ids_of_tables_and_columns_are_exchanged_alike_in_the_whole_window(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    database = _named_database(tokenizer, tmp_path)
    texts = set()
    for seed in range(5):
        window = packing.Window(0, ((0,), (1, 2)), seed)
        batch = packing.build_batch([database], [window], WINDOW_TOKENS)
        text = tokenizer.decode([int(i) for i in batch.tokens[0][batch.chains[0] >= 0]], skip_special_tokens=False)
        table, column = re.search(r"(<t\d+>) singer :(<c\d+>) age", text).groups()
        assert text.count(f"<sql> from{table} select{column}") == 3
        assert text.count(f"ages{column} of singers{table}") == 3
        texts.add((table, column))
    assert len(texts) > 1


def test_a_batch_is_no_wider_than_its_longest_window_needs(databases: list[TokenizedDatabase]) -> None:
    plan = packing.plan_epoch(databases, 4096, seed=3, epoch=0, batch_windows=4)
    batch = packing.build_batch(databases, plan[:4], 4096)
    longest = int((batch.chains >= 0).sum(axis=1).max())
    assert longest <= batch.tokens.shape[1] < longest + 64
