"""Read a schema from CREATE statements. Pure."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.sql.parsing import parse


def schema_from_ddl(ddl: str, dialect: str = "sqlite") -> Schema:
    """Read a schema from CREATE TABLE and CREATE VIEW statements; other statements are passed over.

    Args:
        ddl: SQL text such as gretel's ``sql_context``.
        dialect: sqlglot dialect to read it with.

    Raises:
        DatabaseError: The text does not parse, or creates no table.
    """
    try:
        statements = parse(ddl, dialect=dialect)
    except (SqlglotError, RecursionError) as error:
        raise DatabaseError(f"The schema text is not SQL that can be read: {str(error).splitlines()[0]}") from error
    tables: dict[str, Table] = {}
    for statement in statements:
        if isinstance(statement, exp.Create) and statement.kind in ("TABLE", "VIEW"):
            table = _table_from_create(statement)
            if table.columns:
                tables.setdefault(table.name.lower(), table)
    if not tables:
        raise DatabaseError("The schema text creates no table; expected at least one CREATE TABLE statement.")
    return Schema(tuple(tables.values()), dialect)


def _table_from_create(create: exp.Create) -> Table:
    target = create.find(exp.Table)
    name = target.name if target is not None else ""
    if create.kind == "VIEW" and isinstance(create.expression, exp.Query):
        return Table(name, tuple(Column(projection) for projection in create.expression.named_selects))
    columns: list[Column] = []
    foreign_keys: list[ForeignKey] = []
    primary: set[str] = set()
    parts = create.this.expressions if isinstance(create.this, exp.Schema) else []
    for part in parts:
        for key in part.find_all(exp.PrimaryKey):
            primary.update(column.name.lower() for column in key.expressions)
        if isinstance(part, exp.ColumnDef):
            kind = part.args.get("kind")
            if part.find(exp.PrimaryKeyColumnConstraint):
                primary.add(part.name.lower())
            columns.append(Column(part.name, kind.sql() if kind is not None else ""))
        for reference in part.find_all(exp.Reference):
            foreign_keys.append(_foreign_key(part, reference))
    kept = tuple(Column(c.name, c.type, c.name.lower() in primary) for c in columns)
    return Table(name, kept, tuple(foreign_keys))


def _foreign_key(part: exp.Expression, reference: exp.Reference) -> ForeignKey:
    owner = part.find(exp.ForeignKey)
    columns = tuple(c.name for c in owner.expressions) if owner is not None else (part.name,)
    target = reference.this
    ref_columns = tuple(c.name for c in target.expressions) if isinstance(target, exp.Schema) else ()
    table = target.find(exp.Table)
    return ForeignKey(columns, table.name if table is not None else "", ref_columns)
