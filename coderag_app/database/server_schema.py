"""Read the schema of a server's default schema through SQLAlchemy's inspector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coderag_app.database.sampling import MAX_SAMPLE_CHARS, SCANNED_ROWS
from coderag_app.schema import Column, ForeignKey, Table

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import Dialect

_BINARY = ("BYTEA", "BLOB", "BINARY", "VARBINARY", "LONGBLOB", "MEDIUMBLOB", "TINYBLOB")


def read_server_schema(connection: Connection) -> list[Table]:
    """Tables and views (materialised ones too) of the default schema, with the keys between them."""
    from sqlalchemy import inspect
    from sqlalchemy.engine.reflection import ObjectKind

    inspector = inspect(connection)
    primary = {name: key["constrained_columns"] for (_, name), key in inspector.get_multi_pk_constraint().items()}
    foreign = {name: keys for (_, name), keys in inspector.get_multi_foreign_keys().items()}
    tables = []
    for (_, name), columns in inspector.get_multi_columns(kind=ObjectKind.ANY).items():
        keys = set(primary.get(name, ()))
        kept = tuple(Column(c["name"], _type_name(c["type"], connection.dialect), c["name"] in keys) for c in columns)
        tables.append(Table(name, kept, tuple(map(_foreign_key, foreign.get(name, ())))))
    names = {table.name for table in tables}
    return [
        Table(table.name, table.columns, tuple(key for key in table.foreign_keys if key.ref_table in names))
        for table in tables
    ]


def is_text_column(connection: Connection, table: str, column: str) -> bool:
    """Whether the column exists and is declared as a text (an enumeration counts)."""
    from sqlalchemy import inspect
    from sqlalchemy.types import String

    columns = inspect(connection).get_columns(table)
    return any(c["name"] == column and isinstance(c["type"], String) for c in columns)


def sample_query(table: Table, dialect: Dialect) -> str:
    """A query for the first rows of a table as short texts; long and binary values become NULL."""
    quoted = dialect.identifier_preparer.quote_identifier
    cast = "CHAR" if dialect.name in ("mysql", "mariadb") else "TEXT"
    shown = []
    for column in table.columns:
        text = f"CAST({quoted(column.name)} AS {cast})"
        short = f"CASE WHEN char_length({text}) <= {MAX_SAMPLE_CHARS} THEN {text} END"
        shown.append("NULL" if column.type.upper().startswith(_BINARY) else short)
    return f"SELECT {', '.join(shown) or 'NULL'} FROM {quoted(table.name)} LIMIT {SCANNED_ROWS}"


def _type_name(declared: Any, dialect: Dialect) -> str:
    from sqlalchemy.exc import CompileError

    try:
        return str(declared.compile(dialect))
    except CompileError:  # a type that SQLAlchemy does not know: an extension's or a user's
        return type(declared).__name__.removesuffix("Type").upper()


def _foreign_key(key: Any) -> ForeignKey:
    return ForeignKey(tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
