"""Synonyms of single words, read from WordNet's own database files (Debian: ``apt install wordnet-base``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

WORDNET = Path("/usr/share/wordnet")
_SENSES = 1  # the most frequent one; "escort" is a date only in the second

_SHORTEST = 4  # short words are mostly abbreviations here: "id" is Idaho to WordNet


def wordnet_synonyms(folder: Path = WORDNET) -> dict[str, tuple[str, ...]]:
    """What else a noun may be called: the words of its frequent senses, and what its first sense is a kind of.

    Args:
        folder: Holds ``index.noun`` and ``data.noun`` in the format of WordNet's manual page wndb(5).

    Returns:
        Words in lower case with their synonyms; none where the folder is missing.
    """
    index, data = folder / "index.noun", folder / "data.noun"
    if not (index.is_file() and data.is_file()):
        return {}
    senses = {offset: (words, kinds) for offset, words, kinds in _senses(data)}
    found = {}
    for line in index.read_text(encoding="ascii").splitlines():
        if line.startswith(" "):  # the licence
            continue
        word, _, count, pointers, *rest = line.split()
        _, tagged, *offsets = rest[int(pointers) :]
        frequent = offsets[: min(_SENSES, max(1, int(tagged)), int(count))]
        others = [other for offset in frequent for other in senses[offset][0]]
        others += [senses[kind][0][0] for kind in senses[frequent[0]][1][:1]]
        synonyms = tuple(dict.fromkeys(o for o in others if o != word and "_" not in o and o.isalpha()))
        if word.isalpha() and len(word) >= _SHORTEST and synonyms:
            found[word] = synonyms
    return found


def _senses(data: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Offset, words and offsets of what it is a kind of, for each sense."""
    for line in data.read_text(encoding="ascii").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        words = int(fields[3], 16)
        names = [fields[4 + 2 * number].lower() for number in range(words)]
        pointers = fields[5 + 2 * words :]
        kinds = [pointers[at + 1] for at in range(0, 4 * int(fields[4 + 2 * words]), 4) if pointers[at] == "@"]
        yield fields[0], names, kinds
