"""Adapters, encoders and models that are broken or made to harm are refused before they are used."""

import json
import random
import shutil
from pathlib import Path

import pytest

from coderag_app.bundled import integrity
from coderag_app.bundled.integrity import check_bundled
from coderag_app.encoders.adapter import EncoderAdapter
from coderag_app.encoders.encoder_loading import BUNDLED_ENCODER, find_encoder
from coderag_app.errors import CodeRAGError, FileRefusedError, ModelError
from coderag_app.gguf.file_check import check_gguf
from coderag_app.llm.llm_loading import BUNDLED_SQL_MODEL


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED_ENCODER, tmp_path / "adapter"))


@pytest.mark.parametrize("seed", range(30))
def test_a_forged_adapter_is_refused_with_its_file(adapter, seed):
    import torch
    from safetensors.torch import load_file, save_file

    rng, path, card = random.Random(seed), adapter / "adapter.safetensors", adapter / "adapter.json"
    tensors = load_file(path)
    key = min(key for key in tensors if key.endswith(".up"))
    tensors = {name: tensors[name] for name in (key, key.replace(".up", ".down"))}
    fields = json.loads(card.read_text())
    ways = [
        lambda: tensors.update({key: tensors[key] * float("nan")}),
        lambda: tensors.update({key: tensors[key][:, :3].contiguous()}),
        lambda: tensors.update({key: tensors[key].flatten()}),
        lambda: tensors.update({key: torch.zeros(3, 3, dtype=torch.int64)}),
        lambda: tensors.pop(key.replace(".up", ".down")),
        lambda: tensors.update({"surprise": torch.zeros(3)}),
        lambda: fields.update(weight=rng.choice(["much", None, [], float("nan"), float("inf")])),
        lambda: fields.update(rank=rng.choice(["x", None, {}, 1.5])),
        lambda: fields.pop(rng.choice(["base", "base_sha256", "rank"])),
        lambda: fields.update(format_version=2),
    ]
    ways[seed % len(ways)]()
    save_file(tensors, path)
    card.write_text(json.dumps(fields))
    with pytest.raises(ModelError, match="adapter"):
        EncoderAdapter.load(adapter)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff" * 8 + b"{}", b"[" * 9999, (2**40).to_bytes(8, "little")])
def test_an_adapter_of_other_bytes_is_refused(adapter, content):
    for name in ("adapter.json", "adapter.safetensors"):
        (adapter / name).write_bytes(content)
        with pytest.raises(ModelError, match=name):
            EncoderAdapter.load(adapter)
        shutil.copy(BUNDLED_ENCODER / name, adapter / name)


def test_an_encoder_that_brings_code_of_its_own_is_refused(tmp_path):
    (tmp_path / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}]))
    with pytest.raises(ModelError, match=r"modules\.json names 'evil\.Module'"):
        find_encoder(str(tmp_path))


def test_every_bundled_file_is_the_one_that_shipped():
    for name in integrity._SHIPPED:
        check_bundled(integrity.BUNDLED / name)


def test_asking_how_to_write_the_hashes_writes_none(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(integrity, "SUMS_FILE", tmp_path / "SHA256SUMS")
    with pytest.raises(SystemExit) as stop:
        integrity.main(["--help"])
    assert stop.value.code == 0 and "write" in capsys.readouterr().out and list(tmp_path.iterdir()) == []
    integrity.main([])
    assert (tmp_path / "SHA256SUMS").read_text() == (integrity.BUNDLED / "SHA256SUMS").read_text()


@pytest.mark.parametrize("damage", ["zeros", "cut", "one bit", "gone", "link"])
def test_a_bundled_file_that_was_exchanged_is_refused(tmp_path, monkeypatch, damage):
    copy = Path(shutil.copytree(integrity.BUNDLED, tmp_path / "bundled"))
    monkeypatch.setattr(integrity, "SUMS_FILE", copy / "SHA256SUMS")
    path = copy / "sql_model" / "coderag-sql.gguf"
    check_bundled(path)
    content = path.read_bytes()
    path.unlink()
    if damage == "link":
        path.symlink_to(copy / "word_vectors.npz")
    elif damage != "gone":
        half = len(content) // 2
        flipped = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        path.write_bytes({"zeros": b"\0" * len(content), "cut": content[:half], "one bit": flipped}[damage])
    with pytest.raises(ModelError, match=r"coderag-sql\.gguf.*pip install"):
        check_bundled(path)


def test_a_users_own_gguf_must_be_whole(tmp_path):
    content, path = BUNDLED_SQL_MODEL.read_bytes(), tmp_path / "own.gguf"
    check_gguf(BUNDLED_SQL_MODEL)
    forged = [
        (b"", "not a GGUF"),
        (b"\0" * len(content), "not a GGUF"),
        (content[:8], "header"),
        (content[:-4096], "cut short"),
        (content[:140_000] + b"\0" * (len(content) - 140_000), "zeros"),
        (content[:8] + b"\xff" * 8 + content[16:], "tensors"),
        (content[:4] + b"\x07\0\0\0" + content[8:], "version 7"),
    ]
    for forgery, reason in forged:
        path.write_bytes(forgery)
        with pytest.raises(FileRefusedError, match=rf"own\.gguf.*{reason}"):
            check_gguf(path)


def test_random_damage_to_a_header_raises_nothing_else(tmp_path):
    content, rng, path = BUNDLED_SQL_MODEL.read_bytes()[:200_000], random.Random(1), tmp_path / "own.gguf"
    for _ in range(200):
        forged = bytearray(content)
        for _ in range(rng.randrange(1, 9)):
            forged[rng.randrange(5000 if rng.random() < 0.5 else 131_000)] = rng.randrange(256)
        path.write_bytes(forged)
        with pytest.raises(CodeRAGError, match=r"own\.gguf"):
            check_gguf(path)
