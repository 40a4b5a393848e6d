"""The server of the page: `coderag ui` starts it with the page's path and Streamlit's settings as JSON.

The token comes in the environment, which other users cannot read, and is taken out of it at once, so that no process
started later inherits it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

from ui.page.gate import HOSTS, Gate

TOKEN_VARIABLE = "CODERAG_UI_TOKEN"  # noqa: S105 - a name


def page_app(page: str, token: str) -> st.App:
    """The page behind its gate; once it listens, its address is printed."""

    @asynccontextmanager
    async def announce(_: st.App) -> AsyncIterator[None]:
        """Print the address when the port is known."""
        query = f"?{urlencode({'token': token})}" if token else ""
        sys.stdout.write(f"\n  Open in your browser: http://{HOSTS[0]}:{config.get_option('server.port')}/{query}\n")
        hint = (
            "The token keeps other users of this machine out." if token else "Every user of this machine can open it."
        )
        sys.stdout.write(f"  {hint} Ctrl+C stops the server.\n\n")
        sys.stdout.flush()
        yield

    return st.App(page, middleware=[Middleware(Gate, token=token)], lifespan=announce)


def main() -> None:
    """Serve until stopped. Without the variable of the token nothing is served; an empty one asks for no token."""
    token = os.environ.pop(TOKEN_VARIABLE, None)
    if token is None or len(sys.argv) != 3:
        sys.exit(f"Expected the page, its settings and {TOKEN_VARIABLE}; run: coderag ui")
    page, settings = sys.argv[1], json.loads(sys.argv[2])
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl+C is how it ends
        page_app(page, token).run(config=settings)


if __name__ == "__main__":
    main()
