"""What the theme's settings do not reach: colours with a contrast of 4.5 and more, titles to the left, code as code.

``light-dark`` follows the theme that Streamlit shows; a browser that does not know it keeps Streamlit's own colours.
"""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
.stCode .token.keyword, .stCode .token.function {color: light-dark(#1d5fc4, #6fb3ff) !important}
.stCode .token.string {color: light-dark(#117a37, #4cc27a) !important}
.stCode .token.number, .stCode .token.boolean {color: light-dark(#7a3fb5, #c29bff) !important}
.stCode .token.operator {color: light-dark(#9a4a00, #f0a35e) !important}
.stCode .token.punctuation, .stCode .token.comment {color: light-dark(#5b6270, #a3abba) !important}
[data-testid^="stBaseButton-primary"], [data-testid^="stBaseButton-primary"] * {
    color: light-dark(#ffffff, #0d1422) !important
}
.stSidebar [class*="st-key-open-"] button, .stSidebar [class*="st-key-open-"] button > div {justify-content: flex-start}
.stTextArea textarea[aria-label="SQL"] {font-family: "Source Code Pro", monospace; font-size: 0.85rem}
</style>
"""


def draw_style() -> None:
    """Add the style to the page."""
    st.html(_STYLE)
