"""Resolve every table and column of a parsed query against a schema, scope by scope. Pure.

Each query has a scope: the sources of its FROM, the aliases of its SELECT, and the scope around it, which a
correlated subquery may use. Names are compared without their case, as SQLite does; a database that is stricter than
that answers with an error of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from coderag_app.errors import SQLRejectedError
from coderag_app.schema import Schema
from coderag_app.sql.functions import TABLE_FUNCTIONS
from coderag_app.sql.near_names import ambiguous_column, reads_as_text, unknown_column, unknown_qualifier, unknown_table
from coderag_app.sql.scopes import Scope, Source, alias_clauses, alias_columns, function_name, main_schema

_MAX_QUERIES = 1000
_ROW_IDS = frozenset({"rowid", "oid", "_rowid_"})
_WHOLE_ROW_FUNCTIONS = frozenset({"highlight", "snippet", "bm25", "matchinfo", "offsets"})
_RELATIONS = frozenset({"with_", "from_", "joins", "laterals"})
_CTEs = dict[str, tuple[str, ...] | None]
_Columns = tuple[str, ...] | None


class NameResolver:
    """One pass over a query. Afterwards ``tables`` and ``columns`` hold the names of the schema it uses.

    ``texts`` maps the position of a double-quoted text in the SQL to the same text in single quotes (SQLite only).
    """

    def __init__(self, schema: Schema, dialect: str, sql: str) -> None:
        self._schema = schema
        self._dialect = dialect
        self._sql = sql
        self._queries = 0
        self.tables: dict[str, None] = {}
        self.columns: dict[str, None] = {}
        self.texts: dict[int, str] = {}

    def resolve(self, query: exp.Expression) -> None:
        """Resolve the whole query.

        Raises:
            SQLRejectedError: A name is unknown or ambiguous.
        """
        self._query(query, {}, None)

    def _query(self, query: exp.Expression, ctes: _CTEs, outer: Scope | None) -> tuple[_Columns, Scope]:
        """Resolve a query; returns the names of its columns and the scope of its (leftmost) SELECT."""
        self._queries += 1  # a recursive CTE's first part is read twice, and CTEs nest: that grows fast
        if self._queries > _MAX_QUERIES:
            raise SQLRejectedError(f"The SQL holds more than {_MAX_QUERIES} nested queries; expected simpler SQL.")
        ctes = self._ctes(query, ctes, outer)
        if isinstance(query, exp.Select):
            return self._select(query, ctes, outer)
        if isinstance(query, exp.SetOperation):
            left, scope = self._query(query.this, ctes, outer)
            right, _ = self._query(query.expression, ctes, outer)
            names = None if left is None or right is None else frozenset(left) | frozenset(right)
        elif isinstance(query, exp.Subquery):
            left, scope = self._query(query.this, ctes, outer)
            names = None if left is None else frozenset(left)
        elif isinstance(query, exp.Values):
            scope = Scope(outer)
            self._expressions(query.expressions, scope, ctes)
            return tuple(f"column{i + 1}" for i in range(len(query.expressions[0].expressions))), scope
        else:
            raise SQLRejectedError(f"{query.key.upper()} is not allowed here; expected a SELECT.")
        scope = Scope(scope.outer, scope.sources, names or frozenset(), scope.merged, names is None or scope.natural)
        for clause in ("order", "limit", "offset"):
            self._expressions([query.args.get(clause)], scope, ctes, aliases=True)
        return left, scope

    def _ctes(self, query: exp.Expression, ctes: _CTEs, outer: Scope | None) -> _CTEs:
        clause = query.args.get("with_")
        if clause is None:
            return ctes
        ctes = dict(ctes)
        for cte in clause.expressions:
            name, body = cte.alias.lower(), cte.this
            named = alias_columns(cte)
            if isinstance(body, exp.SetOperation) and any(t.name.lower() == name for t in body.find_all(exp.Table)):
                first = body
                inner = self._ctes(body, ctes, outer)
                while isinstance(first, exp.SetOperation | exp.Subquery):
                    first = first.this
                ctes[name] = named or self._query(first, inner, outer)[0]
            columns, _ = self._query(body, ctes, outer)
            ctes[name] = named or columns
        return ctes

    def _select(self, select: exp.Select, ctes: _CTEs, outer: Scope | None) -> tuple[_Columns, Scope]:
        scope = Scope(outer)
        start = select.args.get("from_")
        if start is not None:
            self._source(start.this, scope, ctes)
        scope.aliases = frozenset(p.alias.lower() for p in select.expressions if isinstance(p, exp.Alias))
        self._joins(select.args.get("joins") or (), scope, ctes)
        for lateral in select.args.get("laterals") or ():
            self._source(lateral, scope, ctes)
        with_aliases = alias_clauses(self._dialect)
        for clause, value in select.args.items():
            if clause not in _RELATIONS:
                self._expressions(value if isinstance(value, list) else [value], scope, ctes, clause in with_aliases)
        return self._outputs(select, scope), scope

    def _joins(self, joins: Sequence[exp.Expression], scope: Scope, ctes: _CTEs) -> None:
        for join in joins:
            before = list(scope.sources)
            self._source(join.this, scope, ctes)
            added = scope.sources[len(before) :]
            scope.natural = scope.natural or join.args.get("method") == "NATURAL"
            for identifier in join.args.get("using") or ():
                name = identifier.name.lower()
                for side in (Scope(None, before, merged={name}), Scope(None, added, merged={name})):
                    if not self._use_column(name, side.sources, side):
                        raise unknown_column(exp.column(identifier.copy()), self._sql, self._schema, side.tables())
                scope.merged.add(name)
        # After all sources are there: SQLite lets a condition name a table that is joined further right.
        for join in joins:
            self._expressions([join.args.get("on")], scope, ctes)

    def _source(self, relation: exp.Expression, scope: Scope, ctes: _CTEs) -> None:
        """Add a relation of a FROM clause to the scope."""
        named = alias_columns(relation)
        alias = relation.alias_or_name.lower()
        if isinstance(relation, exp.Table) and not isinstance(relation.this, exp.Func):
            scope.sources.append(self._table(relation, alias, named, ctes))
        elif isinstance(relation, exp.Subquery) and isinstance(relation.this, exp.Table):
            self._source(relation.this, scope, ctes)
        elif isinstance(relation, exp.Subquery | exp.Values):
            columns, _ = self._query(relation, ctes, scope.outer)
            scope.sources.append(Source(alias, named or columns))
        elif isinstance(relation, exp.Lateral) and isinstance(relation.this, exp.Subquery):
            columns, _ = self._query(relation.this, ctes, scope)
            scope.sources.append(Source(alias, named or columns))
        else:  # a table function, whose arguments may use the sources before it
            self._expressions(relation.iter_expressions(), scope, ctes)
            function = relation if isinstance(relation, exp.Func) else relation.this
            if not isinstance(function, exp.Func):
                raise SQLRejectedError(f"{relation.key.upper()} {function} is not allowed in FROM; expected a table.")
            known = TABLE_FUNCTIONS.get(self._dialect, {}).get(function_name(function))
            columns = None if known is None else (*known, alias)
            scope.sources.append(Source(alias or function_name(function), named or columns))
        self._joins(relation.args.get("joins") or (), scope, ctes)

    def _table(self, relation: exp.Table, alias: str, named: _Columns, ctes: _CTEs) -> Source:
        name, place = relation.name.lower(), relation.text("db").lower()
        if relation.text("catalog") or (place and place != main_schema(self._dialect)):
            raise unknown_table(relation.sql(self._dialect), self._schema)
        if not place and name in ctes:
            return Source(alias, named or ctes[name])
        table = self._schema.table(name)
        if table is None:
            raise unknown_table(relation.name, self._schema)
        self.tables[table.name.lower()] = None
        if named is not None:
            return Source(alias, named)
        return Source(alias, tuple(column.name.lower() for column in table.columns), table)

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
            else:
                stack.extend(list(node.iter_expressions())[::-1])

    def _column(self, column: exp.Column, scope: Scope, ctes: _CTEs, aliases: bool) -> None:
        name, qualifier = column.name.lower(), column.table.lower()
        if qualifier:
            self._qualified(column, name, qualifier, scope)
        elif isinstance(column.this, exp.Star) or (aliases and name in scope.aliases):
            return
        elif not self._unqualified(name, scope) and not self._whole_row(column, name, scope, ctes):
            if self._dialect == "sqlite" and reads_as_text(column, self._sql, self._schema, scope.columns()):
                start = column.this.meta["start"]
                self.texts[start] = "'" + column.name.replace("'", "''") + "'"
                return
            raise unknown_column(column, self._sql, self._schema, scope.tables())

    def _qualified(self, column: exp.Column, name: str, qualifier: str, scope: Scope) -> None:
        source = scope.source(qualifier)
        if source is None:
            if self._dialect == "duckdb" and self._unqualified(qualifier, scope):
                return  # a field of a struct
            raise unknown_qualifier(column, [s.name for s in scope.all_sources()], self._schema)
        if isinstance(column.this, exp.Star) or source.columns is None:
            return
        if not self._use_column(name, [source], scope):
            raise unknown_column(column, self._sql, self._schema, scope.tables(), source.table, source.columns)

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
            if source.table is not None:
                self.columns[f"{source.table.name.lower()}.{name}"] = None
        row_id = self._dialect == "sqlite" and name in _ROW_IDS
        return bool(found) or (row_id and any(source.table is not None for source in sources))

    def _whole_row(self, column: exp.Column, name: str, scope: Scope, ctes: _CTEs) -> bool:
        """Whether the name stands for a whole source: ``docs MATCH 'x'``, ``x IN other``, ``count(t)``."""
        parent = column.parent
        if self._dialect == "sqlite" and isinstance(parent, exp.In) and parent.args.get("field") is column:
            self._table(exp.Table(this=column.this.copy()), name, None, ctes)
            return True
        matched = isinstance(parent, exp.Match) or (
            isinstance(parent, exp.Anonymous) and parent.name.lower() in _WHOLE_ROW_FUNCTIONS
        )
        return scope.source(name) is not None and (matched or self._dialect in ("postgres", "duckdb"))

    def _outputs(self, select: exp.Select, scope: Scope) -> _Columns:
        """Names of the columns a SELECT returns, in lower case; None when a star covers unknown ones."""
        names: list[str] = []
        for projection in select.expressions:
            if projection.is_star:
                qualifier = projection.table.lower() if isinstance(projection, exp.Column) else ""
                for source in scope.sources:
                    if qualifier in ("", source.name):
                        if source.columns is None:
                            return None
                        names.extend(source.columns)
                        for name in source.columns if source.table is not None else ():
                            self._use_column(name, [source], scope)
            elif isinstance(projection, exp.Func) and self._dialect == "postgres":
                names.append(function_name(projection))
            else:
                names.append((projection.alias_or_name or projection.sql(self._dialect)).lower())
        return tuple(names)
