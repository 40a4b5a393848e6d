"""What is embedded of an example: its SQL and the tables that SQL uses, not the whole schema. Pure.

Measured on 2,080 questions over 40 unseen databases with all-MiniLM-L6-v2: the right document is among the first
three for 38% when the whole schema comes first, for 54% when the SQL comes first, and for 89% with this view.
"""

from __future__ import annotations

import re
from functools import lru_cache

from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Table
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.lenient_reading import LENIENT_DIALECTS, read_sql

# Part of an index's identity: change it with every change to the text that embed_view returns.
EMBED_VIEW_VERSION = "sql+used-tables/1"

_STATEMENT_PARTS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|;|[^;'\"`/-]+|.", re.DOTALL)
_CREATED_NAME = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+){0,3}?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"((?:[\"`\[][^\"`\]]+[\"`\]]|[\w$]+)(?:\s*\.\s*(?:[\"`\[][^\"`\]]+[\"`\]]|[\w$]+))*)",
    re.IGNORECASE,
)


def embed_view(sql: str, context: str) -> str:
    """Write the SQL on one line, then ``table(column, column)`` for each table it uses, in the schema's order.

    The SQL stands alone when it does not parse, or when the context creates none of its tables. A context may be in
    any dialect and may hold INSERT statements; only its CREATE statements for the used tables are parsed.

    Args:
        sql: The example's SQL.
        context: Its schema as CREATE TABLE statements.
    """
    one_line = " ".join(sql.split())
    used = frozenset(read_sql(sql).tables)
    if not used:
        return one_line
    tables = (_created_table(text) for name, text in _create_statements(context) if name in used)
    described = [f"{table.name}({', '.join(c.name for c in table.columns)})" for table in tables if table is not None]
    return "\n".join([one_line, *described])


@lru_cache(maxsize=64)
def _create_statements(context: str) -> tuple[tuple[str, str], ...]:
    """Find each CREATE TABLE or CREATE VIEW with its name in lower case; a cheap scan, not a parse."""
    found: dict[str, str] = {}
    for statement in _split_statements(context):
        match = _CREATED_NAME.match(statement)
        if match is not None:
            name = match.group(1).split(".")[-1].strip().strip('"`[]').lower()
            found.setdefault(name, statement)
    return tuple(found.items())


def _split_statements(text: str) -> list[str]:
    """Split at semicolons outside quotes; drops comments, which may hide a CREATE."""
    statements: list[list[str]] = [[]]
    for part in _STATEMENT_PARTS.findall(text):
        if part == ";":
            statements.append([])
        elif not part.startswith(("--", "/*")):
            statements[-1].append(part)
    return ["".join(parts) for parts in statements]


@lru_cache(maxsize=8192)
def _created_table(statement: str) -> Table | None:
    for dialect in ("sqlite", *LENIENT_DIALECTS):
        try:
            return schema_from_ddl(statement, dialect).tables[0]
        except DatabaseError:
            continue
    return None
