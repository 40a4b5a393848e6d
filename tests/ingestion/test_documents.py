"""Documents of examples, and the texts that are read of them."""

from llama_index.core.schema import Document, MetadataMode

from coderag_app.types import SQLExample
from ingestion.documents import example_from_node, texts_to_embed, to_documents

SHOP = "CREATE TABLE customer (id INT, name TEXT); CREATE TABLE invoice (id INT, total REAL);"


def make_example(number: int, sql: str = "SELECT name FROM customer") -> SQLExample:
    return SQLExample(f"Question {number}?", sql, SHOP, "shop")


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
