"""SQL without what ``join_completion`` writes: no FROM, no joins along keys, no aliases, ``COUNT(table)`` for rows.

What can't be left out stays as it stands, so every query has a form. It is what SQL models are trained to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.tables import Schema, identifier
from coderag_app.sql.join_completion import CannotCompleteError, complete_joins, own_nodes, sources_of
from coderag_app.sql.parsing import parse_one, tokenize

# Small models' tokens for the capital words are two to three times as many.
_KEYWORDS = frozenset(
    "SELECT DISTINCT FROM JOIN LEFT INNER CROSS ON AS WHERE AND OR NOT IN IS NULL LIKE BETWEEN EXISTS GROUP BY HAVING "
    "ORDER ASC DESC LIMIT OFFSET UNION ALL INTERSECT EXCEPT CASE WHEN THEN ELSE END WITH OVER PARTITION CAST".split()
)
_ALONG_KEYS = "along_keys"
_Signature = list[tuple[frozenset[str], frozenset[frozenset[str]]]]


def without_joins(sql: str, schema: Schema, joins: JoinGraph) -> exp.Expr:
    """Leave out the FROM clauses, joins and aliases that ``complete_joins`` writes again.

    Args:
        sql: One query in the schema's dialect.
        schema: The tables that it reads.
        joins: The schema's keys.

    Returns:
        The query; completing it reads the same tables under the same conditions.

    Raises:
        SqlglotError: The text is not SQL.
    """
    tree: exp.Expr = parse_one(sql.strip().rstrip(";"), dialect=schema.dialect)
    for select in list(tree.find_all(exp.Select)):
        _name_columns_in_full(select, schema)
    wanted = _signature(tree)
    for number in range(len(wanted)):
        tree = _shortest(tree, number, wanted, schema, joins)
    return tree


def written(tree: exp.Expr, dialect: str) -> str:
    """The query in one line with its keywords in lowercase; names keep their spelling."""
    tree = tree.copy()
    for join in tree.find_all(exp.Join):
        if join.args.get("on") == exp.true():
            join.set("on", exp.column(_ALONG_KEYS))  # without a condition sqlglot writes a comma
    text = tree.sql(dialect=dialect, normalize_functions="lower", comments=False).replace(f" ON {_ALONG_KEYS}", "")
    parts, end = [], 0
    for token in tokenize(text, dialect):
        spoken = text[token.start : token.end + 1]
        apart = text[end : token.start]
        is_name = apart == "" and text[end - 1 : end] == "." or text[token.end + 1 : token.end + 2] == "."
        parts += [apart, spoken.lower() if _KEYWORDS.issuperset(spoken.split()) and not is_name else spoken]
        end = token.end + 1
    return "".join(parts)


def _name_columns_in_full(select: exp.Select, schema: Schema) -> None:
    """Write ``table.column`` for each column of a SELECT, and the table's name for its alias, where that is clear."""
    _replace_output_names(select)
    sources = sources_of(select)
    plain = {s.alias_or_name.lower(): s.name for s in sources if isinstance(s, exp.Table) and schema.table(s.name)}
    for column in [node for node in own_nodes(select) if isinstance(node, exp.Column)]:
        if not column.table:
            holders = [alias for alias, table in plain.items() if schema.column(table, column.name)]
            if len(holders) == 1 and len(plain) == len(sources):
                column.set("table", identifier(holders[0], schema.dialect))
            elif column.this.args.get("quoted") and not any(t.column(column.name) for t in schema.tables):
                column.replace(exp.Literal.string(column.name))  # SQLite reads an unknown "name" as text
    names = [name.lower() for name in plain.values()]
    if len(plain) != len(sources) or len(set(names)) < len(names) or _is_read_inside(select, set(names), plain):
        return
    for node in select.find_all(exp.Column):
        table = plain.get(node.table.lower())
        if table is not None and not _is_hidden(node, select):
            spelled = schema.table(table)
            node.set("table", identifier(spelled.name if spelled else table, schema.dialect))
    for source in sources:
        spelled = schema.table(source.name)
        source.set("alias", None)
        source.set("this", identifier(spelled.name if spelled else source.name, schema.dialect))
    for column in [node for node in own_nodes(select) if isinstance(node, exp.Column)]:
        found = schema.column(column.table, column.name) if column.table else None
        if found is not None:
            column.set("this", identifier(found.name, schema.dialect))


def _is_read_inside(select: exp.Select, tables: set[str], aliases: dict[str, str]) -> bool:
    """Whether a nested query reads one of the tables again and speaks of the row around it as well."""
    for inner in select.find_all(exp.Select):
        if inner is select:
            continue
        own = {source.alias_or_name.lower() for source in sources_of(inner)}
        read = {source.name.lower() for source in sources_of(inner) if isinstance(source, exp.Table)}
        spoken = {c.table.lower() for c in inner.find_all(exp.Column) if c.table}
        if read & tables and (spoken - own) & set(aliases):
            return True
    return False


def _is_hidden(column: exp.Column, select: exp.Select) -> bool:
    """Whether a nested query between the column and the SELECT has a source of that name itself."""
    around = column.find_ancestor(exp.Select)
    while around is not None and around is not select:
        if column.table.lower() in {source.alias_or_name.lower() for source in sources_of(around)}:
            return True
        around = around.parent_select
    return False


def _replace_output_names(select: exp.Select) -> None:
    """Replace the names and positions of selected expressions in GROUP BY, HAVING and ORDER BY by what they mean."""
    named = {item.alias.lower(): item.this for item in select.expressions if isinstance(item, exp.Alias)}
    clauses = [clause for part in ("group", "having", "order") if (clause := select.args.get(part)) is not None]
    for clause in clauses:
        for column in list(clause.find_all(exp.Column)):
            if not column.table and column.name.lower() in named:
                column.replace(named[column.name.lower()].copy())
        for entry in clause.expressions if isinstance(clause, exp.Group | exp.Order) else ():
            place = entry.this if isinstance(entry, exp.Ordered) else entry
            if (
                isinstance(place, exp.Literal)
                and not place.is_string
                and 0 < int(place.this) <= len(select.expressions)
            ):
                place.replace(select.expressions[int(place.this) - 1].unalias().copy())
    if isinstance(select.parent, exp.Subquery | exp.CTE):
        return  # whoever reads a derived table needs the names
    select.set("expressions", [item.unalias() for item in select.expressions])


def _shortest(tree: exp.Expr, number: int, wanted: _Signature, schema: Schema, joins: JoinGraph) -> exp.Expr:
    """The tree with the shortest FROM clause of its SELECT at ``number`` that completion turns back into ``wanted``."""
    for candidate in _candidates(tree, number, schema, joins):
        try:
            completed = complete_joins(candidate.copy(), schema, joins)
        except CannotCompleteError:
            continue
        if _signature(completed) == wanted:
            return candidate
    return tree


def _candidates(tree: exp.Expr, number: int, schema: Schema, joins: JoinGraph) -> Iterator[exp.Expr]:
    select = list(tree.find_all(exp.Select))[number]
    sources = sources_of(select)
    if not sources or not all(isinstance(s, exp.Table) and not s.alias and schema.table(s.name) for s in sources):
        return
    tables = [source.name for source in sources]
    spoken = {n.table.lower() for n in own_nodes(select) if isinstance(n, exp.Column) and not _in_join(n, select)}
    silent = [table for table in tables if table.lower() not in spoken]
    counted = silent[0] if len(silent) == 1 else joins.most_rows([table.lower() for table in tables])
    left = [table for table in silent if table.lower() != counted.lower() or not _counts_rows(select)]
    for listed in dict.fromkeys(((), tuple(left), tuple(tables))):
        copy = tree.copy()
        shortened = list(copy.find_all(exp.Select))[number]
        _set_list(shortened, listed, schema)
        for count in [node for node in own_nodes(shortened) if isinstance(node, exp.Count)]:
            if isinstance(count.this, exp.Star):
                table = schema.table(counted)
                count.set("this", exp.column(identifier(table.name if table else counted, schema.dialect)))
        yield copy


def _counts_rows(select: exp.Select) -> bool:
    return any(isinstance(node, exp.Count) and isinstance(node.this, exp.Star) for node in own_nodes(select))


def _in_join(node: exp.Expr, select: exp.Select) -> bool:
    join = node.find_ancestor(exp.Join)
    return join is not None and join.parent is select


def _set_list(select: exp.Select, tables: Sequence[str], schema: Schema) -> None:
    """Read the tables in place of what FROM and the joins say."""
    listed = [exp.Table(this=identifier(table, schema.dialect)) for table in tables]
    select.set("from_", exp.From(this=listed[0]) if listed else None)
    select.set("joins", [exp.Join(this=table, on=exp.true()) for table in listed[1:]] or None)


def _signature(tree: exp.Expr) -> _Signature:
    """For each SELECT what it reads, and the conditions of its joins, whichever side comes first."""
    found = []
    for select in tree.find_all(exp.Select):
        read = frozenset(source.sql().lower() for source in sources_of(select))
        found.append((read, frozenset(_conditions(select))))
    return found


def _conditions(select: exp.Select) -> Iterator[frozenset[str]]:
    for join in select.args.get("joins") or ():
        how = " ".join(str(join.args.get(part) or "") for part in ("side", "kind", "method", "using"))
        if how.strip() not in ("", "INNER"):
            yield frozenset({how, join.this.sql()})
        on = join.args.get("on")
        for each in on.flatten() if isinstance(on, exp.And) else [on] if on is not None else []:
            sides = (each.this, each.expression) if isinstance(each, exp.EQ) else (each,)
            yield frozenset(side.sql(normalize=True, identify=False).lower().replace('"', "") for side in sides)
