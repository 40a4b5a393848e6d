"""The inverted index: patched or built in one go, its arrays are the same; what was saved is what is loaded."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coderag_app.code.postings import Postings, Rows, merged

ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["close", "open", "é", "名", "a", "zeta"]), st.integers(0, 9)),
    st.tuples(st.integers(0, 255), st.integers(0, 63)),
)


def rows_of(found: dict) -> Rows:
    words = list(dict.fromkeys(word for word, _ in found))
    return Rows(
        [word.encode() for word in words],
        np.array([words.index(word) for word, _ in found], np.int32),
        np.array([document for _, document in found], np.int32),
        np.array([count for count, _ in found.values()], np.uint8),
        np.array([fields for _, fields in found.values()], np.uint8),
    )


def same(one: Postings, other: Postings) -> bool:
    names = ("text", "ends", "starts", "documents", "counts", "fields")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@settings(max_examples=100, deadline=None)
@given(ROWS, ROWS, st.sets(st.integers(0, 9)))
def test_a_patched_index_equals_one_built_in_one_go(old, new, gone):
    renumber = np.array([-1 if number in gone else number for number in range(10)], np.int32)
    new = {(word, document + 10): value for (word, document), value in new.items()}
    kept = {key: value for key, value in old.items() if key[1] not in gone}
    patched = Postings.from_rows(merged([Postings.from_rows(rows_of(old)).rows(renumber), rows_of(new)]))
    assert same(patched, Postings.from_rows(rows_of({**kept, **new})))


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_what_is_saved_is_found_again(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("postings")
    Postings.from_rows(rows_of(found)).save(folder, "words")
    loaded = Postings.load(folder, "words")
    for word in ("close", "open", "é", "名", "a", "zeta", "absent"):
        place = loaded.find(word)
        expected = {document: value for (known, document), value in sorted(found.items()) if known == word}
        got = (
            {}
            if place is None
            else {
                int(document): (int(count), int(fields))
                for document, count, fields in zip(
                    loaded.documents[place], loaded.counts[place], loaded.fields[place], strict=True
                )
            }
        )
        assert got == expected
