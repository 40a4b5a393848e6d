"""llama.cpp's AMX kernels, which can end the process, are not used; on processors without AMX nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from llama_cpp import Llama, llama_cpp

from coderag_app.gguf import llama_cpp_amx
from coderag_app.gguf.llama_cpp_amx import without_amx
from coderag_app.llm.llm_loading import BUNDLED_SQL_MODEL

pytestmark = pytest.mark.model


@pytest.fixture(params=["flags\t: avx2 amx_bf16 amx_tile amx_int8", "flags\t: avx2", None])
def has_amx(request, tmp_path: Path, monkeypatch):
    processor = tmp_path / "cpuinfo"
    if request.param is not None:
        processor.write_text(request.param)
    monkeypatch.setattr(llama_cpp_amx, "_PROCESSOR", processor)
    llama_cpp_amx._has_amx.cache_clear()
    yield request.param is not None and "amx" in request.param
    llama_cpp_amx._has_amx.cache_clear()


def test_the_kernels_are_left_out_inside_the_block_alone(has_amx):
    with without_amx():
        assert llama_cpp.llama_model_default_params().use_extra_bufts is not has_amx
    assert llama_cpp.llama_model_default_params().use_extra_bufts is True


def test_a_load_that_fails_leaves_nothing_changed(has_amx):
    with pytest.raises(ValueError, match="no such"), without_amx():
        raise ValueError("no such model")
    assert llama_cpp.llama_model_default_params().use_extra_bufts is True


def test_a_model_opened_so_writes():
    with without_amx():
        model = Llama(str(BUNDLED_SQL_MODEL), n_ctx=64, verbose=False)
    try:
        assert model.create_completion("<sql>", max_tokens=2)["usage"]["completion_tokens"] > 0
    finally:
        model.close()
