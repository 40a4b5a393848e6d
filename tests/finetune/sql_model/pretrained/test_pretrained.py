"""The training of a pretrained model: its data, its windows, and a run that goes on exactly where it was stopped."""

import gzip
import json
import random
import sqlite3

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from coderag_app.errors import ConfigurationError, ModelError
from coderag_app.llm.base_model import SMOLLM2_SHA256, smollm2_file
from coderag_app.llm.llm_loading import load_llm
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.settings import AppConfig
from finetune.sql_model.checkpoint import load_checkpoint, save_checkpoint
from finetune.sql_model.gguf_export import WeightType
from finetune.sql_model.packing import NO_LABEL, PADDING_CHAIN, attention_allowed
from finetune.sql_model.pretrained.adapter_file import export_adapter, read_adapter
from finetune.sql_model.pretrained.asked_databases import AskedDatabase, read_rows_of, training_row
from finetune.sql_model.pretrained.block_windows import WindowSource, tokenized
from finetune.sql_model.pretrained.gather import LEFT_OUT_FILE, TRAINING_FILE, asked_databases, gather, with_copies
from finetune.sql_model.pretrained.made_sets import called_otherwise, disguised, group_questions, synthetic_rows
from finetune.sql_model.pretrained.synonyms import wordnet_synonyms
from finetune.sql_model.pretrained.tune import end_of_part
from finetune.sql_model.pretrained.tuned_export import export_tuned
from finetune.sql_model.pretrained.tuning import Tuner, TuningConfig, additive_mask, in_steps, load_base, with_adapter

CRIME = Schema(
    (
        Table("incident", (Column("incident_id", "INTEGER", True), Column("area"), Column("officers", "INTEGER"))),
        Table("area", (Column("area", "TEXT", True), Column("priority", "INTEGER"))),
    )
)
VALUES = ValueIndex([StoredValue("incident", "area", area) for area in ("Soho", "Acton", "Brent", "Ealing", "Camden")])
ASKED = [
    ("How many incidents were there in Soho?", "SELECT COUNT(*) FROM incident WHERE area = 'Soho'"),
    ("Which areas have a priority above 3?", "SELECT area FROM area WHERE priority > 3"),
    ("Incidents per area?", "SELECT area, COUNT(*) FROM incident GROUP BY area"),
    ("What will the weather be?", None),
    ("Biggest number of officers", "SELECT MAX(officers) FROM incident"),
    ("not SQL", "SELECT FROM WHERE"),
]
DATABASE = AskedDatabase("spider", "crime", CRIME, VALUES, ASKED)


class Characters:
    """A tokenizer of characters, quick and reversible."""

    def __call__(self, texts, add_special_tokens=False):
        return {"input_ids": [[ord(char) % 128 for char in text] for text in texts]}


def text_of(ids):
    return "".join(chr(number) for number in ids)


def test_a_database_becomes_text():
    row = training_row(DATABASE)
    assert row.tables[0] == "incident: incident_id int key, area, officers int"
    assert [(pair.answer, pair.tables) for pair in row.pairs] == [
        ("select count(incident) where incident.area = v1", (0,)),
        ("select area.area where area.priority > v1", (1,)),
        ("select incident.area, count(incident) group by incident.area", (0,)),
        ("none", ()),
        ("select max(incident.officers)", (0,)),
    ]
    assert row.dropped.total() == 1


def test_a_disguise_keeps_the_queries_over_other_names():
    for seed in range(20):
        other = disguised(DATABASE, random.Random(seed))
        row = training_row(other)
        assert len(row.pairs) == 5 and len(other.schema.tables) == 2
        names = {f"{table.name}.{column.name}" for table in other.schema.tables for column in table.columns}
        assert row.pairs[0].answer.split()[-3] in {name.replace('"', "") for name in names}, row.pairs[0]
        assert "(v1 in " in row.pairs[0].question


def test_synonyms_are_those_of_a_words_first_sense(tmp_path):
    index = [
        "  1 a licence, which begins with blanks",
        "cost n 1 1 @ 1 1 00000002",
        "officer n 2 2 @ ~ 2 2 00000003 00000002",
        "priority n 1 0 1 0 00000004",
        "act n 1 1 @ 1 1 00000005",
    ]
    data = [
        "  1 a licence",
        "00000001 07 n 01 value 0 000 | what things are worth",
        "00000002 07 n 03 monetary_value 0 price 0 cost 0 001 @ 00000001 n 0000 | what is paid",
        "00000003 18 n 02 officer 0 policeman 0 001 ~ 00000009 n 0000 | an officer",
        "00000004 07 n 02 priority 0 precedence 0 000 | what comes first",
        "00000005 07 n 02 act 0 deed 0 000 | short",
    ]
    (tmp_path / "index.noun").write_text("\n".join(index))
    (tmp_path / "data.noun").write_text("\n".join(data))
    synonyms = wordnet_synonyms(tmp_path)
    assert synonyms == {"cost": ("price", "value"), "officer": ("policeman",), "priority": ("precedence",)}
    assert wordnet_synonyms(tmp_path / "missing") == {}


def test_a_schema_called_otherwise_keeps_questions_and_queries():
    for seed in range(20):
        other = called_otherwise(DATABASE, {"officer": ("policeman",), "area": ("region",)}, random.Random(seed))
        row = training_row(other)
        assert other.source == "spider_synonyms" and len(row.pairs) == 5
        assert [pair.question.split(" (")[0] for pair in row.pairs][2:] == [question for question, _ in ASKED[2:5]]
    named = {column.name.lower() for seed in range(20) for table in called_otherwise(
        DATABASE, {"officer": ("policeman",), "area": ("region",)}, random.Random(seed)).schema.tables
        for column in table.columns}  # fmt: skip
    assert {"policemans", "region", "area"} <= named


def test_questions_for_groups_run():
    database = sqlite3.connect(":memory:")
    database.executescript(CRIME.to_ddl())
    made = [pair for seed in range(60) for pair in group_questions(CRIME, random.Random(seed))]
    for question, sql in made:
        database.execute(sql)
        assert "{" not in question
    assert len({sql for _, sql in made}) > 12


@pytest.mark.slow
def test_synthetic_databases_become_text():
    (database,) = synthetic_rows(5, 1, pairs=12)
    row = training_row(database)
    assert len(row.pairs) > 8 and all(pair.answer == "none" or pair.tables for pair in row.pairs)


def sources(seed=3, tokens=480):
    rows = [training_row(DATABASE), training_row(AskedDatabase("groups", "crime", CRIME, VALUES, ASKED[2:3]))]
    return WindowSource(tokenized(rows, Characters()), tokens, seed, [10])


def test_each_chain_reads_like_a_prompt_of_its_own():
    window = sources().window(1)
    schema = text_of(window.tokens[window.chains == 0])
    assert schema.startswith(("incident: ", "area: ")) and schema.endswith("\n")
    for number in range(1, window.chains.max() + 1):
        own = window.chains == number
        text = text_of(window.tokens[own])
        assert text.startswith("Q: ") and text.endswith("<|im_end|>")
        assert window.positions[own].tolist() == list(range(len(schema), len(schema) + own.sum()))
        assert text.count("\nQ: ") == text.count("<|im_end|>") - 1


def test_the_labels_are_the_sql_alone():
    window = sources().window(1)
    wanted = [text_of([token]) for token in window.labels[window.labels != NO_LABEL]]
    answers = "".join(wanted).split("<|im_end|>")[:-1]
    assert len(answers) == window.questions
    assert all(answer.startswith((" select ", " none")) for answer in answers)


def test_a_window_is_drawn_from_its_number():
    first, again, other = sources().window(7), sources().window(7), sources().window(8)
    assert np.array_equal(first.tokens, again.tokens) and not np.array_equal(first.tokens, other.tokens)


def test_all_questions_are_scored_once():
    windows = list(sources().each_question_once())
    assert sum(window.questions for window in windows) == 6
    assert all((window.labels[window.chains == PADDING_CHAIN] == NO_LABEL).all() for window in windows)


def tuner(source, **settings):
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=128, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, tie_word_embeddings=True,
    )  # fmt: skip
    config = TuningConfig(**{"steps": 8, "windows": 2, "window_tokens": 480, "bfloat16": False, **settings})
    return Tuner(LlamaForCausalLM(shape), config, source, torch.device("cpu"))


def test_a_chain_sees_the_schema_and_itself_alone():
    window = sources().window(1)
    allowed = attention_allowed(window.positions[None], window.chains[None])[0]
    own, others = window.chains == 1, window.chains > 1
    assert allowed[own][:, window.chains == 0].all() and not allowed[own][:, others].any()
    model = tuner(sources()).model.eval()
    alone = torch.from_numpy(window.tokens[window.chains <= 1][None, window.chains[window.chains <= 1] >= 0])
    together = torch.from_numpy(window.tokens[None])
    with torch.no_grad():
        expected = model(alone).logits[0, -1]
        found = model(
            together,
            attention_mask=additive_mask(torch.from_numpy(allowed[None])),
            position_ids=torch.from_numpy(window.positions[None]),
        ).logits[0, np.flatnonzero(own)[-1]]
    assert torch.allclose(expected, found, atol=1e-4)


def test_training_lowers_the_loss():
    trained = tuner(sources(), steps=40, warmup_steps=2, peak_lr=5e-3)
    losses = [trained.train_step(trained.next_windows()) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_labels_are_computed_in_few_shapes():
    places = torch.arange(1000)
    assert {len(in_steps(places[:labels], places[labels:])) for labels in range(1, 700)} == {256, 512, 768}
    assert in_steps(places[:3], places[3:])[:3].tolist() == [0, 1, 2]


def test_windows_at_once_change_nothing():
    one, two = tuner(sources()), tuner(sources())
    two.at_once = 2
    assert one.train_step(one.next_windows()) == pytest.approx(two.train_step(two.next_windows()), rel=1e-5)
    assert one.score(one.next_windows()) == pytest.approx(two.score(two.next_windows()), rel=1e-4)


def test_a_stopped_run_goes_on_bit_for_bit(tmp_path):
    whole = tuner(sources())
    for _ in range(6):
        whole.train_step(whole.next_windows())
    first = tuner(sources())
    for _ in range(3):
        first.train_step(first.next_windows())
    save_checkpoint(tmp_path / "c.safetensors", first.checkpoint({}))
    second = tuner(sources())
    second.restore(load_checkpoint(tmp_path / "c.safetensors"))
    for _ in range(3):
        second.train_step(second.next_windows())
    assert second.step == 6
    for mine, theirs in zip(second.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_learning_rate_rises_and_falls():
    trained = tuner(sources(), steps=100, warmup_steps=10)
    rates = []
    for step in range(101):
        trained.step = step
        rates.append(trained.learning_rate())
    assert max(rates) < 4e-4 and np.argmax(rates) == 9 and rates[100] == pytest.approx(2e-5)


def test_a_schedule_has_one_length():
    with pytest.raises(ConfigurationError, match="exactly one"):
        TuningConfig(steps=1, minutes=1.0)


def test_a_part_ends_at_a_time():
    assert end_of_part("", None) is None
    assert (end_of_part("23:59", None)).minute == 59
    with pytest.raises(ConfigurationError, match="such as 22:40"):
        end_of_part("soon", None)


def test_left_out_databases_are_set_aside(tmp_path):
    folder = tmp_path / "spider_train"
    (folder / "databases").mkdir(parents=True)
    lines = []
    for name in ("music_4", "town"):
        with sqlite3.connect(folder / "databases" / f"{name}.sqlite") as connection:
            connection.executescript("CREATE TABLE song (title TEXT, plays INTEGER); INSERT INTO song VALUES ('A', 1)")
        lines.append({"db_id": name, "question": "How many songs?", "sql": "SELECT count(*) FROM song"})
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    counts = gather(with_copies(asked_databases(folder, None, 0, 0, 1), {}, 1), tmp_path)
    assert counts["spider"] == 1
    assert [row.db_id for row in read_rows_of([tmp_path / LEFT_OUT_FILE])] == ["music_4"]
    assert {row.db_id for row in read_rows_of([tmp_path / TRAINING_FILE])} == {"town"}
    assert b"song" in gzip.decompress((tmp_path / TRAINING_FILE).read_bytes())


@pytest.mark.model
@pytest.mark.slow
def test_llama_cpp_and_transformers_read_a_prompt_as_the_same_tokens():
    from llama_cpp import Llama
    from transformers import AutoTokenizer

    path, _ = smollm2_file()
    row = training_row(DATABASE)
    texts = [f"{line}\n" for line in row.tables]
    texts += [f"Q: {pair.question}\nSQL: {pair.answer}<|im_end|>\n" for pair in row.pairs]
    texts += ['a: "Größe (m²)" int, x_1 (10.5|2020-01-02)\nQ: \'tis  "quoted"  £5?\nSQL: select a.x']
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    llama = Llama(str(path), vocab_only=True, verbose=False)
    for text in texts:
        assert llama.tokenize(text.encode(), add_bos=False, special=True) == tokenizer(text)["input_ids"], text


def test_windows_drawn_ahead_are_the_same_in_the_same_order():
    trained = tuner(sources(), steps=4)
    trained.step = 1
    alone, ahead = list(trained.coming_windows()), list(trained.coming_windows(workers=2))
    assert len(alone) == len(ahead) == 3
    for mine, theirs in zip(alone, ahead, strict=True):
        assert all(np.array_equal(a.tokens, b.tokens) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.model
@pytest.mark.slow
def test_an_exported_model_writes_what_the_tuned_one_does(tmp_path):
    from llama_cpp import Llama

    config = TuningConfig(steps=4, windows=1, window_tokens=256, bfloat16=False)
    model, tokenizer = load_base(smollm2_file()[0])
    newline = tokenizer("\n")["input_ids"]
    rows = tokenized([training_row(DATABASE)], tokenizer)
    trained = Tuner(model, config, WindowSource(rows, 256, 0, newline), torch.device("cpu"))
    for _ in range(2):
        trained.train_step(trained.next_windows())
    save_checkpoint(tmp_path / "checkpoint.safetensors", trained.checkpoint({}))
    export_tuned(tmp_path, tmp_path / "model.gguf", WeightType.F32)
    llama = Llama(str(tmp_path / "model.gguf"), n_ctx=512, verbose=False)
    assert llama.metadata["coderag.prompt_format"] == "joinless-v1"
    prompt = "".join(f"{line}\n" for line in training_row(DATABASE).tables) + "Q: Incidents per area?\nSQL:"
    ids = llama.tokenize(prompt.encode(), add_bos=False, special=True)
    with torch.no_grad():
        expected = trained.model.eval().generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False)[0, len(ids) :]
    found = [token for token, _ in zip(llama.generate(ids, top_k=1, temp=0.0), range(12), strict=False)]
    assert found[: len(expected)] == expected.tolist()


@pytest.mark.model
@pytest.mark.slow
def test_an_adapter_over_the_packaged_base_writes_what_the_tuned_model_does(tmp_path):
    config = TuningConfig(steps=6, windows=1, window_tokens=256, bfloat16=False, lora_rank=4, peak_lr=5e-3)
    model, tokenizer = load_base(smollm2_file()[0])
    rows = tokenized([training_row(DATABASE)], tokenizer)
    source = WindowSource(rows, 256, 0, tokenizer("\n")["input_ids"])
    trained = Tuner(with_adapter(model, 4), config, source, torch.device("cpu"))
    for _ in range(4):
        trained.train_step(trained.next_windows())
    save_checkpoint(tmp_path / "checkpoint.safetensors", trained.checkpoint({"base": {"sha256": SMOLLM2_SHA256}}))
    export_adapter(tmp_path, tmp_path / "adapter.gguf")
    loaded = load_llm(AppConfig.load(llm=str(tmp_path / "adapter.gguf"), context_window_tokens=512))
    assert (loaded.name, loaded.prompt_format) == ("adapter", "joinless-v1")
    llama = loaded.llm._model
    prompt = "".join(f"{line}\n" for line in training_row(DATABASE).tables) + "Q: Incidents per area?\nSQL:"
    ids = llama.tokenize(prompt.encode(), add_bos=False, special=True)
    with torch.no_grad():
        expected = trained.model.eval().generate(input_ids=torch.tensor([ids]), max_new_tokens=12, do_sample=False)
    found = [token for token, _ in zip(llama.generate(ids, top_k=1, temp=0.0), range(12), strict=False)]
    assert found == expected[0, len(ids) : len(ids) + 12].tolist()
    again = read_adapter(tmp_path / "adapter.gguf", trained.trained_names())
    for name, weight in load_checkpoint(tmp_path / "checkpoint.safetensors").part("model").items():
        assert torch.allclose(again[name], weight, atol=1e-3, rtol=1e-3), name


def test_a_run_of_all_weights_has_no_adapter(tmp_path):
    save_checkpoint(tmp_path / "checkpoint.safetensors", tuner(sources()).checkpoint({}))
    with pytest.raises(ModelError, match="trained all weights"):
        export_adapter(tmp_path, tmp_path / "adapter.gguf")
