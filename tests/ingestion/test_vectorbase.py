"""Building the index from an input: what is kept, reused, rejected, reported and persisted."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.embeddings import MockEmbedding
from rich.console import Console

from coderag_app.errors import IndexStoreError, IngestionError
from coderag_app.examples.retriever import ExampleRetriever
from coderag_app.index.store import ExampleIndex, index_exists
from coderag_app.llm.llm_loading import LoadedEncoder, load_embed_model
from coderag_app.types import EncoderInfo, Origin
from ingestion import FileReader, Progress, ingest, progress_bar, remove_examples
from ingestion.progress import describe

DDL = "CREATE TABLE city (id INT, name TEXT);"


class CountingEmbedding(MockEmbedding):
    """Tells texts apart by length and content, and counts how many it embedded."""

    embedded: list[str] = []

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        self.embedded.extend(texts)
        return [[float(len(text)), float(sum(map(ord, text)) % 997), 1.0, 0.0] for text in texts]


def make_encoder(fingerprint: str = "aaaa") -> LoadedEncoder:
    model = CountingEmbedding(embed_dim=4, embed_batch_size=8, embedded=[])
    return LoadedEncoder(model, EncoderInfo("counting", fingerprint, 4), "test")


@pytest.fixture
def encoder() -> LoadedEncoder:
    return make_encoder()


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {"question": f"Q{number}?", "sql": f"SELECT {number} FROM city", "context": DDL, "db_id": "geo", **changes}


def write_rows(path: Path, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> FileReader:
    (path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return FileReader(path / name)


def test_every_row_is_accounted_for(tmp_path: Path, encoder: LoadedEncoder) -> None:
    rows = [row(1), row(2), row(1), row(3, sql="DROP TABLE city"), row(4, question=""), row(5, sql="DELETE FROM city")]
    report = ingest(write_rows(tmp_path, rows), encoder, tmp_path / "storage")
    assert (report.read, report.kept, report.duplicates, report.total) == (6, 2, 1, 2)
    assert report.rejected == {"SQL is not a query": 2, "missing question": 1}
    assert report.read == report.kept + report.duplicates + sum(report.rejected.values())


def test_rejected_rows_are_written_with_their_line_numbers(tmp_path: Path, encoder: LoadedEncoder) -> None:
    rows = [row(1), row(2, sql=""), row(1), row(3, sql="DROP TABLE city")]
    report = ingest(write_rows(tmp_path, rows), encoder, tmp_path / "storage")
    written = [json.loads(line) for line in report.rejected_file.read_text().splitlines()]
    assert [(item["source"], item["line"], item["reason"]) for item in written] == [
        ("rows.jsonl", 2, "missing SQL"),
        ("rows.jsonl", 3, "duplicate"),
        ("rows.jsonl", 4, "SQL is not a query"),
    ]
    assert written[2]["detail"] == "a DROP statement"


def test_without_rejected_rows_there_is_no_file_of_them(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(1), row(2, sql="")]), encoder, storage)
    report = ingest(write_rows(tmp_path, [row(1)]), encoder, storage)
    assert report.rejected_file is None
    assert sorted(path.name for path in storage.iterdir()) == [".write.lock", "generation-000002", "manifest.json"]


def test_the_report_says_everything_in_words(tmp_path: Path, encoder: LoadedEncoder) -> None:
    report = ingest(write_rows(tmp_path, [row(1), row(1), row(2, sql="")]), encoder, tmp_path / "storage")
    text = "\n".join(report.lines())
    assert "3 rows read, 1 examples kept, 1 duplicates collapsed" in text
    assert "1 embedded, 0 reused" in text
    assert "rejected, missing SQL: 1" in text
    assert str(report.rejected_file) in text


def test_an_input_with_nothing_usable_is_an_error_and_leaves_the_index(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(1)]), encoder, storage)
    with pytest.raises(IngestionError, match=r"2 rows read, 0 kept \(missing SQL: 1, SQL is not a query: 1\)"):
        ingest(write_rows(tmp_path, [row(2, sql=""), row(3, sql="DROP TABLE x")]), encoder, storage)
    assert len(ExampleIndex.load(storage)) == 1
    assert len((storage / "rejected.jsonl").read_text().splitlines()) == 2


def test_a_csv_with_a_header_alone_is_an_error(tmp_path: Path, encoder: LoadedEncoder) -> None:
    (tmp_path / "r.csv").write_text("question,sql,context\n")
    with pytest.raises(IngestionError, match="it has no rows"):
        ingest(FileReader(tmp_path / "r.csv"), encoder, tmp_path / "storage")
    assert not index_exists(tmp_path / "storage")


def test_ingesting_the_same_again_embeds_nothing(tmp_path: Path, encoder: LoadedEncoder) -> None:
    reader, storage = write_rows(tmp_path, [row(n) for n in range(10)]), tmp_path / "storage"
    first = ingest(reader, encoder, storage)
    before = ExampleIndex.load(storage)
    second = ingest(reader, encoder, storage)
    assert (first.embedded, first.reused) == (10, 0)
    assert (second.embedded, second.reused, second.total) == (0, 10, 10)
    assert len(encoder.embed_model.embedded) == 10
    query = [3.0, 1.0, 2.0, 0.0]
    assert ExampleIndex.load(storage).search(query, top_k=10) == before.search(query, top_k=10)


def test_only_what_is_new_is_embedded(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(n) for n in range(10)]), encoder, storage)
    report = ingest(write_rows(tmp_path, [row(n) for n in range(5, 13)]), encoder, storage)
    assert (report.embedded, report.reused, report.total) == (3, 5, 8)
    index = ExampleIndex.load(storage)
    index.verify()
    assert [index.example(example_id).question for example_id in index.vectors.node_ids] == [
        f"Q{n}?" for n in range(5, 13)
    ]


def test_another_encoder_reuses_nothing(tmp_path: Path, encoder: LoadedEncoder) -> None:
    reader, storage = write_rows(tmp_path, [row(n) for n in range(4)]), tmp_path / "storage"
    ingest(reader, encoder, storage)
    report = ingest(reader, make_encoder("bbbb"), storage)
    assert (report.embedded, report.reused) == (4, 0)
    assert ExampleIndex.load(storage).encoder.fingerprint == "bbbb"


def test_a_damaged_index_is_rebuilt_by_a_plain_ingest(tmp_path: Path, encoder: LoadedEncoder) -> None:
    reader, storage = write_rows(tmp_path, [row(n) for n in range(4)]), tmp_path / "storage"
    ingest(reader, encoder, storage)
    (storage / "generation-000001" / "sql_rag_faiss_index.bin").write_bytes(b"")
    report = ingest(reader, encoder, storage)
    assert (report.embedded, report.total) == (4, 4)
    ExampleIndex.load(storage).verify()


def test_appending_keeps_what_was_there(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(n) for n in range(5)]), encoder, storage)
    more = write_rows(tmp_path, [row(4), row(5, db_id="zoo"), row(6, db_id="zoo")])
    report = ingest(more, encoder, storage, append=True)
    assert (report.kept, report.embedded, report.reused, report.total) == (3, 2, 1, 7)
    assert ExampleIndex.load(storage).info().databases == {"geo": 5, "zoo": 2}


def test_appending_to_a_damaged_or_foreign_index_is_refused(tmp_path: Path, encoder: LoadedEncoder) -> None:
    reader, storage = write_rows(tmp_path, [row(1)]), tmp_path / "storage"
    ingest(reader, encoder, storage)
    with pytest.raises(IndexStoreError, match="encoder in use"):
        ingest(reader, make_encoder("bbbb"), storage, append=True)
    (storage / "manifest.json").write_text("{}")
    with pytest.raises(IndexStoreError, match="damaged"):
        ingest(reader, encoder, storage, append=True)


def test_a_synthetic_example_that_is_verified_later_becomes_verified(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(1, origin="synthetic"), row(2, origin="synthetic")]), encoder, storage)
    report = ingest(write_rows(tmp_path, [row(1)]), encoder, storage, append=True)
    index = ExampleIndex.load(storage)
    assert (report.embedded, index.info().verified, index.info().synthetic) == (0, 1, 1)
    origins = {
        index.example(example_id).question: index.example(example_id).origin for example_id in index.vectors.node_ids
    }
    assert origins == {"Q1?": Origin.VERIFIED, "Q2?": Origin.SYNTHETIC}


def test_a_verified_example_does_not_become_synthetic_again(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(1)]), encoder, storage)
    ingest(write_rows(tmp_path, [row(1, origin="synthetic")]), encoder, storage, append=True)
    assert ExampleIndex.load(storage).info().verified == 1


def test_no_more_rows_are_read_than_asked_for(tmp_path: Path, encoder: LoadedEncoder) -> None:
    report = ingest(write_rows(tmp_path, [row(n) for n in range(50)]), encoder, tmp_path / "storage", max_rows=7)
    assert (report.read, report.total) == (7, 7)


def test_inputs_larger_than_a_chunk_keep_their_order(
    tmp_path: Path, encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.vectorbase._CHUNK_ROWS", 7)
    ingest(write_rows(tmp_path, [row(n) for n in [*range(40), *range(10)]]), encoder, tmp_path / "storage")
    index = ExampleIndex.load(tmp_path / "storage")
    index.verify()
    assert [index.example(example_id).question for example_id in index.vectors.node_ids] == [
        f"Q{n}?" for n in range(40)
    ]


def test_removal_is_kept_on_disk_by_id_and_by_database(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(n, db_id=f"db{n % 3}") for n in range(9)]), encoder, storage)
    first = ExampleIndex.load(storage).vectors.node_ids[1]
    assert remove_examples(storage, ids=[first]) == [first]
    assert len(remove_examples(storage, db_id="db0")) == 3
    index = ExampleIndex.load(storage)
    index.verify()
    assert index.info().databases == {"db2": 3, "db1": 2}


def test_removing_everything_is_refused(tmp_path: Path, encoder: LoadedEncoder) -> None:
    storage = tmp_path / "storage"
    ingest(write_rows(tmp_path, [row(1)]), encoder, storage)
    with pytest.raises(IndexStoreError, match="without examples"):
        remove_examples(storage, db_id="geo")
    assert len(ExampleIndex.load(storage)) == 1


def test_removing_from_nowhere_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match="No index"):
        remove_examples(tmp_path / "storage", db_id="geo")
    assert not (tmp_path / "storage").exists()


def test_progress_ends_at_the_total_and_never_goes_back(tmp_path: Path, encoder: LoadedEncoder) -> None:
    seen: list[Progress] = []
    rows = [*[row(n) for n in range(30)], row(1), row(99, sql="")]
    ingest(write_rows(tmp_path, rows), encoder, tmp_path / "storage", on_progress=seen.append)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    last = seen[-1]
    assert (last.done, last.total, last.kept, last.rejected) == (32, 32, 30, 2)
    assert last.eta_s == 0


def test_the_rate_and_the_time_left_follow_from_what_is_done() -> None:
    progress = Progress(done=200, total=1000, kept=190, rejected=10, elapsed_s=4.0)
    assert progress.rows_per_s == 50
    assert progress.eta_s == 16
    assert describe(progress) == "50 rows/s, 190 kept, 10 rejected, 0:16 left"
    assert Progress(done=0, total=None, kept=0, rejected=0, elapsed_s=0.0).eta_s is None


def test_the_progress_bar_shows_rows_rate_and_time_left(tmp_path: Path, encoder: LoadedEncoder) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with progress_bar(console) as show:
        ingest(write_rows(tmp_path, [row(n) for n in range(20)]), encoder, tmp_path / "storage", on_progress=show)
    shown = console.file.getvalue()
    assert "20/20" in shown
    assert "rows/s, 20 kept, 0 rejected, 0:00 left" in shown


def test_a_data_set_answers_questions_with_the_real_encoder(tmp_path: Path) -> None:
    encoder = load_embed_model("minilm")
    ddl = "CREATE TABLE employee (id INT, name TEXT, salary REAL, hired DATE); CREATE TABLE office (id INT, town TEXT);"
    pairs = {
        "Who earns the most?": "SELECT name FROM employee ORDER BY salary DESC LIMIT 1",
        "In how many towns is there an office?": "SELECT COUNT(DISTINCT town) FROM office",
        "Who was hired before 2010?": "SELECT name FROM employee WHERE hired < '2010-01-01'",
    }
    rows = [{"sql_prompt": question, "sql": sql, "sql_context": ddl} for question, sql in pairs.items()]
    ingest(write_rows(tmp_path, rows), encoder, tmp_path / "storage")
    index = ExampleIndex.load(tmp_path / "storage", expect_encoder=encoder.info)
    retriever = ExampleRetriever(index, encoder.embed_model, similarity_top_k=1)
    for question, sql in pairs.items():
        assert retriever.retrieve_examples(question)[0].example.sql == sql
