"""The bundled word vectors: that near words are near, and that the file is what the command makes."""

import numpy as np
import pytest

from coderag_app.encoders.word_vectors import WORD_VECTORS_FILE, word_vectors

pytestmark = pytest.mark.model


def similarity(first: str, second: str) -> float:
    left, right = word_vectors().matrix([first, second])
    return float(left @ right)


@pytest.mark.parametrize(
    ("asked", "meant", "not_meant"),
    [("old", "age", "name"), ("expensive", "price", "city"), ("heavy", "weight", "date"), ("film", "movie", "price")],
)
def test_a_word_is_nearer_to_what_it_means_than_to_another_column(asked, meant, not_meant):
    assert similarity(asked, meant) > 0.4 > similarity(asked, not_meant)


def test_an_unknown_word_is_near_to_nothing():
    assert similarity("zzyzxq", "age") == 0.0


def test_the_file_holds_no_pickle_and_stays_small():
    assert WORD_VECTORS_FILE.stat().st_size < 3_000_000
    with np.load(WORD_VECTORS_FILE, allow_pickle=False) as archive:
        assert archive["vectors"].dtype == np.int8 and len(archive["vectors"].shape) == 2
