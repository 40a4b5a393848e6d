from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderag_app.encoders.encoder_loading import embed_documents
from coderag_app.errors import ConfigurationError, ModelError
from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex
from coderag_app.llm.llm_loading import LoadedEncoder, load_embed_model
from coderag_app.settings import AppConfig
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.types import Origin, SQLExample
from finetune.evaluation.arms import ARM_NAMES, Arm, QuestionContext, build_arms
from finetune.evaluation.datasets import EvalQuestion, load_dataset
from finetune.evaluation.example_pool import ExamplePool, StoredVectors
from finetune.evaluation.example_sources import load_pool
from finetune.evaluation.masking import mask_question
from finetune.evaluation.token_bags import TokenBags
from finetune.evaluation.vector_cache import VectorCache

pytestmark = pytest.mark.model

SHOP = "CREATE TABLE customer (id INT, name TEXT, country TEXT);"
ZOO = "CREATE TABLE animal (id INT, species TEXT, weight_kg REAL);"
EXAMPLES = [
    SQLExample("How many customers are there?", "SELECT count(*) FROM customer", SHOP, "shop"),
    SQLExample("Which animals weigh more than 90 kg?", "SELECT species FROM animal WHERE weight_kg > 90", ZOO, "zoo"),
    SQLExample("Customers by country", "SELECT country, count(*) FROM customer GROUP BY country", SHOP, "shop"),
    SQLExample("The heaviest animal", "SELECT species FROM animal ORDER BY weight_kg DESC LIMIT 1", ZOO, "zoo"),
    SQLExample("Number of customers", "select COUNT(*) from customer", SHOP, "shop"),
]
BOOKS = schema_from_ddl("CREATE TABLE book (id INT, title TEXT, price REAL);")
CHEAP = EvalQuestion(
    "q1", "books", "Which books cost less than 5?", "SELECT title FROM book WHERE price < 5", "b.sqlite"
)


def no_encoder(role: str) -> LoadedEncoder:
    raise ModelError(f"no {role} encoder here")


def minilm(role: str) -> LoadedEncoder:
    return load_embed_model("minilm")


def context(preliminary_sql: str = "") -> QuestionContext:
    return QuestionContext(BOOKS, (), lambda: preliminary_sql)


def arm(name: str, load_encoder=no_encoder, seed: int = 0) -> Arm:
    arms, unavailable = build_arms([name], ExamplePool(EXAMPLES), load_encoder, seed)
    assert not unavailable
    return arms[0]


def chosen(arm_: Arm, question: EvalQuestion = CHEAP, top_k: int = 2, excluded=frozenset(), sql: str = "") -> list[str]:
    examples = arm_.choose(question, context(sql), top_k, frozenset(excluded))
    return [retrieved.example.question for retrieved in examples]


def test_arms_that_cannot_be_built_are_reported_and_the_rest_runs() -> None:
    arms, unavailable = build_arms(ARM_NAMES, ExamplePool(EXAMPLES), no_encoder)
    assert [arm_.name for arm_ in arms] == ["none", "random", "bm25", "oracle"]
    assert unavailable == {
        "base": "no base encoder here",
        "tuned": "no tuned encoder here",
        "masked": "no tuned encoder here",
    }


@pytest.mark.parametrize("names", [("nonsense",), ()])
def test_unknown_arms_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="expected some of none, random"):
        build_arms(names, ExamplePool(EXAMPLES), no_encoder)


def test_arms_with_examples_need_examples() -> None:
    with pytest.raises(ConfigurationError, match="--examples"):
        build_arms(["none", "bm25"], ExamplePool([]), no_encoder)
    assert len(build_arms(["none"], ExamplePool([]), no_encoder)[0]) == 1


def test_no_retrieval_shows_nothing() -> None:
    assert chosen(arm("none")) == []


@pytest.mark.parametrize("name", ["random", "bm25", "oracle", "tuned", "masked"])
def test_no_arm_shows_an_excluded_example_or_more_than_asked_for(name: str) -> None:
    built, pool = arm(name, minilm), ExamplePool(EXAMPLES)
    first = built.choose(CHEAP, context(), 10, frozenset())
    assert len(first) == 4  # two of the five have the same SQL on the same database
    excluded = {first[0].example.example_id, first[1].example.example_id}
    left = built.choose(CHEAP, context(), 3, frozenset(excluded))
    assert len(left) <= 3
    assert not excluded & {retrieved.example.example_id for retrieved in left}
    assert {retrieved.example.example_id for retrieved in left} <= set(pool.ids)


def test_the_encoders_arm_compares_made_examples_as_an_index_does() -> None:
    made = [replace(example, origin=Origin.SYNTHETIC) for example in EXAMPLES]
    similarities = {}
    for origin, examples in (("verified", EXAMPLES), ("made", made)):
        (built,), _ = build_arms(["tuned"], ExamplePool(examples), minilm)
        asked = EvalQuestion("q", "zoo", EXAMPLES[3].question, EXAMPLES[3].sql, "zoo.sqlite")
        first = built.choose(asked, context(), 1, frozenset())[0]
        assert first.example.question == asked.question
        similarities[origin] = first.similarity
    assert similarities["made"] > similarities["verified"] + 0.02


def test_the_vectors_that_an_index_holds_are_not_made_again(tmp_path: Path) -> None:
    encoder, anew = load_embed_model("minilm"), ExamplePool(EXAMPLES)
    vectors = embed_documents(encoder.embed_model, anew.views)
    ExampleIndex.from_nodes([example_to_node(e) for e in EXAMPLES], vectors, encoder.info).save(tmp_path)
    pool = load_pool(tmp_path, load_dataset("demo"), AppConfig(), tmp_path)
    told: list[tuple[int, int]] = []
    found = {}
    for kept in (pool, anew):
        (built,), _ = build_arms(["base"], kept, minilm, vectors=VectorCache(on_progress=lambda *n: told.append(n)))
        assert bool(told) == (kept is anew)
        found[kept] = [(e.example.example_id, e.similarity) for e in built.choose(CHEAP, context(), 4, frozenset())]
    assert [example_id for example_id, _ in found[pool]] == [example_id for example_id, _ in found[anew]]
    assert [s for _, s in found[pool]] == pytest.approx([s for _, s in found[anew]], abs=0.01)


def test_the_vectors_of_another_encoder_are_not_taken_for_the_own() -> None:
    other = StoredVectors("another encoder", np.eye(len(EXAMPLES), 384, dtype=np.float32))
    asked = EvalQuestion("q", "x", "How many clients does each nation have?", "SELECT 1", "x")
    (built,), _ = build_arms(["base"], ExamplePool(EXAMPLES, other), minilm)
    assert chosen(built, asked, 1) == ["Customers by country"]


def test_random_examples_depend_on_seed_and_question_alone() -> None:
    other = EvalQuestion("q2", "books", CHEAP.question, CHEAP.gold_sql, "b.sqlite")
    draws = {(seed, q.id): tuple(chosen(arm("random", seed=seed), q, 4)) for seed in range(6) for q in (CHEAP, other)}
    assert tuple(chosen(arm("random", seed=3), CHEAP, 4)) == draws[3, "q1"]
    assert len(set(draws.values())) > 4


def test_bm25_finds_shared_words_in_questions_and_identifiers() -> None:
    asked = EvalQuestion("q", "x", "weight of every animal in kg", "SELECT 1", "x")
    assert set(chosen(arm("bm25"), asked)) == {"Which animals weigh more than 90 kg?", "The heaviest animal"}


def test_the_oracle_finds_sql_that_is_built_like_the_gold() -> None:
    assert chosen(arm("oracle"), top_k=1) == ["Which animals weigh more than 90 kg?"]


def test_the_encoder_finds_what_the_sql_answers() -> None:
    asked = EvalQuestion("q", "x", "How many clients does each nation have?", "SELECT 1", "x")
    assert chosen(arm("base", minilm), asked, 1) == ["Customers by country"]


def test_masked_questions_put_examples_built_like_the_preliminary_sql_first() -> None:
    masked = arm("masked", minilm)
    order = "SELECT title FROM book ORDER BY price DESC LIMIT 1"
    assert chosen(masked, top_k=1, sql=order) == ["The heaviest animal"]
    assert chosen(masked, top_k=1, sql="SELECT count(*) FROM book")[0] in (
        "How many customers are there?",
        "Number of customers",
    )


def test_masked_questions_of_two_databases_become_alike() -> None:
    zoo = schema_from_ddl(ZOO)
    first = mask_question("Which books have a price above 5?", BOOKS)
    second = mask_question("Which animals have a weight above 90?", zoo)
    assert first == second == "Which <mask> have a <mask> above <unk> ?"


@pytest.mark.parametrize(
    ("question", "values", "masked"),
    [
        ("Books called 'Dune' or \"It\"", (), "<mask> called <unk> or <unk>"),
        ("Price of Moby Dick?", ("Moby Dick",), "<mask> of <unk> ?"),
        ("Price of MOBY DICK?", ("Moby Dick",), "<mask> of <unk> ?"),
        ("book titles", (), "<mask>"),
        ("What is Ann's total of 1,000.50?", (), "What is Ann's total of <unk> ?"),
        ("It costs (a lot", ("(a",), "It costs <unk> lot"),
    ],
)
def test_values_and_schema_words_are_masked_and_the_rest_is_kept(question: str, values: tuple, masked: str) -> None:
    assert mask_question(question, BOOKS, values) == masked


def test_without_a_schema_values_alone_are_masked() -> None:
    assert mask_question("Which books cost 5?", None) == "Which books cost <unk> ?"


def test_a_pool_holds_each_example_once() -> None:
    assert len(ExamplePool([*EXAMPLES, *EXAMPLES])) == len(EXAMPLES)


def test_relevant_examples_have_the_skeleton_and_are_not_excluded() -> None:
    pool = ExamplePool(EXAMPLES)
    relevant = pool.same_skeleton("SELECT COUNT(*) FROM _")
    assert relevant == {EXAMPLES[0].example_id}  # which stands for its twin, EXAMPLES[4], too
    assert pool.same_skeleton("SELECT COUNT(*) FROM _", relevant) == relevant
    relevant = {EXAMPLES[0].example_id, EXAMPLES[4].example_id}
    assert pool.same_skeleton("SELECT COUNT(*) FROM _", relevant) == frozenset()


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=6), min_size=1, max_size=4),
    st.lists(st.sampled_from("abcd"), max_size=6),
)
def test_token_bags_give_the_weighted_jaccard_index(lists: list[list[str]], tokens: list[str]) -> None:
    def jaccard(left: list[str], right: list[str]) -> float:
        words = set(left) | set(right)
        larger = sum(max(left.count(word), right.count(word)) for word in words)
        return sum(min(left.count(word), right.count(word)) for word in words) / larger if larger else 1.0

    assert TokenBags(lists).similarities(tokens) == pytest.approx([jaccard(words, tokens) for words in lists])


def test_vectors_are_kept_and_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    encoder, done = load_embed_model("minilm"), []
    cache = VectorCache(tmp_path, lambda *progress: done.append(progress))
    first = cache.embed(["a", "b"], encoder)
    (kept,) = tmp_path.iterdir()
    assert np.array_equal(np.load(kept, allow_pickle=False), first)
    assert np.allclose(np.linalg.norm(first, axis=1), 1)
    kept.write_bytes(b"\x93NUMPY damaged")
    assert np.allclose(cache.embed(["a", "b"], encoder), first)
    assert done == [(2, 2), (2, 2)]
    np.save(kept, first[::-1].copy(), allow_pickle=False)
    assert np.array_equal(cache.embed(["a", "b"], encoder), first[::-1])  # read from the file, not embedded
    cache.embed(["a", "c"], encoder)
    assert len(list(tmp_path.iterdir())) == 2
