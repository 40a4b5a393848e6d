"""`coderag ui`: the chat page, served on this machine alone."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from coderag_app.database.uploads.limits import MAX_UPLOAD_MB
from coderag_app.errors import ConfigurationError
from coderag_app.settings_files import variable_of
from ui.cli.options import Settings, with_settings

TOKEN_VARIABLE = "CODERAG_UI_TOKEN"  # noqa: S105 - a name; ui/page/serve.py reads it, which this file must not import
_HOSTS = ("127.0.0.1", "localhost")  # no other name may be pointed at this machine (DNS rebinding)
# The browser's own setting chooses between light and dark. Fonts are those that Streamlit serves itself.
_THEME: dict[str, Any] = {
    "theme.baseRadius": "0.6rem",
    "theme.paddingTop": "1.2rem",
    "theme.sidebar.paddingTop": "0.2rem",
    "theme.showSidebarBorder": True,
    "theme.codeFontSize": "0.85rem",
    "theme.headingFontSizes": "1.7rem,1.4rem,1.2rem",
    "theme.light.primaryColor": "#2456d6",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5fa",
    "theme.light.textColor": "#0d1422",  # notes are drawn at 60% of it, and still have a contrast of 4.5
    "theme.light.borderColor": "#dde2ec",
    "theme.light.sidebar.backgroundColor": "#f7f8fc",
    "theme.dark.primaryColor": "#7ea2ff",
    "theme.dark.backgroundColor": "#12161e",
    "theme.dark.secondaryBackgroundColor": "#1c222d",
    "theme.dark.textColor": "#e7eaf1",
    "theme.dark.borderColor": "#2d3545",
    "theme.dark.sidebar.backgroundColor": "#161b25",
}


@with_settings("storage_dir", "database", "models")
def ui(
    settings: Settings,
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=1, max=65535, help="Port. Default: 8501, or the next free one.")
    ] = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Let every user of this machine open the page, without a token.")
    ] = False,
) -> None:
    """Open the chat page in Streamlit on 127.0.0.1. Its address holds a token: open the one that is printed."""
    variables = {variable_of(name): str(value) for name, value in settings.items()}
    token = "" if no_token else secrets.token_urlsafe(32)
    environment = {**os.environ, **variables, TOKEN_VARIABLE: token}  # what ps shows are arguments, never this
    command = server_command(page_path(), port)
    if os.name == "posix":  # the server takes this process's place, so that signals reach it
        sys.stdout.flush()
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell; every argument is ours
    raise typer.Exit(subprocess.call(command, env=environment))  # noqa: S603 - no shell; every argument is ours


def page_path() -> Path:
    """The file of the page.

    Raises:
        ConfigurationError: It is not installed.
    """
    page = Path(__file__).parents[1] / "page" / "app.py"
    if not page.is_file():
        raise ConfigurationError(f"The chat page is not installed: got no {page}. Run: pip install coderag")
    return page


def server_command(page: Path, port: int | None) -> list[str]:
    """The command that serves the page on 127.0.0.1; it opens no browser, watches no files and sends no statistics.

    The settings that keep others out are given even where they are Streamlit's own: a `.streamlit/config.toml` of the
    current folder must not change them. The token stands in the environment (``TOKEN_VARIABLE``).
    """
    settings = {
        "server.address": "127.0.0.1",
        "server.allowedHosts": _HOSTS,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": MAX_UPLOAD_MB,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": "127.0.0.1",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": True,
        **_THEME,
    }
    if port is not None:
        settings |= {"server.port": port, "browser.serverPort": port}
    return [sys.executable, str(page_path().parent / "serve.py"), str(page), json.dumps(settings)]
