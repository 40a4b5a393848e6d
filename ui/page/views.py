"""The parts of the page, and how to go from one to another."""

from __future__ import annotations

import streamlit as st

ASK, DATA, VERIFIED, CONNECT = "Ask", "Data", "Verified", "Connect"
PARTS = (ASK, DATA, VERIFIED, CONNECT)


def show_view(view: str) -> None:
    """Go to another part; for callbacks, which come before the page is drawn."""
    st.session_state.view = view


def show_view_next(view: str) -> None:
    """Go to another part at the next drawing, from within this one."""
    st.session_state.go_to = view


def pick_view() -> str:
    """Draw the choice of parts; the one to show."""
    if "go_to" in st.session_state:
        st.session_state.view = st.session_state.pop("go_to")
    st.session_state.setdefault("view", ASK)
    view = st.segmented_control(
        "Part of the page", list(PARTS), key="view", required=True, label_visibility="collapsed"
    )
    return view or ASK
