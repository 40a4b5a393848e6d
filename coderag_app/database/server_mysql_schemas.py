"""Several databases of a MySQL or MariaDB server read as one: which tables they give, and where bare names point.

These servers have no search path: a bare name means a table of the session's own database. Before a statement runs,
each bare name of a table of another one gets its database in front.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from coderag_app.database.left_out import first_of_each_name, say_left_out
from coderag_app.database.server_mysql_catalogue import read_mysql_catalogue
from coderag_app.database.server_sessions import Catalogue
from coderag_app.errors import DatabaseError
from coderag_app.sql.parsing import parse_one

_SERVERS_OWN = ("information_schema", "mysql", "performance_schema", "sys")
_DATABASES = (
    "SELECT s.SCHEMA_NAME, count(t.TABLE_NAME) FROM information_schema.SCHEMATA s LEFT JOIN information_schema.TABLES "
    "t ON t.TABLE_SCHEMA = s.SCHEMA_NAME AND t.TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') "
    "GROUP BY s.SCHEMA_NAME ORDER BY s.SCHEMA_NAME"
)


def read_databases(cursor: Any, path: Sequence[str]) -> tuple[Catalogue, dict[str, str]]:
    """Tables and views of some databases, with the keys between them; what is left out is said.

    Args:
        cursor: A cursor of an introspecting connection.
        path: The databases, in the order that bare names are looked up.

    Returns:
        The catalogue, and the database of each table.

    Raises:
        DatabaseError: The role sees no such database.
    """
    cursor.execute(_DATABASES)
    counted = {str(name): int(count) for name, count in cursor.fetchall() if str(name).lower() not in _SERVERS_OWN}
    for name in path:
        if name not in counted:
            there = ", ".join(counted)
            raise DatabaseError(f"The server shows this role no database {name!r}; expected some of: {there}.")
    read = {name: read_mysql_catalogue(cursor, name, path) for name in path}
    tables = {(name, table.name): table for name, catalogue in read.items() for table in catalogue.tables}
    chosen = first_of_each_name(tables, path)
    places = {table: name for name, table in chosen}
    kept = tuple(
        replace(
            tables[name, table],
            foreign_keys=tuple(key for key in tables[name, table].foreign_keys if key.ref_table in places),
            namespace="" if name == path[0] else name,
        )
        for name, table in chosen
    )
    texts = {text for name in read for text in read[name].texts if places.get(text[0]) == name}
    unsampled = {n: why for name in read for n, why in read[name].unsampled.items() if places.get(n) == name}
    say_left_out([(name, count) for name, count in counted.items() if count and name not in path], path)
    return Catalogue(kept, frozenset(texts), unsampled), places


def with_databases(sql: str, places: Mapping[str, str]) -> str:
    """The statement with the database before each bare name of a table of another one; the rest as it stands.

    Args:
        sql: A checked statement.
        places: The database of each table that is not of the session's own.

    Example:
        >>> with_databases("SELECT p.id FROM staff AS p JOIN shop ON p.id = shop.id", {"staff": "hr"})
        'SELECT p.id FROM `hr`.staff AS p JOIN shop ON p.id = shop.id'
    """
    if not places:
        return sql
    folded = {name.lower(): place for name, place in places.items()}
    tree = parse_one(sql, dialect="mysql")
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    starts = {}
    for table in tree.find_all(exp.Table):
        name = table.this
        bare = isinstance(name, exp.Identifier) and not table.args.get("db") and name.name.lower() not in named
        if bare and (place := places.get(name.name) or folded.get(name.name.lower())):
            starts[name.meta["start"]] = "`" + place.replace("`", "``") + "`."
    for start in sorted(starts, reverse=True):
        sql = sql[:start] + starts[start] + sql[start:]
    return sql
