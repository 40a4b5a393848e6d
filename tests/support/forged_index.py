"""Forge indexes: a valid one, changed in one of many ways, with every checksum made again as an attacker would."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

FAISS, ROWS, DOCUMENTS = "sql_rag_faiss_index.bin", "sql_rag_corpus_map.npy", "sql_rag_documents.jsonl"
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**70, 1e308, float("nan"), float("inf"), "", "x", "../../etc/passwd", "a\0b",
    "\ud800", "9" * 5000, [], {}, [[]], {"a": {"b": 1}}, [1, 2, 3],
)  # fmt: skip


def forge(folder: Path, seed: int) -> str:
    """Change one thing of the index in a folder; how, in words. Equal seeds forge alike."""
    rng = random.Random(seed)
    way = WAYS[seed % len(WAYS)]
    return f"{way.__name__}: {way(folder, rng)}"


# --- checksums, as the writer makes them ---


def generation(folder: Path) -> Path:
    return next(folder.glob("generation-*"))


def write_manifest(folder: Path, fields: Any) -> None:
    """Write a manifest with its own checksum."""
    if isinstance(fields, dict):
        fields.pop("manifest_sha256", None)
        fields = {**fields, "manifest_sha256": hashlib.sha256(json.dumps(fields).encode()).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(fields))


def read_manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def seal(folder: Path) -> None:
    """Make the checksums of the files again."""
    fields = read_manifest(folder)
    for name in (FAISS, ROWS, DOCUMENTS):
        path = generation(folder) / name
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            fields["files"][name] = {"size_bytes": path.stat().st_size, "sha256": digest}
    write_manifest(folder, fields)


def change_file(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    path = generation(folder) / name
    path.write_bytes(change(path.read_bytes()))
    seal(folder)


# --- ways ---


def manifest_value(folder: Path, rng: random.Random) -> str:
    fields = read_manifest(folder)
    places: list[tuple[dict[str, Any], str]] = [(fields, key) for key in fields if key != "manifest_sha256"]
    places += [(fields["encoder"], key) for key in fields["encoder"]]
    places += [(fields["files"], key) for key in fields["files"]] + [(fields["files"][DOCUMENTS], "size_bytes")]
    places += [(fields["databases"], next(iter(fields["databases"])))]
    (owner, key), value = rng.choice(places), rng.choice(ODD_VALUES)
    owner[key] = value
    write_manifest(folder, fields)
    return f"{key} = {ascii(value)[:60]}"


def manifest_key(folder: Path, rng: random.Random) -> str:
    fields = read_manifest(folder)
    owner = rng.choice([fields, fields["encoder"], fields["files"], fields["files"][ROWS]])
    key = rng.choice(list(owner))
    if rng.random() < 0.5:
        del owner[key]
    else:
        owner["surprise"] = owner.pop(key)
    write_manifest(folder, fields)
    return f"without {key}"


def manifest_text(folder: Path, rng: random.Random) -> str:
    text = (folder / "manifest.json").read_text()
    contents = (
        b"", b"\0" * 4096, b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"\xff\xfe" + text.encode(),
        text.encode("utf-16"), b"[]", b"null", b'"x"', b"1" * 100_000, text.encode() * 2, text.encode()[:-20],
        b"{" + b" " * 10_000_000 + b"}", b'{"format_version": 1, "manifest_sha256": {"a": [1]}}',
        text.replace('"count": 20', '"count": 20, "count": 19').encode(), b"\xef\xbb\xbf" + text.encode(),
    )  # fmt: skip
    content = rng.choice(contents)
    (folder / "manifest.json").write_bytes(content)
    return repr(content[:40])


def document_line(folder: Path, rng: random.Random) -> str:
    contents: tuple[bytes, ...] = (
        b"", b"[]", b"null", b"3", b'"x"', b"{}", b"\xff\xfe", b"\0" * 100, b"[" * 5000, b'{"question": 1}',
        b'{"question":' * 3000, b"{" + b" " * 2_000_000, b"NaN", b'{"sql": "\\ud800"}',
    )  # fmt: skip
    chosen = rng.choice(contents)
    everywhere = rng.random() < 0.7

    def change(content: bytes) -> bytes:
        lines = content.split(b"\n")[:-1]
        for position in range(len(lines)) if everywhere else [rng.randrange(len(lines))]:
            lines[position] = chosen
        return b"\n".join(lines) + b"\n"

    change_file(folder, DOCUMENTS, change)
    return repr(chosen[:40])


def document_field(folder: Path, rng: random.Random) -> str:
    key = rng.choice(["question", "sql", "context", "db_id", "origin", "source", "embed_view"])
    value = rng.choice(ODD_VALUES)

    def change(content: bytes) -> bytes:
        rows = [json.loads(line) for line in content.split(b"\n")[:-1]]
        for row in rows:
            row[key] = value
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    change_file(folder, DOCUMENTS, change)
    return f"{key} = {ascii(value)[:60]}"


def document_order(folder: Path, rng: random.Random) -> str:
    def change(content: bytes) -> bytes:
        lines = content.split(b"\n")[:-1]
        kind = rng.randrange(4)
        if kind == 0:
            lines.reverse()
        elif kind == 1:
            lines = [lines[0]] * len(lines)
        elif kind == 2:
            lines = lines[:-1]
        else:
            lines = [*lines, lines[0]]
        return b"\n".join(lines) + b"\n"

    change_file(folder, DOCUMENTS, change)
    return "other lines"


def vectors(folder: Path, rng: random.Random) -> str:
    import faiss
    import numpy as np

    values = np.random.default_rng(rng.randrange(99)).normal(size=(20, 16)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    made: dict[str, Callable[[], Any]] = {
        "NaN": lambda: _index(faiss.IndexFlatIP(16), values * np.nan),
        "infinity": lambda: _index(faiss.IndexFlatIP(16), values * np.inf),
        "zero": lambda: _index(faiss.IndexFlatIP(16), values * 0),
        "long": lambda: _index(faiss.IndexFlatIP(16), values * 1e18),
        "other count": lambda: _index(faiss.IndexFlatIP(16), values[:7]),
        "none": lambda: faiss.IndexFlatIP(16),
        "other dimension": lambda: _index(faiss.IndexFlatIP(8), values[:, :8].copy()),
        "L2": lambda: _index(faiss.IndexFlatL2(16), values),
        "HNSW": lambda: _index(faiss.IndexHNSWFlat(16, 4, faiss.METRIC_INNER_PRODUCT), values),
        "ids": lambda: _index(faiss.IndexIDMap(faiss.IndexFlatIP(16)), values, np.arange(20)),
        "scalar quantizer": lambda: _index(faiss.index_factory(16, "SQ8", faiss.METRIC_INNER_PRODUCT), values),
        "refine": lambda: _index(faiss.index_factory(16, "PCA8,Flat", faiss.METRIC_INNER_PRODUCT), values),
    }
    name = rng.choice(list(made))
    faiss.write_index(made[name](), str(generation(folder) / FAISS))
    seal(folder)
    return name


def _index(index: Any, values: Any, *ids: Any) -> Any:
    index.train(values)
    if ids:
        index.add_with_ids(values, *ids)
    else:
        index.add(values)
    return index


def faiss_bytes(folder: Path, rng: random.Random) -> str:
    place, value = rng.choice([0, 4, 8, 16, 32, 33, 37, 41, 60]), rng.choice([0, 1, 0x7F, 0xFF])

    def change(content: bytes) -> bytes:
        kind = rng.randrange(4)
        if kind == 0:
            return content[: rng.randrange(len(content))]
        if kind == 1:
            return struct.pack("<4sIqqqBiQ", b"IxFI", 16, 2**40, 1 << 20, 1 << 20, 1, 0, 2**44)
        return content[:place] + bytes([value]) * rng.choice([1, 4, 8]) + content[place + 1 :]

    change_file(folder, FAISS, change)
    return f"bytes at {place}"


def corpus_map(folder: Path, rng: random.Random) -> str:
    import numpy as np

    path = generation(folder) / ROWS
    rows = np.load(path)
    kind = rng.randrange(12)
    if kind == 0:
        np.save(path, np.array([object()] * 20, dtype=object), allow_pickle=True)
    elif kind == 1:
        rows["database"] = rng.choice([-1, 3, 2**31 - 1, -(2**31)])
        np.save(path, rows)
    elif kind == 2:
        rows["node_id"] = rng.choice([b"\xff" * 32, b"", b"x", rows["node_id"][0], b"../" * 10])
        np.save(path, rows)
    elif kind == 3:
        np.save(path, rows[: rng.randrange(20)])
    elif kind == 4:
        np.save(path, rng.choice([np.zeros(20), np.zeros((20, 3)), np.array(3.0), np.array(["a"] * 20)]))
    elif kind == 5:
        rows["database"] = np.roll(rows["database"], 1)
        rows["database"][:5] = 0
        np.save(path, rows)
    elif kind == 6:
        np.save(path, rows.reshape(4, 5))
    elif kind == 7:
        path.write_bytes(rows.tobytes())
    elif kind == 8:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(len(content))])
    else:
        header = rng.choice([
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000), }",
            f"{{'descr': {rows.dtype.descr!r}, 'fortran_order': False, 'shape': (2000000000000,), }}",
            f"{{'descr': {rows.dtype.descr!r}, 'fortran_order': False, 'shape': (-20,), }}",
            f"{{'descr': {rows.dtype.descr!r}, 'fortran_order': True, 'shape': (20,), }}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (20,), }", "__import__('os').system('true')",
            "(" * 4000, "-" * 9000 + "1", "{'descr': [('a', '<i4', (1000000, 1000000))], 'fortran_order': False, "
            "'shape': (20,), }", "{'descr': 'zzz', 'fortran_order': False, 'shape': (20,), }", "",
        ])  # fmt: skip
        encoded = header.encode() + b"\n"
        path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(encoded)) + encoded + rows.tobytes())
    seal(folder)
    return f"kind {kind}"


def other_kind_of_file(folder: Path, rng: random.Random) -> str:
    name = rng.choice([FAISS, ROWS, DOCUMENTS, "manifest.json", "generation", ".write.lock"])
    path = {"manifest.json": folder / name, ".write.lock": folder / name, "generation": generation(folder)}.get(name)
    path = path if path is not None else generation(folder) / name
    moved = folder.with_name(f"{folder.name}-{name}")
    if path.exists():
        path.replace(moved)
    kind = rng.choice(["link", "loop", "pipe", "folder", "sparse", "gone"])
    if kind == "link":
        path.symlink_to(moved)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(2**43)
    return f"{name} is a {kind}"


WAYS = (
    manifest_value, manifest_key, manifest_text, document_line, document_field, document_order, vectors, faiss_bytes,
    corpus_map, other_kind_of_file,
)  # fmt: skip
