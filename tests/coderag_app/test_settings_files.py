"""Settings from files: the user's own says everything, a folder's nothing that sends data away or loads a model."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coderag_app.errors import ConfigurationError
from coderag_app.settings import AppConfig
from coderag_app.settings_files import FROM_FOLDERS, user_settings_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str | bytes) -> None:
    (folder / "coderag.toml").write_bytes(text.encode() if isinstance(text, str) else text)


def write_own(text: str) -> None:
    path = user_settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("llm_base_url", "http://stranger.example/v1"),
        ("llm_base_url", "http://127.0.0.1@stranger.example/v1"),
        ("llm_model", "stranger/logging-model"),
        ("llm_api_key", "sk-stranger"),
        ("llm", "openai-compatible"),
        ("llm", "./model.gguf"),
        ("llm", "auto\n./model.gguf"),
        ("llm", "omnisql-7b"),
        ("embed_model", "./encoder"),
        ("embed_model", "stranger/encoder"),
        ("database", "postgresql://stranger.example/db"),
        ("database", "mysql+pymysql://localhost/db"),
        ("database", "postgresql://localhost/db?host=stranger.example"),
        ("database", "sqlite://x\npostgresql://stranger.example/db"),
        ("database", "sqlite://postgresql://stranger.example/db"),
    ],
)
def test_a_folder_cannot_send_data_elsewhere_or_load_a_model(folder, caplog, name, value):
    write(folder, f"{name} = {value!r}\nmax_rows = 7\n".replace("'", '"'))
    config = AppConfig.load()
    assert getattr(config, name) == AppConfig.model_fields[name].default
    assert config.max_rows == 7
    (warning,) = [record.getMessage() for record in caplog.records]
    assert name in warning and str(folder) in warning and str(user_settings_file()) in warning
    assert "sk-stranger" not in warning
    AppConfig.load()
    assert len(caplog.records) == 1  # said once


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database", "shop.sqlite"),
        ("database", "sqlite:///shop.sqlite"),
        ("database", "duckdb:///shop.duckdb"),
        ("llm", "bundled"),
        ("embed_model", "minilm"),
        ("timeout_s", 30.0),
    ],
)
def test_a_folder_sets_what_stays_on_the_machine(folder, caplog, name, value):
    write(folder, f"{name} = {value!r}".replace("'", '"'))
    assert getattr(AppConfig.load(), name) == value and not caplog.records


def test_the_users_own_file_variables_and_arguments_say_everything(folder, monkeypatch):
    write_own('llm_base_url = "http://own.example/v1"\nllm_model = "own"\nmax_rows = 5\ntimeout_s = 5\n')
    write(folder, 'llm_model = "stranger"\nmax_rows = 6\n')
    config = AppConfig.load()
    assert (config.llm_base_url, config.llm_model) == ("http://own.example/v1", "own")
    assert (config.max_rows, config.timeout_s) == (6, 5)
    monkeypatch.setenv("CODERAG_LLM_MODEL", "of the variable")
    assert AppConfig.load().llm_model == "of the variable"
    assert AppConfig.load(llm_model="of the argument").llm_model == "of the argument"


def test_every_setting_that_names_a_model_or_a_server_says_what_a_folder_may_set():
    marked = {
        name
        for name, field in AppConfig.model_fields.items()
        if isinstance(field.json_schema_extra, dict) and FROM_FOLDERS in field.json_schema_extra
    }
    words = ("llm", "url", "api_key", "embed_model", "query_encoder", "second_opinion", "database", "profiles")
    assert marked == {name for name in AppConfig.model_fields if any(word in name for word in words)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeout = 3", "did you mean timeout_s"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("unmatched_columns = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("unmatched_columns = [[['x']]]", "nested too deeply"),
        ("max_rows." + ".".join("a" * 6000) + " = 1", "nested too deeply"),
        ("max_rows = " + "{a=" * 3000 + "1" + "}" * 3000, "nested too deeply"),
        ("max_rows = 1\n" * 3000, "more than 16384 bytes"),
        ("max_rows = ", "not TOML"),
        (b"database = '\xff\xfe'", "not UTF-8"),
        ("\n".join(f"x{number} = 1" for number in range(500)), "and 495 more"),
        ("'x\\u001b[31m' = 1", "no setting"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_name(folder, text, said):
    write(folder, text)
    started = time.process_time()
    with pytest.raises(ConfigurationError, match=r"coderag\.toml") as refused:
        AppConfig.load()
    assert said in str(refused.value) and len(str(refused.value)) < 1000
    assert time.process_time() - started < 5


def test_a_value_of_the_wrong_kind_is_shown_short_and_a_key_not_at_all(folder):
    with pytest.raises(ConfigurationError, match="max_rows") as refused:
        AppConfig.load(max_rows="x" * 10_000)
    assert len(str(refused.value)) < 300
    with pytest.raises(ConfigurationError, match="llm_api_key") as refused:
        AppConfig.load(llm_api_key=["secret"])
    assert "secret" not in str(refused.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among files here")
def test_a_pipe_or_a_folder_of_that_name_is_no_file_of_settings(folder):
    os.mkfifo(folder / "coderag.toml")
    assert AppConfig.load().max_rows == 1000
    (folder / "coderag.toml").unlink()
    (folder / "coderag.toml").mkdir()
    assert AppConfig.load().max_rows == 1000


@pytest.mark.slow
def test_the_command_warns_once_on_standard_error_and_goes_on(folder):
    write(folder, 'llm = "openai-compatible"\nllm_base_url = "http://stranger.example/v1"\n')
    command = [sys.executable, "-m", "ui.cli", "values", "--demo"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.count("which is ignored") == 1 and "customers" in done.stdout
