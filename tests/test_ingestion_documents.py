"""Documents of examples, and how they are embedded."""

import numpy as np
import pytest
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import Document, MetadataMode

from coderag_app.models import load_embed_model
from coderag_app.types import SQLExample
from ingestion.documents import example_from_node, texts_to_embed, to_documents
from ingestion.embedding import embed_documents

SHOP = "CREATE TABLE customer (id INT, name TEXT); CREATE TABLE invoice (id INT, total REAL);"


def make_example(number: int, sql: str = "SELECT name FROM customer") -> SQLExample:
    return SQLExample(f"Question {number}?", sql, SHOP, "shop")


class RecordingEmbedding(MockEmbedding):
    """Embeds a text as (its length, 1) and keeps the batches it was given."""

    batches: list[list[str]] = []

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        self.batches.append(texts)
        return [[float(len(text)), 1.0] for text in texts]


@pytest.fixture
def recorder() -> RecordingEmbedding:
    return RecordingEmbedding(embed_dim=2, embed_batch_size=4, batches=[])


def test_each_example_becomes_a_document_named_by_its_content() -> None:
    (document,) = to_documents([make_example(1)])
    assert isinstance(document, Document)
    assert document.doc_id == make_example(1).example_id
    assert example_from_node(document) == make_example(1)


def test_the_llm_reads_database_context_then_sql_query() -> None:
    (document,) = to_documents([make_example(1)])
    expected = f"DATABASE CONTEXT:\n{SHOP}\n\nSQL QUERY:\nSELECT name FROM customer"
    assert document.get_content(MetadataMode.LLM) == expected
    assert document.text == expected


def test_the_encoder_reads_the_sql_and_the_tables_it_uses() -> None:
    assert texts_to_embed(to_documents([make_example(1)])) == ["SELECT name FROM customer\ncustomer(id, name)"]


def test_neither_text_holds_the_question() -> None:
    (document,) = to_documents([make_example(1)])
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert "Question" not in document.get_content(mode)


def test_vectors_come_back_in_the_order_of_the_documents(recorder: RecordingEmbedding) -> None:
    documents = to_documents(make_example(n, f"SELECT {'x' * (n * 7 % 11 + 1)}") for n in range(11))
    vectors = embed_documents(documents, recorder, 2)
    assert vectors[:, 0].tolist() == [len(text) for text in texts_to_embed(documents)]


def test_batches_hold_texts_of_similar_length(recorder: RecordingEmbedding) -> None:
    documents = to_documents(make_example(n, f"SELECT {'x' * (n * 7 % 11 + 1)}") for n in range(11))
    embed_documents(documents, recorder, 2)
    lengths = [len(text) for batch in recorder.batches for text in batch]
    assert [len(batch) for batch in recorder.batches] == [4, 4, 3]
    assert lengths == sorted(lengths, reverse=True)


def test_the_same_text_is_embedded_once(recorder: RecordingEmbedding) -> None:
    vectors = embed_documents(to_documents(make_example(n) for n in range(10)), recorder, 2)
    assert sum(map(len, recorder.batches)) == 1
    assert len({tuple(vector) for vector in vectors.tolist()}) == 1


def test_every_document_is_counted_as_done_once(recorder: RecordingEmbedding) -> None:
    done: list[int] = []
    documents = to_documents(make_example(n, f"SELECT {n % 7}") for n in range(20))
    embed_documents(documents, recorder, 2, done.append)
    assert len(done) == 2
    assert sum(done) == 20


def test_batches_by_length_do_not_change_what_the_real_encoder_returns() -> None:
    encoder = load_embed_model("minilm")
    long_sql = "SELECT name FROM customer WHERE " + " AND ".join(f"id <> {n}" for n in range(40))
    documents = to_documents(
        [make_example(1), make_example(2, long_sql), make_example(3, "SELECT SUM(total) FROM invoice")]
    )
    together = embed_documents(documents, encoder.embed_model, encoder.info.dimension)
    alone = [encoder.embed_model.get_text_embedding(text) for text in texts_to_embed(documents)]
    cosines = np.sum(together * np.array(alone), axis=1)
    assert cosines.tolist() == pytest.approx([1, 1, 1], abs=0.01)
