"""Code search as a LlamaIndex retriever."""

from code_repository import write_repository
from llama_index.core.schema import NodeRelationship

from coderag_app.code.code_retriever import CodeRetriever
from coderag_app.code.code_search import CodeSearcher
from ingestion.repository.refresh import open_code_index


def test_nodes_have_the_text_of_their_lines_their_place_and_their_file(tmp_path):
    repository = write_repository(tmp_path / "shop")
    retriever = CodeRetriever(CodeSearcher(open_code_index(repository, tmp_path / "index")), top=3)
    first, *others = retriever.retrieve("retry with backoff")
    assert first.node.text.startswith("def retry_with_backoff")
    assert (first.node.metadata["path"], first.node.metadata["first_line"]) == ("shop/session.py", 28)
    same = [found for found in others if found.node.metadata["path"] == "shop/session.py"]
    sources = {found.node.relationships[NodeRelationship.SOURCE].node_id for found in [first, *same]}
    assert len(sources) == 1
    assert [found.node.node_id for found in retriever.retrieve("retry with backoff")][0] == first.node.node_id


def test_a_file_that_was_changed_since_gives_what_the_index_knows(tmp_path):
    repository = write_repository(tmp_path / "shop")
    retriever = CodeRetriever(CodeSearcher(open_code_index(repository, tmp_path / "index")))
    (repository / "shop/session.py").write_text("x = 1\n")
    found = retriever.retrieve("retry with backoff")[0].node
    assert found.text.startswith("def retry_with_backoff(action, attempts=RETRIES):")
    assert "for attempt" not in found.text
