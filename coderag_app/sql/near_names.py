"""Messages for names a schema does not have, with the nearest names it has; and texts in double quotes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from sqlglot import exp

from coderag_app.errors import SQLRejectedError
from coderag_app.schema.tables import Schema, Table

_SHOWN_NAMES = 4
_SHOWN_TABLES = 12
_NEAR = 0.6
_SAME_WORD = 0.8  # from here on a double-quoted text is taken for a misspelt column
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.Glob, exp.Is, exp.Escape)
_PLAIN_WORD = re.compile(r"[\w ]*")


def unknown_table(name: str, schema: Schema) -> SQLRejectedError:
    """The error for a table that is not in the schema."""
    names = [table.name for table in schema.tables]
    near = _nearest(name, names)
    if near:
        return SQLRejectedError(f'no such table "{name}"; near: {", ".join(near)}')
    listed = ", ".join(names[:_SHOWN_TABLES]) or "none"
    return SQLRejectedError(f'no such table "{name}"; the tables are: {listed}')


def unknown_qualifier(column: exp.Column, sources: list[str], schema: Schema) -> SQLRejectedError:
    """The error for ``x.column`` where no source of the query is called x."""
    hint = f"; the sources in scope are: {', '.join(filter(None, sources)) or 'none'}"
    if schema.table(column.table) is not None:
        hint = f"; the table exists, but is not in this FROM clause{hint}"
    return SQLRejectedError(f'no such table or alias "{column.table}" for "{column.table}.{column.name}"{hint}')


def ambiguous_column(name: str, sources: list[str]) -> SQLRejectedError:
    """The error for a name that several sources have."""
    return SQLRejectedError(f'ambiguous column "{name}": it is in {" and in ".join(sources)}; write it with its table')


def unknown_column(
    column: exp.Column,
    sql: str,
    schema: Schema,
    tables: list[Table],
    owner: Table | None = None,
    owner_columns: Iterable[str] = (),
) -> SQLRejectedError:
    """The error for a column that no source has.

    Args:
        column: The column as it was written.
        sql: The text it was written in.
        schema: The schema that does not have it.
        tables: The schema's tables in scope; their columns are named first.
        owner: The table that the column was written with; None for a derived one.
        owner_columns: The columns of what it was written with.
    """
    shown = f"{column.table}.{column.name}" if column.table else column.name
    derived = [f"{column.table}.{name}" for name in owner_columns] if owner is None and column.table else []
    ordered = {table.name: table for table in (*([owner] if owner is not None else []), *tables, *schema.tables)}
    qualified = derived + [f"{table.name}.{c.name}" for table in ordered.values() for c in table.columns]
    near = _nearest(column.name, qualified)
    message = f'no such column "{shown}"'
    if owner is not None and owner.name.lower() != column.table.lower():
        message += f" ({column.table} is {owner.name})"
    if near:
        message += f"; near: {', '.join(near)}"
    elif tables:
        message += f"; {tables[0].name} has: {', '.join(c.name for c in tables[0].columns[:_SHOWN_TABLES])}"
    if _double_quoted(column, sql):
        message += f"; for a text write '{column.name}' in single quotes"
    return SQLRejectedError(message)


def reads_as_text(column: exp.Column, sql: str, schema: Schema, in_scope: Iterable[str]) -> bool:
    """Whether a double-quoted name that no source has is meant as a text, as SQLite takes it.

    It is when it stands where a value is expected, next to something that is not a plain value itself, and is not
    the name of a column elsewhere, nor nearly one in scope: a misspelt column must not turn into a constant.
    """
    if not _double_quoted(column, sql) or column.table:
        return False
    name = column.name.lower()
    if any(table.column(name) is not None for table in schema.tables):
        return False
    if get_close_matches(name, list(in_scope), n=1, cutoff=_SAME_WORD):
        return False
    return _is_value_place(column, sql)


def _is_value_place(column: exp.Column, sql: str) -> bool:
    node: exp.Expression = column
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Tuple | exp.Distinct | exp.DPipe):
        node, parent = parent, parent.parent
    if isinstance(parent, exp.In | exp.Between):
        return parent.this is not node and parent.this.find(exp.Column) is not None
    if isinstance(parent, _COMPARISONS):
        other = parent.expression if parent.this is node else parent.this
        return any(not _double_quoted(c, sql) for c in other.find_all(exp.Column)) or other.find(exp.Query) is not None
    if isinstance(parent, exp.If | exp.Case):
        return parent.args.get("this") is not node
    return isinstance(parent, exp.Func) and not _PLAIN_WORD.fullmatch(column.name)


def _double_quoted(column: exp.Column, sql: str) -> bool:
    start = column.this.meta.get("start") if isinstance(column.this, exp.Identifier) else None
    return start is not None and sql[start : start + 1] == '"'


def _nearest(name: str, candidates: list[str]) -> list[str]:
    """Up to four of the candidates (``table.column`` or ``table``) by likeness of their last part, best first."""
    wanted = name.lower()

    def likeness(candidate: str) -> float:
        last = candidate.rpartition(".")[2].lower()
        if wanted == last:
            return 2.0
        score = SequenceMatcher(None, wanted, last).ratio()
        words_shared = set(re.split(r"[\W_]+", wanted)) & set(re.split(r"[\W_]+", last)) - {"id", ""}
        return score + (0.2 if words_shared else 0.0)

    scored = [(likeness(candidate), -index) for index, candidate in enumerate(candidates)]
    best = sorted((pair for pair in scored if pair[0] >= _NEAR), reverse=True)[:_SHOWN_NAMES]
    return [candidates[-index] for _, index in best]
