"""`coderag ui`: the chat page, served on this machine alone."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from coderag_app.cli import options as opt
from coderag_app.errors import ConfigurationError


def ui(
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=1, max=65535, help="Port. Default: 8501, or the next free one.")
    ] = None,
    database: opt.DatabaseOption = None,
    storage_dir: opt.StorageOption = None,
    llm: opt.LLMOption = None,
    llm_base_url: opt.BaseURLOption = None,
    llm_model: opt.ServerModelOption = None,
    embed_model: opt.EmbedModelOption = None,
) -> None:
    """Open the chat page in Streamlit on 127.0.0.1."""
    options = opt.EngineOptions(database, storage_dir, llm, llm_base_url, llm_model, embed_model)
    variables = {f"CODERAG_{name.upper()}": str(value) for name, value in options.settings().items()}
    environment = {**os.environ, **variables}
    command = server_command(page_path(), port)
    if os.name == "posix":  # the server takes this process's place, so that signals reach it
        sys.stdout.flush()
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell; every argument is ours
    raise typer.Exit(subprocess.call(command, env=environment))  # noqa: S603 - no shell; every argument is ours


def page_path() -> Path:
    """The page's file in the installed package ``ui``; found without importing it.

    Raises:
        ConfigurationError: The package is not installed, or another one has its name.
    """
    spec = importlib.util.find_spec("ui")
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    for folder in folders:
        page = Path(folder) / "app.py"
        if page.is_file() and (Path(folder) / "chat_state.py").is_file():
            return page
    raise ConfigurationError(
        f"The chat page is not installed: looked for ui/app.py in {folders}. Run: pip install coderag"
    )


def server_command(page: Path, port: int | None) -> list[str]:
    """The command that serves the page on 127.0.0.1; it opens no browser, watches no files and sends no statistics."""
    flags = [
        "--server.address=127.0.0.1",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
        "--client.toolbarMode=minimal",
        "--theme.primaryColor=#2563eb",
        "--browser.serverAddress=127.0.0.1",
    ]
    if port is not None:
        flags += [f"--server.port={port}", f"--browser.serverPort={port}"]
    return [sys.executable, "-m", "streamlit", "run", str(page), *flags]
