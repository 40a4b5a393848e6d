"""Which columns' values are read: a switch for each column of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.errors import CodeRAGError
from coderag_app.text.cell_text import visible_text
from ui.page.plain_text import draw_error
from ui.page.shared_engines import forget_engine

if TYPE_CHECKING:
    from coderag_app.examples.unmatched_columns import UnmatchedColumns
    from coderag_app.schema.tables import Table
    from ui.page.session import PageSession

_REFUSED = "values-not-switched"


def draw_value_switch(session: PageSession, unread: UnmatchedColumns, table: Table) -> None:
    """Choose the columns of a table whose values are switched off; the engine follows at once."""
    key = f"unread-{table.name}"
    st.multiselect(
        "Values switched off", [column.name for column in table.columns], _switched_off(unread, table),
        format_func=visible_text, key=key, placeholder="None. Pick columns that hold private values.",
        on_change=_switch, args=(session, unread, table, key),
        help="Values of these columns are not matched with questions, not shown to the model, and not shown here. "
        "Queries can still use the columns.",
    )  # fmt: skip
    if refused := st.session_state.pop(_REFUSED, ""):
        draw_error("This was not switched.", refused)


def _switched_off(unread: UnmatchedColumns, table: Table) -> list[str]:
    return [column.name for column in table.columns if unread.is_off(table.name, column.name)]


def _switch(session: PageSession, unread: UnmatchedColumns, table: Table, key: str) -> None:
    """Write down what was chosen; where that is not possible, show again what holds."""
    wanted = set(st.session_state[key])
    try:
        for name in wanted.symmetric_difference(_switched_off(unread, table)):
            unread.switch(table.name, name, on=name not in wanted)
    except CodeRAGError as error:
        st.session_state[_REFUSED] = str(error)
        st.session_state[key] = _switched_off(unread, table)
    forget_engine(session.connection)
