"""Resolve every table and column of a parsed query against a schema, scope by scope. Pure.

Each query has a scope: the sources of its FROM, the aliases of its SELECT, and the scope around it, which a
correlated subquery may use. Names are compared as the engine compares them (``scopes.folded``), and a CTE is visible
where the engine sees it: what the guard takes for a harmless name must be one for the engine as well.

Engines put the text of CTEs and nested queries in place of their names, so a short query can stand for a huge one. What
it stands for is counted on the way, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlglot import exp

from coderag_app.errors import SQLRejectedError
from coderag_app.schema.tables import Schema, Table
from coderag_app.sql.functions import TABLE_FUNCTIONS
from coderag_app.sql.near_names import ambiguous_column, reads_as_text, unknown_column, unknown_qualifier, unknown_table
from coderag_app.sql.scopes import (
    Columns,
    Scope,
    Source,
    alias_clauses,
    alias_columns,
    alias_name,
    folded,
    function_name,
    main_schema,
)

MAX_QUERIES = 1000
MAX_COLUMNS = 2000  # of one result; SQLite's own bound, and above PostgreSQL's
MAX_RELATIONS = 200  # read by the whole query, each CTE counted wherever it is named
MAX_COLUMN_USES = 50_000  # by the whole query, each nested expression counted wherever it is named
MAX_EXPRESSION = 500  # columns that one column of a nested query stands for

SYSTEM_PREFIXES = ("pg_", "sqlite_", "pragma_", "duckdb_", "information_schema", "dbstat", "mysql")

_ROW_IDS = frozenset({"rowid", "oid", "_rowid_"})
_WHOLE_ROW_FUNCTIONS = frozenset({"highlight", "snippet", "bm25", "matchinfo", "offsets"})
_RELATIONS = frozenset({"with_", "from_", "joins", "laterals", "expressions"})


class _CTE:
    """What a CTE returns, and how much it reads."""

    def __init__(self, written: str, columns: Columns | None, relations: int = 1) -> None:
        self.written = written
        self.columns = columns
        self.relations = relations


_CTEs = dict[str, _CTE]


class NameResolver:
    """One pass over a query. Afterwards ``tables`` and ``columns`` hold the names of the schema it uses.

    ``texts`` maps the position of a double-quoted text in the SQL to the same text in single quotes (SQLite only).
    """

    def __init__(self, schema: Schema, dialect: str, sql: str) -> None:
        self._schema = schema
        self._dialect = dialect
        self._sql = sql
        self._exact_tables = {table.name: table for table in schema.tables} if dialect == "postgres" else {}
        self._queries = self._relations = self._column_uses = 0
        self.tables: dict[str, None] = {}
        self.columns: dict[str, None] = {}
        self.texts: dict[int, str] = {}

    def resolve(self, query: exp.Expression) -> None:
        """Resolve the whole query.

        Raises:
            SQLRejectedError: A name is unknown or ambiguous, or the query stands for too large a one.
        """
        self._query(query, {}, None)

    def _folded(self, name: exp.Expression | str | None) -> str:
        return folded(name, self._dialect)

    def _query(self, query: exp.Expression, ctes: _CTEs, outer: Scope | None) -> tuple[Columns | None, Scope]:
        """Resolve a query; returns the names of its columns and the scope of its (leftmost) SELECT."""
        self._queries += 1  # a recursive CTE's first part is read twice, and CTEs nest: that grows fast
        if self._queries > MAX_QUERIES:
            raise SQLRejectedError(f"The SQL holds more than {MAX_QUERIES} nested queries; expected simpler SQL.")
        ctes = self._ctes(query, ctes, outer)
        if isinstance(query, exp.Select):
            return self._select(query, ctes, outer)
        if isinstance(query, exp.SetOperation):
            left, scope = self._query(query.this, ctes, outer)
            right, _ = self._query(query.expression, ctes, outer)
            left = _united(left, right)
            names = None if left is None or right is None else frozenset(left) | frozenset(right)
        elif isinstance(query, exp.Subquery):
            left, scope = self._query(query.this, ctes, outer)
            names = None if left is None else frozenset(left)
        elif isinstance(query, exp.Values):
            scope = Scope(outer)
            self._expressions(query.expressions, scope, ctes)
            width = len(query.expressions[0].expressions)
            return Columns.plain(f"column{i + 1}" for i in range(width)), scope
        else:
            raise SQLRejectedError(f"{query.key.upper()} is not allowed here; expected a SELECT.")
        scope = replace(scope, aliases=names or frozenset(), natural=names is None or scope.natural)
        for clause in ("order", "limit", "offset"):
            self._expressions([query.args.get(clause)], scope, ctes, aliases=True)
        return left, scope

    def _ctes(self, query: exp.Expression, ctes: _CTEs, outer: Scope | None) -> _CTEs:
        clause = query.args.get("with_")
        if clause is None:
            return ctes
        ctes = dict(ctes)
        # Without RECURSIVE a CTE that reads its own name reads what is called so outside; SQLite knows no difference.
        recursive = bool(clause.args.get("recursive")) or self._dialect == "sqlite"
        for cte in clause.expressions:
            written, name, body = cte.alias, self._folded(cte.args["alias"].this), cte.this
            if name.startswith(SYSTEM_PREFIXES):
                raise SQLRejectedError(f'The WITH query "{written}" is named like a system table; write another name.')
            named = alias_columns(cte, self._dialect)
            relations, uses = self._relations, self._column_uses
            if recursive and isinstance(body, exp.SetOperation):
                first = body
                inner = self._ctes(body, ctes, outer)
                while isinstance(first, exp.SetOperation | exp.Subquery):
                    first = first.this
                columns, _ = self._query(first, inner, outer)
                ctes[name] = _CTE(written, _renamed(columns, named))
                self._column_uses = uses  # it is read again below
            self._relations = 0
            columns, _ = self._query(body, ctes, outer)
            ctes[name] = _CTE(written, _renamed(columns, named), max(1, self._relations))
            self._relations = relations  # it counts where it is named
        return ctes

    def _select(self, select: exp.Select, ctes: _CTEs, outer: Scope | None) -> tuple[Columns | None, Scope]:
        scope = Scope(outer)
        start = select.args.get("from_")
        if start is not None:
            self._source(start.this, scope, ctes)
        scope.aliases = frozenset(self._folded(p.args["alias"]) for p in select.expressions if isinstance(p, exp.Alias))
        self._joins(select.args.get("joins") or (), scope, ctes)
        for lateral in select.args.get("laterals") or ():
            self._source(lateral, scope, ctes)
        with_aliases = alias_clauses(self._dialect)
        outputs = self._outputs(select, scope, ctes, "expressions" in with_aliases)
        for clause, value in select.args.items():
            if clause not in _RELATIONS:
                self._expressions(value if isinstance(value, list) else [value], scope, ctes, clause in with_aliases)
        return outputs, scope

    def _joins(self, joins: Sequence[exp.Expression], scope: Scope, ctes: _CTEs) -> None:
        for join in joins:
            before = list(scope.sources)
            self._source(join.this, scope, ctes)
            added = scope.sources[len(before) :]
            if join.args.get("method") == "NATURAL":
                scope.natural = True
                for source in scope.sources:
                    self._refuse_hidden(source.table)
            for identifier in join.args.get("using") or ():
                name = self._folded(identifier)
                for side in (Scope(None, before, merged={name}), Scope(None, added, merged={name})):
                    if not self._use_column(name, side.sources, side):
                        raise unknown_column(exp.column(identifier.copy()), self._sql, self._schema, side.tables())
                scope.merged.add(name)
        # After all sources are there: SQLite lets a condition name a table that is joined further right.
        for join in joins:
            self._expressions([join.args.get("on")], scope, ctes)

    def _source(self, relation: exp.Expression, scope: Scope, ctes: _CTEs) -> None:
        """Add a relation of a FROM clause to the scope."""
        named = alias_columns(relation, self._dialect)
        alias = alias_name(relation, self._dialect)
        if isinstance(relation, exp.Table) and isinstance(relation.this, exp.Identifier):
            scope.sources.append(self._table(relation, alias, named, ctes))
        elif isinstance(relation, exp.Subquery) and isinstance(relation.this, exp.Table):
            self._source(relation.this, scope, ctes)
        elif isinstance(relation, exp.Subquery | exp.Values):
            columns, _ = self._query(relation, ctes, scope.outer)
            scope.sources.append(Source(alias, _renamed(columns, named)))
        elif isinstance(relation, exp.Lateral) and isinstance(relation.this, exp.Subquery):
            columns, _ = self._query(relation.this, ctes, scope)
            scope.sources.append(Source(alias, _renamed(columns, named)))
        else:  # a table function, whose arguments may use the sources before it
            self._expressions(relation.iter_expressions(), scope, ctes)
            function = relation if isinstance(relation, exp.Func) else relation.this
            if not isinstance(function, exp.Func):
                raise SQLRejectedError(f"{relation.key.upper()} {function} is not allowed in FROM; expected a table.")
            self._count_relations(1)
            known = TABLE_FUNCTIONS.get(self._dialect, {}).get(function_name(function))
            alias = alias or function_name(function)
            columns = None if known is None else Columns.plain((*known, alias))
            scope.sources.append(Source(alias, named or columns))
        self._joins(relation.args.get("joins") or (), scope, ctes)

    def _table(self, relation: exp.Table, alias: str, named: Columns | None, ctes: _CTEs) -> Source:
        identifier = relation.this
        name, place = self._folded(identifier), self._folded(relation.args.get("db"))
        found = self._exact_tables.get(name) if self._dialect == "postgres" else self._schema.table(name)
        own = found.namespace if found is not None and found.namespace else main_schema(self._schema, self._dialect)
        if relation.text("catalog") or (place and place != own):
            raise unknown_table(relation.sql(self._dialect), self._schema)
        cte = ctes.get(name) if not place else None
        if cte is not None:
            if self._dialect == "mysql" and cte.written != relation.name:  # on some servers these are two names
                raise SQLRejectedError(f'"{relation.name}" is written "{cte.written}" in WITH; write it the same.')
            self._count_relations(cte.relations)
            return Source(alias, _renamed(cte.columns, named))
        table = found
        if table is None:
            raise unknown_table(relation.name, self._schema)
        self._count_relations(1)
        self.tables[table.name.lower()] = None
        if named is not None:
            self._refuse_hidden(table)
            return Source(alias, named)
        return Source(alias, Columns.plain(self._stored(column.name) for column in table.columns), table)

    def _stored(self, name: str) -> str:
        """A name of the schema as the engine compares it: quoted, since it is spelled as it is stored."""
        return name if self._dialect == "postgres" else self._folded(name)

    def _count_relations(self, count: int) -> None:
        self._relations += count
        if self._relations > MAX_RELATIONS:
            raise SQLRejectedError(
                f"The SQL reads more than {MAX_RELATIONS} tables, each WITH query counted wherever it is named; "
                "expected simpler SQL."
            )

    def _refuse_hidden(self, table: Table | None) -> None:
        if table is not None and table.hidden:
            listed = ", ".join(table.hidden[:3])
            raise SQLRejectedError(
                f'"{table.name}" has columns that may not be read ({listed}); name the columns you need.'
            )

    def _expressions(
        self, nodes: Iterable[exp.Expression | None], scope: Scope, ctes: _CTEs, aliases: bool = False
    ) -> None:
        """Resolve the columns and the nested queries below the nodes."""
        stack = [node for node in nodes if isinstance(node, exp.Expression)][::-1]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Select | exp.SetOperation | exp.Subquery | exp.Values):
                self._query(node, ctes, scope)
            elif isinstance(node, exp.Column):
                self._column(node, scope, ctes, aliases)
                if isinstance(node.this, exp.Star):  # REPLACE (expression AS name)
                    stack.extend(list(node.this.iter_expressions())[::-1])
            elif isinstance(node, exp.Dot) and self._dialect != "duckdb":  # where it takes a field of a struct
                self._field(node, scope)
            else:
                stack.extend(list(node.iter_expressions())[::-1])

    def _field(self, dot: exp.Dot, scope: Scope) -> None:
        """``(row).column``: PostgreSQL calls a function of that name where the row has no such column."""
        row = dot.this
        while isinstance(row, exp.Paren):
            row = row.this
        bare = isinstance(row, exp.Column) and not row.table and isinstance(row.this, exp.Identifier)
        name = self._folded(row.this) if bare else ""
        source = scope.source(name) if bare and not self._unqualified(name, scope) else None
        if self._dialect == "postgres" and source is not None and source.columns is not None:
            self._refuse_hidden(source.table)
            if isinstance(dot.expression, exp.Star):
                for column in source.columns:
                    self._use_column(column, [source], scope)
                return
            field = dot.expression
            if isinstance(field, exp.Identifier) and self._use_column(self._folded(field), [source], scope):
                return
        raise SQLRejectedError(f'"{dot.sql(self._dialect)[:80]}" is not a column of a table; write table.column.')

    def _column(self, column: exp.Column, scope: Scope, ctes: _CTEs, aliases: bool) -> None:
        name, qualifier = self._folded(column.this), self._folded(column.args.get("table"))
        if qualifier:
            self._qualified(column, name, qualifier, scope)
        elif isinstance(column.this, exp.Star):
            return
        elif aliases and name in scope.aliases:
            columns = [source.columns for source in scope.all_sources() if source.columns is not None]
            self._count_uses(max(scope.weights.get(name, 1), *(known.get(name, 1) for known in columns), 1))
        elif not self._unqualified(name, scope) and not self._whole_row(column, name, scope, ctes):
            if self._dialect == "sqlite" and reads_as_text(column, self._sql, self._schema, scope.columns()):
                start = column.this.meta["start"]
                self.texts[start] = "'" + column.name.replace("'", "''") + "'"
                return
            raise unknown_column(column, self._sql, self._schema, scope.tables())

    def _qualified(self, column: exp.Column, name: str, qualifier: str, scope: Scope) -> None:
        place = self._folded(column.args.get("db"))
        in_place = not place or place == main_schema(self._schema, self._dialect)
        source = scope.source(qualifier) if in_place and not column.text("catalog") else None
        if source is None:
            first = next(part for part in (column.text("catalog"), place, qualifier) if part)
            if self._dialect == "duckdb" and (
                self._unqualified(qualifier, scope)
                or self._unqualified(self._folded(first), scope)
                or scope.source(self._folded(first)) is not None
            ):
                return  # a field of a struct
            raise unknown_qualifier(column, [s.name for s in scope.all_sources()], self._schema)
        if isinstance(column.this, exp.Star):
            self._refuse_hidden(source.table)
            return
        if source.columns is None and self._dialect != "postgres":  # where (series).name may call a function
            return
        if not self._use_column(name, [source], scope):
            raise unknown_column(column, self._sql, self._schema, scope.tables(), source.table, source.columns or ())

    def _unqualified(self, name: str, scope: Scope) -> bool:
        level: Scope | None = scope
        while level is not None:
            if self._use_column(name, level.sources, level):
                return True
            level = level.outer
        return any(source.columns is None for source in scope.all_sources())

    def _use_column(self, name: str, sources: list[Source], scope: Scope) -> bool:
        """Whether one of the sources has the column; the schema's column is then noted as used."""
        found = [source for source in sources if source.has(name)]
        if len(found) > 1 and name not in scope.merged and not scope.natural:
            raise ambiguous_column(name, [source.name for source in found])
        for source in found:
            self._count_uses(source.columns.get(name, 1) if source.columns is not None else 1)
            if source.table is not None:
                self.columns[f"{source.table.name.lower()}.{name.lower()}"] = None
        row_id = self._dialect == "sqlite" and name in _ROW_IDS
        return bool(found) or (row_id and any(source.table is not None for source in sources))

    def _count_uses(self, count: int) -> None:
        self._column_uses += count
        if self._column_uses > MAX_COLUMN_USES:
            raise SQLRejectedError(
                f"The SQL uses more than {MAX_COLUMN_USES} columns, nested expressions counted wherever they are "
                "named; expected simpler SQL."
            )

    def _whole_row(self, column: exp.Column, name: str, scope: Scope, ctes: _CTEs) -> bool:
        """Whether the name stands for a whole source: ``docs MATCH 'x'``, ``x IN other``, ``count(t)``."""
        parent = column.parent
        if self._dialect == "sqlite" and isinstance(parent, exp.In) and parent.args.get("field") is column:
            self._table(exp.Table(this=column.this.copy()), name, None, ctes)
            return True
        matched = isinstance(parent, exp.Match) or (
            isinstance(parent, exp.Anonymous) and parent.name.lower() in _WHOLE_ROW_FUNCTIONS
        )
        source = scope.source(name)
        if source is not None:
            self._refuse_hidden(source.table)
        return source is not None and (matched or self._dialect in ("postgres", "duckdb"))

    def _outputs(self, select: exp.Select, scope: Scope, ctes: _CTEs, aliases: bool) -> Columns | None:
        """Resolve what a SELECT returns: the names of its columns; None when a star covers unknown ones."""
        names: list[tuple[str, int]] = []
        known, width = True, 0
        for projection in select.expressions:
            before = self._column_uses
            self._expressions([projection], scope, ctes, aliases)
            if projection.is_star:
                covered = self._covered(projection, scope)
                known = known and covered is not None
                names.extend(covered.items() if covered is not None else ())
                width += covered.width if covered is not None else 1
            else:
                weight = max(1, self._column_uses - before)
                if weight > MAX_EXPRESSION and select.parent is not None:
                    raise SQLRejectedError(
                        f"A column of a nested query stands for more than {MAX_EXPRESSION} others; "
                        "expected simpler SQL."
                    )
                names.append((self._output_name(projection), weight))
                scope.weights[names[-1][0]] = weight
                width += 1
            if width > MAX_COLUMNS:
                raise SQLRejectedError(f"A SELECT returns more than {MAX_COLUMNS} columns; name the ones you need.")
        return Columns(names, width) if known else None

    def _covered(self, star: exp.Expression, scope: Scope) -> Columns | None:
        """The columns that a star stands for; None where a source's are not known."""
        qualifier = self._folded(star.args.get("table")) if isinstance(star, exp.Column) else ""
        names: list[tuple[str, int]] = []
        width = 0
        for source in scope.sources:
            if qualifier in ("", source.name):
                self._refuse_hidden(source.table)
                if source.columns is None:
                    return None
                names.extend(source.columns.items())
                width += source.columns.width
                for name in source.columns:
                    self._use_column(name, [source], scope)
        return Columns(names, width)

    def _output_name(self, projection: exp.Expression) -> str:
        if isinstance(projection, exp.Alias):
            return self._folded(projection.args["alias"])
        if isinstance(projection, exp.Column):
            return self._folded(projection.this)
        if self._dialect == "postgres":
            # A name that PostgreSQL does not give must not pass for a column: s.name would call a function.
            inner = projection
            while isinstance(inner, exp.Cast | exp.Paren):
                inner = inner.this
            if isinstance(inner, exp.Column):
                return self._folded(inner.this)
            return function_name(inner) if isinstance(inner, exp.Func) and inner is projection else "?column?"
        return self._folded(projection.alias_or_name or projection.sql(self._dialect))


def _renamed(columns: Columns | None, named: Columns | None) -> Columns | None:
    """The columns under the names that an alias gives them, each as heavy as the heaviest of them."""
    if named is None or columns is None:
        return named or columns
    weight = max(columns.values(), default=1)
    return Columns(((name, weight) for name in named), columns.width)


def _united(left: Columns | None, right: Columns | None) -> Columns | None:
    """The columns of a set operation: the names of the left side, each as heavy as the heavier side."""
    if left is None or right is None:
        return left
    heaviest = max(right.values(), default=1)
    return Columns(((name, max(weight, heaviest)) for name, weight in left.items()), left.width)
