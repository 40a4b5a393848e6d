"""The form of a query apart from spelling: canonical text, skeleton, names and values. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from coderag_app.schema.tables import Schema
from coderag_app.sql.parsing import parse
from finetune.evaluation.canonical import canonical_text

_TOKEN = re.compile(r"\w+|[^\w\s]+")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.In, exp.Between)
_BLANK = "_"


@dataclass(frozen=True, slots=True)
class SQLForm:
    """The parts of one query.

    Attributes:
        canonical: Equal for queries that differ in spelling alone (see ``canonical_text``).
        skeleton: The SQL with every table, column and value replaced by ``_`` and aliases removed.
        tables: Lowercase names of the tables it reads, without CTEs.
        columns: Lowercase ``table.column``, or ``column`` if the table is unknown.
        values: Its literals, as text.
        nesting: SELECTs beyond the first: subqueries, CTEs and set operations.
    """

    canonical: str
    skeleton: str
    tables: frozenset[str]
    columns: frozenset[str]
    values: frozenset[str]
    nesting: int

    @property
    def skeleton_tokens(self) -> tuple[str, ...]:
        """Words and operators of the skeleton, in order."""
        return tuple(_TOKEN.findall(self.skeleton))


@lru_cache(maxsize=32768)
def read_form(sql: str, schema: Schema | None = None, dialect: str = "sqlite") -> SQLForm | None:
    """Parse a query into its parts.

    Args:
        sql: One query.
        schema: The schema it is written for. With it, columns are assigned to tables, ``*`` is expanded, and SQLite's
            double-quoted strings (``name = "Ann"``) are distinguished from quoted names.
        dialect: sqlglot dialect it is read in.

    Returns:
        None for text that is not one query.
    """
    query = parse_query(sql, dialect)
    if query is None:
        return None
    try:
        _read_quoted_strings(query, schema)
        skeleton = _skeleton(query)
        qualified = _qualified(query.transform(_without_between), schema, dialect)
        return SQLForm(
            canonical=canonical_text(qualified),
            skeleton=skeleton,
            tables=_tables(qualified),
            columns=_columns(qualified),
            values=frozenset(literal.name for literal in query.find_all(exp.Literal)),
            nesting=sum(1 for _ in query.find_all(exp.Select)) - 1,
        )
    except (SqlglotError, RecursionError):
        # Parsed but not qualified; the caller compares the text then.
        return None


def read_skeleton(sql: str, schema: Schema | None = None, dialect: str = "sqlite") -> str | None:
    """Read only the skeleton, in less than half the time of ``read_form``."""
    query = parse_query(sql, dialect)
    if query is None:
        return None
    try:
        _read_quoted_strings(query, schema)
        return _skeleton(query)
    except (SqlglotError, RecursionError):
        return None


def parse_query(sql: str, dialect: str = "sqlite") -> exp.Query | None:
    """The syntax tree of one query; None for anything else."""
    try:
        statements = [statement for statement in parse(sql, dialect=dialect) if statement is not None]
    except (SqlglotError, RecursionError):
        return None
    if len(statements) != 1:
        return None
    query = statements[0].unnest() if isinstance(statements[0], exp.Subquery) else statements[0]
    return query if isinstance(query, exp.Query) else None


def _read_quoted_strings(query: exp.Expr, schema: Schema | None) -> None:
    """SQLite reads ``"Ann"`` as a string if no column has that name."""
    names = {cte.alias.lower() for cte in query.find_all(exp.CTE)} | {
        a.alias.lower() for a in query.find_all(exp.Alias)
    }
    for table in query.find_all(exp.Table):
        known = schema.table(table.name) if schema is not None else None
        names |= {column.name.lower() for column in known.columns} if known is not None else set()
    for column in list(query.find_all(exp.Column)):
        identifier = column.this
        quoted = isinstance(identifier, exp.Identifier) and identifier.args.get("quoted") and not column.table
        if not quoted or identifier.name.lower() in names:
            continue
        if schema is not None or (isinstance(column.parent, _COMPARISONS) and column.parent.this is not column):
            column.replace(exp.Literal.string(identifier.name))


def _without_between(node: exp.Expr) -> exp.Expr:
    """Replace ``x BETWEEN a AND b`` by its two comparisons."""
    if not isinstance(node, exp.Between) or node.args.get("symmetric"):
        return node
    low = exp.LTE(this=node.args["low"].copy(), expression=node.this.copy())
    return exp.And(this=low, expression=exp.LTE(this=node.this.copy(), expression=node.args["high"].copy()))


def _qualified(query: exp.Expr, schema: Schema | None, dialect: str) -> exp.Expr:
    """Qualify every column with its table where possible; returns the query unchanged if sqlglot fails."""
    if schema is None:
        _name_only_tables(query)
    try:
        return qualify(
            query.copy(),
            schema=_mapping(schema) if schema is not None else None,
            dialect=dialect,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
    except (SqlglotError, AttributeError, KeyError, IndexError, TypeError, ValueError):
        # The optimizer fails in many ways on SQL that parses but makes no sense; it is compared unqualified.
        return query


def _name_only_tables(query: exp.Expr) -> None:
    """Without a schema, a bare column belongs to the only table of its SELECT."""
    for column in query.find_all(exp.Column):
        select = column.find_ancestor(exp.Select)
        if column.table or select is None or select.args.get("joins") or not select.args.get("from_"):
            continue
        source = select.args["from_"].this
        if isinstance(source, exp.Table) and column.name not in {alias.alias for alias in select.find_all(exp.Alias)}:
            column.set("table", exp.to_identifier(source.alias_or_name))


@lru_cache(maxsize=512)
def _mapping(schema: Schema) -> MappingSchema:
    mapping = MappingSchema(dialect=schema.dialect)
    for table in schema.tables:
        node = exp.Table(this=exp.to_identifier(table.name.lower(), quoted=True))
        mapping.add_table(node, {column.name.lower(): "TEXT" for column in table.columns}, normalize=False)
    return mapping


def _skeleton(query: exp.Expr) -> str:
    query = query.copy()
    for alias in list(query.find_all(exp.Alias)):
        alias.replace(alias.this)
    for node in list(query.find_all(exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.Star)):
        if not isinstance(node, exp.Star) or isinstance(node.parent, exp.Select):
            node.replace(exp.column(_BLANK))
    for table in query.find_all(exp.Table, exp.Subquery):
        table.set("alias", None)
        if isinstance(table, exp.Table):
            table.set("this", exp.to_identifier(_BLANK))
    for cte in query.find_all(exp.CTE):
        cte.set("alias", exp.TableAlias(this=exp.to_identifier(_BLANK)))
    return query.sql(dialect="sqlite", comments=False)


def _tables(query: exp.Expr) -> frozenset[str]:
    ctes = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    return frozenset(table.name.lower() for table in query.find_all(exp.Table)) - ctes


def _columns(query: exp.Expr) -> frozenset[str]:
    tables = {table.alias_or_name.lower(): table.name.lower() for table in query.find_all(exp.Table)}
    found = set()
    for column in query.find_all(exp.Column):
        owner = tables.get(column.table.lower(), "")
        found.add(f"{owner}.{column.name.lower()}" if owner else column.name.lower())
    return frozenset(found)
