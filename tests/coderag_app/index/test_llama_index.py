"""The index of examples as LlamaIndex sees it, with the real encoder."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.llms import MockLLM
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.vector_stores.faiss import FaissVectorStore

from coderag_app.errors import IndexStoreError
from coderag_app.examples.retriever import ExampleRetriever
from coderag_app.index.nodes import example_to_node, llm_view
from coderag_app.index.store import ExampleIndex
from coderag_app.llm.llm_loading import LoadedEncoder, load_embed_model
from coderag_app.types import SQLExample

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def minilm() -> LoadedEncoder:
    return load_embed_model("minilm")


def test_the_llama_index_view_is_a_vector_store_index_over_faiss(saved_index: Path, minilm: LoadedEncoder) -> None:
    view = ExampleIndex.load(saved_index).vector_store_index(minilm.embed_model)
    assert isinstance(view, VectorStoreIndex)
    assert isinstance(view.vector_store, FaissVectorStore)


@pytest.fixture
def real_index(minilm: LoadedEncoder) -> ExampleIndex:
    nodes = [example_to_node(example) for example in REAL_EXAMPLES]
    texts = [node.get_content(MetadataMode.EMBED) for node in nodes]
    vectors = np.array(minilm.embed_model.get_text_embedding_batch(texts), dtype=np.float32)
    return ExampleIndex.from_nodes(nodes, vectors, minilm.info)


SHOP = (
    "CREATE TABLE customer (id INT, name TEXT, city TEXT); CREATE TABLE invoice (id INT, customer_id INT, total REAL);"
)
ZOO = "CREATE TABLE animal (id INT, species TEXT, weight_kg REAL);"
REAL_EXAMPLES = [
    SQLExample(
        "How many customers live in each city?", "SELECT city, COUNT(*) FROM customer GROUP BY city", SHOP, "shop"
    ),
    SQLExample("What is the total of all invoices?", "SELECT SUM(total) FROM invoice", SHOP, "shop"),
    SQLExample(
        "Which animal is the heaviest?", "SELECT species FROM animal ORDER BY weight_kg DESC LIMIT 1", ZOO, "zoo"
    ),
    SQLExample("How many animals are there?", "SELECT COUNT(*) FROM animal", ZOO, "zoo"),
]


def test_a_question_finds_its_example_with_the_real_encoder(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    retriever = ExampleRetriever(real_index, minilm.embed_model)
    for example in REAL_EXAMPLES:
        assert retriever.retrieve_examples(example.question)[0].example == example


def test_the_retriever_returns_scored_nodes_with_the_llm_text(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    found = ExampleRetriever(real_index, minilm.embed_model, similarity_top_k=2).retrieve("heaviest animal")
    assert len(found) == 2
    assert found[0].get_content(MetadataMode.LLM) == llm_view(REAL_EXAMPLES[2])
    assert 1 >= found[0].score >= found[1].score


def test_the_retriever_keeps_to_its_database(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    found = ExampleRetriever(real_index, minilm.embed_model, db_id="shop").retrieve("heaviest animal")
    assert {node.node.metadata["db_id"] for node in found} == {"shop"}


def test_the_retriever_works_asynchronously(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    retriever = ExampleRetriever(real_index, minilm.embed_model)
    found = asyncio.run(retriever.aretrieve("sum of the invoices"))
    assert found[0].node.metadata["sql"] == "SELECT SUM(total) FROM invoice"


def test_a_blank_question_finds_nothing(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    assert ExampleRetriever(real_index, minilm.embed_model).retrieve("  ") == []


def test_llama_indexs_own_retriever_finds_the_same(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    theirs = real_index.vector_store_index(minilm.embed_model).as_retriever(similarity_top_k=4)
    ours = ExampleRetriever(real_index, minilm.embed_model, similarity_top_k=4)
    question = "How many animals do we have?"
    assert [(node.node_id, node.score) for node in theirs.retrieve(question)] == [
        (node.node_id, pytest.approx(node.score, abs=1e-5)) for node in ours.retrieve(question)
    ]


def test_llama_indexs_query_engine_shows_the_llm_text_to_its_llm(
    real_index: ExampleIndex, minilm: LoadedEncoder
) -> None:
    view = real_index.vector_store_index(minilm.embed_model)
    answer = view.as_query_engine(llm=MockLLM(), similarity_top_k=1).query("Which animal is the heaviest?")
    assert [node.node.metadata["sql"] for node in answer.source_nodes] == [REAL_EXAMPLES[2].sql]
    assert llm_view(REAL_EXAMPLES[2]) in str(answer)  # MockLLM repeats its prompt


def test_a_metadata_filter_restricts_llama_indexs_retriever(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    filters = MetadataFilters(filters=[MetadataFilter(key="db_id", value="zoo")])
    view = real_index.vector_store_index(minilm.embed_model)
    found = view.as_retriever(similarity_top_k=4, filters=filters).retrieve("city")
    assert {node.node.metadata["db_id"] for node in found} == {"zoo"}


def test_a_filter_that_is_not_supported_says_what_is(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    filters = MetadataFilters(filters=[MetadataFilter(key="question", value="x")])
    retriever = real_index.vector_store_index(minilm.embed_model).as_retriever(filters=filters)
    with pytest.raises(IndexStoreError, match="expected db_id"):
        retriever.retrieve("city")


def test_what_llama_index_inserts_and_deletes_is_kept_by_save(
    real_index: ExampleIndex, minilm: LoadedEncoder, tmp_path: Path
) -> None:
    view = real_index.vector_store_index(minilm.embed_model)
    new = SQLExample("Average weight?", "SELECT AVG(weight_kg) FROM animal", ZOO, "zoo")
    view.insert_nodes([example_to_node(new)])
    view.delete_nodes([REAL_EXAMPLES[0].example_id], delete_from_docstore=True)
    view.delete_ref_doc(REAL_EXAMPLES[1].example_id, delete_from_docstore=True)
    real_index.save(tmp_path)
    loaded = ExampleIndex.load(tmp_path, expect_encoder=minilm.info)
    loaded.verify()
    assert loaded.vectors.node_ids == [example.example_id for example in [*REAL_EXAMPLES[2:], new]]


def test_a_saved_index_opens_with_load_index_from_storage(
    real_index: ExampleIndex, minilm: LoadedEncoder, tmp_path: Path
) -> None:
    real_index.save(tmp_path)
    context = ExampleIndex.load(tmp_path).storage_context()
    found = load_index_from_storage(context, embed_model=minilm.embed_model).as_retriever(similarity_top_k=4)
    ours = ExampleRetriever(real_index, minilm.embed_model, similarity_top_k=4)
    question = "How many animals do we have?"
    assert [node.node_id for node in found.retrieve(question)] == [node.node_id for node in ours.retrieve(question)]


def test_an_exported_index_opens_without_this_project(
    real_index: ExampleIndex, minilm: LoadedEncoder, tmp_path: Path
) -> None:
    real_index.remove([REAL_EXAMPLES[0].example_id])
    real_index.export_llama_index(tmp_path / "plain")
    vectors = FaissVectorStore.from_persist_dir(str(tmp_path / "plain"))
    context = StorageContext.from_defaults(persist_dir=str(tmp_path / "plain"), vector_store=vectors)
    retriever = load_index_from_storage(context, embed_model=minilm.embed_model).as_retriever(similarity_top_k=3)
    ours = ExampleRetriever(real_index, minilm.embed_model).retrieve("Which animal is the heaviest?")
    theirs = retriever.retrieve("Which animal is the heaviest?")
    assert [(node.node_id, node.get_content(MetadataMode.LLM)) for node in theirs] == [
        (node.node_id, node.get_content(MetadataMode.LLM)) for node in ours
    ]
    with pytest.raises(IndexStoreError, match="cannot be written"):
        real_index.export_llama_index(Path(__file__) / "below_a_file")


def test_llama_index_may_not_insert_what_is_no_example(real_index: ExampleIndex, minilm: LoadedEncoder) -> None:
    with pytest.raises(IndexStoreError, match="no SQL example"):
        real_index.vector_store_index(minilm.embed_model).insert_nodes([TextNode(text="hello")])
    assert len(real_index) == 4


def test_loading_and_searching_embeds_no_document(real_index: ExampleIndex, tmp_path: Path) -> None:
    real_index.save(tmp_path)
    script = (
        "import sys; from coderag_app.index.store import ExampleIndex\n"
        "index = ExampleIndex.load(sys.argv[1]); index.verify(); index.search([1.0] * 384)\n"
        "assert 'torch' not in sys.modules and 'sentence_transformers' not in sys.modules; print(len(index))"
    )
    output = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "4"
