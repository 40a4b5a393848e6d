"""What the names in a query may stand for: the sources of each scope. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from coderag_app.schema import Table

_SORTING = frozenset({"group", "having", "order", "qualify"})


def function_name(call: exp.Func) -> str:
    """The function's name in lower case; sqlglot's own where the author wrote a synonym."""
    if isinstance(call, exp.GenerateSeries | exp.ExplodingGenerateSeries):
        return "generate_series"
    return (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()


def alias_clauses(dialect: str) -> frozenset[str]:
    """The clauses of a SELECT that may use the aliases of its columns."""
    return _SORTING | {"sqlite": {"where"}, "duckdb": {"where", "expressions"}}.get(dialect, set())


def main_schema(dialect: str) -> str:
    """The prefix under which a database's own tables may be written."""
    return "public" if dialect == "postgres" else "main"


@dataclass(frozen=True)
class Source:
    """Something in a FROM clause. ``columns`` in lower case, None when they are not known (a table function)."""

    name: str
    columns: tuple[str, ...] | None
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
        """Names of all columns that a query may use here, in lower case."""
        return {column for source in self.all_sources() for column in source.columns or ()}


def alias_columns(relation: exp.Expression) -> tuple[str, ...] | None:
    """The column names an alias gives, as in ``AS t(a, b)``; None without them."""
    alias = relation.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return tuple(column.name.lower() for column in columns) if columns else None
