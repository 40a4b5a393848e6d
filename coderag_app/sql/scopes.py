"""What the names in a query may stand for: the sources of each scope. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from coderag_app.schema.tables import Schema, Table

_SORTING = frozenset({"group", "having", "order", "qualify"})
_ASCII_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


class Columns(dict[str, int]):
    """The names of a source's columns, and how many of the schema's columns each stands for.

    ``width`` is the number of columns, which is larger than that of the names where some are called alike.
    """

    def __init__(self, columns: Iterable[tuple[str, int]], width: int = 0) -> None:
        super().__init__(columns)
        self.width = max(width, len(self))

    @classmethod
    def plain(cls, names: Iterable[str]) -> Columns:
        """Columns that stand for one each."""
        return cls((name, 1) for name in names)


def folded(name: exp.Expression | str | None, dialect: str) -> str:
    """A name as the engine compares it; empty for what has none.

    Most engines fold ASCII letters alone: Python's ``lower`` would also make a k of the Kelvin sign, and with it a
    harmless name of one that the engine reads otherwise. PostgreSQL takes a quoted name as it stands.
    """
    if name is None:
        return ""
    text = name if isinstance(name, str) else name.name
    if dialect == "postgres" and not isinstance(name, str) and name.args.get("quoted"):
        return text
    return text.lower() if dialect == "mysql" else text.translate(_ASCII_LOWER)


def alias_name(relation: exp.Expression, dialect: str) -> str:
    """The name under which a query may speak of a relation or a projection: its alias, else its own name."""
    alias = relation.args.get("alias")
    if isinstance(alias, exp.TableAlias):
        alias = alias.this
    if isinstance(alias, exp.Identifier):
        return folded(alias, dialect)
    return folded(relation.this, dialect) if isinstance(relation.this, exp.Identifier) else ""


def function_name(call: exp.Func) -> str:
    """The function's name in lower case; sqlglot's own where the author wrote a synonym."""
    if isinstance(call, exp.GenerateSeries | exp.ExplodingGenerateSeries):
        return "generate_series"
    return (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()


def alias_clauses(dialect: str) -> frozenset[str]:
    """The clauses of a SELECT that may use the aliases of its columns."""
    return _SORTING | {"sqlite": {"where"}, "duckdb": {"where", "expressions"}}.get(dialect, set())


def main_schema(schema: Schema | None, dialect: str) -> str:
    """The prefix under which a database's own tables may be written."""
    if schema is not None and schema.namespace:
        return schema.namespace
    return "public" if dialect == "postgres" else "main"


@dataclass(frozen=True)
class Source:
    """Something in a FROM clause. ``columns`` are None when they are not known (a table function)."""

    name: str
    columns: Columns | None
    table: Table | None = None

    def has(self, column: str) -> bool:
        """Whether the source surely has the column."""
        return self.columns is not None and column in self.columns


@dataclass
class Scope:
    """What names a query may use."""

    outer: Scope | None
    sources: list[Source] = field(default_factory=list)
    aliases: frozenset[str] = frozenset()
    weights: dict[str, int] = field(default_factory=dict)  # how many columns each alias stands for
    merged: set[str] = field(default_factory=set)  # columns of USING: in both sources, and yet not ambiguous
    natural: bool = False

    def source(self, name: str) -> Source | None:
        """The source of that name, here or further out."""
        return next((source for source in self.all_sources() if source.name == name), None)

    def all_sources(self) -> list[Source]:
        """The sources of this scope and of those around it, nearest first."""
        around = self.outer.all_sources() if self.outer is not None else []
        return [*self.sources, *around]

    def tables(self) -> list[Table]:
        """The schema's tables among all sources."""
        return [source.table for source in self.all_sources() if source.table is not None]

    def columns(self) -> set[str]:
        """Names of all columns that a query may use here, as they are compared."""
        return {column for source in self.all_sources() for column in source.columns or ()}


def alias_columns(relation: exp.Expression, dialect: str) -> Columns | None:
    """The column names an alias gives, as in ``AS t(a, b)``; None without them."""
    alias = relation.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return Columns.plain(folded(column, dialect) for column in columns) if columns else None
