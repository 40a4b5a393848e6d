"""Many texts, embedded in batches."""

import numpy as np
import pytest
from llama_index.core.embeddings import MockEmbedding

from coderag_app.encoders.encoder_loading import embed_documents, load_embed_model

pytestmark = pytest.mark.model

TEXTS = [f"SELECT {'x' * (number * 7 % 11 + 1)}" for number in range(11)]


class RecordingEmbedding(MockEmbedding):
    """Embeds a text as (its length, 1) and keeps the batches it was given."""

    batches: list[list[str]] = []

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        self.batches.append(texts)
        return [[float(len(text)), 1.0] for text in texts]


@pytest.fixture
def recorder() -> RecordingEmbedding:
    return RecordingEmbedding(embed_dim=2, embed_batch_size=4, batches=[])


def test_vectors_of_length_1_come_back_in_the_order_of_the_texts(recorder: RecordingEmbedding) -> None:
    vectors = embed_documents(recorder, TEXTS)
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([1] * len(TEXTS))
    assert (vectors[:, 0] / vectors[:, 1]).tolist() == pytest.approx([len(text) for text in TEXTS])


def test_batches_hold_texts_of_similar_length(recorder: RecordingEmbedding) -> None:
    embed_documents(recorder, TEXTS)
    lengths = [len(text) for batch in recorder.batches for text in batch]
    assert [len(batch) for batch in recorder.batches] == [4, 4, 3]
    assert lengths == sorted(lengths, reverse=True)


def test_the_same_text_is_embedded_once(recorder: RecordingEmbedding) -> None:
    vectors = embed_documents(recorder, TEXTS[:1] * 10)
    assert sum(map(len, recorder.batches)) == 1
    assert vectors.shape == (10, 2)
    assert len({tuple(vector) for vector in vectors.tolist()}) == 1


def test_every_text_is_counted_as_done_once(recorder: RecordingEmbedding) -> None:
    done: list[int] = []
    embed_documents(recorder, [f"SELECT {number % 7}" for number in range(20)], done.append)
    assert len(done) == 2
    assert sum(done) == 20


def test_no_texts_have_no_vectors(recorder: RecordingEmbedding) -> None:
    assert len(embed_documents(recorder, [])) == 0
    assert recorder.batches == []


def test_batches_by_length_do_not_change_what_the_real_encoder_returns() -> None:
    embed_model = load_embed_model("minilm").embed_model
    long_sql = "SELECT name FROM customer WHERE " + " AND ".join(f"id <> {number}" for number in range(40))
    texts = ["SELECT name FROM customer", long_sql, "SELECT SUM(total) FROM invoice"]
    alone = np.array([embed_model.get_text_embedding(text) for text in texts])
    cosines = np.sum(embed_documents(embed_model, texts) * alone, axis=1)
    assert cosines.tolist() == pytest.approx([1, 1, 1], abs=0.01)
