"""The chat page in Streamlit's own test bench, with a scripted LLM; all else is real. For the tests of the page."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import streamlit as st
from scripted_llm import ScriptedLLM
from streamlit.testing.v1 import AppTest

from coderag_app.llm.llm_loading import LoadedLLM

OpenPage = Callable[..., AppTest]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Open the page in an empty folder and an empty home, with scripted replies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("CODERAG_DATABASE", "CODERAG_STORAGE_DIR", "CODERAG_VERIFIED_DIR"):
        monkeypatch.delenv(name, raising=False)
    st.cache_resource.clear()

    def open_page(*replies: str, **address: str) -> AppTest:
        llm = ScriptedLLM(replies=list(replies) or ["SELECT COUNT(*) AS n FROM stores"])
        loaded = LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)
        monkeypatch.setattr("coderag_app.loading.load_llm", lambda config: loaded)
        app = AppTest.from_file(str(find_spec("ui.page.app").origin), default_timeout=60)
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return open_page


def ask(app: AppTest, question: str) -> AppTest:
    """Type a question and wait for its answer."""
    return app.chat_input[0].set_value(question).run()


def show(app: AppTest, view: str) -> AppTest:
    """Go to another part of the page."""
    return app.segmented_control(key="view").set_value(view).run()


def click(app: AppTest, key: str) -> AppTest:
    """Click a button whose key ends so; the last one where there are several."""
    return next(button for button in reversed(app.button) if (button.key or "").endswith(key)).click().run()


def type_into(app: AppTest, key: str, text: str) -> AppTest:
    """Type into a text field or area whose key ends so, without leaving it."""
    fields = (*app.text_input, *app.text_area)
    next(field for field in reversed(fields) if (field.key or "").endswith(key)).set_value(text)
    return app


def open_file(app: AppTest, path: Path | str) -> AppTest:
    """Connect to a database file."""
    return click(type_into(show(app, "Connect"), "database-path", str(path)), "open-file")


def codes(app: AppTest) -> list[str]:
    """The text of every code block, in the order of the page."""
    return [code.value for code in app.code]


def markdown_of(app: AppTest) -> str:
    """Every text on the page that is read as Markdown, labels included."""
    kinds = (app.markdown, app.caption, app.title, app.header, app.subheader, app.error, app.warning, app.info)
    labels = [element.label for element in (*app.expander, *app.button, *app.text_input, *app.text_area)]
    return "\n".join([element.value for kind in kinds for element in kind] + labels)
