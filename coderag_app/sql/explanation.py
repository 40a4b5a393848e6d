"""What a query does, in plain words, read off its syntax tree. Pure."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.sql.parsing import parse_one
from coderag_app.sql.query_words import Phrases, listed
from coderag_app.text.cell_text import visible_text

_SET_OPERATIONS = {
    exp.Union: ("Puts the rows of two queries together", "each row once", "copies kept"),
    exp.Intersect: ("Keeps the rows that both of two queries return", "", ""),
    exp.Except: ("Takes the rows of a first query that a second one does not return", "", ""),
}
_ORDINALS = ("First", "Then")


def explain_sql(sql: str, dialect: str) -> str:
    """A short account of the SQL: one plain sentence for each clause; empty when the SQL cannot be read.

    Example:
        >>> explain_sql("SELECT city, COUNT(*) FROM stores WHERE closed_on IS NULL GROUP BY city", "sqlite")
        'Shows city and the number of rows from stores. Keeps only rows where closed_on is missing. Counts and \
sums are made for each city.'
    """
    try:
        query = parse_one(sql, dialect=dialect)
        sentences = _query(query, dialect) if isinstance(query, exp.Query) else []
    except (SqlglotError, RecursionError):
        return ""
    return visible_text(" ".join(sentences))


def _nested(node: exp.Expr, dialect: str) -> str:
    """A query inside another one, as a part of a sentence."""
    inner = node.this if isinstance(node, exp.Subquery) else node
    clauses = [sentence.rstrip(".") for sentence in _query(inner, dialect)]
    return "; ".join(clause[:1].lower() + clause[1:] for clause in clauses)


def _phrases(dialect: str, names: dict[str, str]) -> Phrases:
    return Phrases(dialect, names, lambda node: _nested(node, dialect))


def _query(query: exp.Expr, dialect: str) -> list[str]:
    sentences: list[str] = []
    clause = query.args.get("with_")
    for number, cte in enumerate(clause.expressions if clause is not None else ()):
        inner = " ".join(_query(cte.this, dialect))
        sentences.append(f'{_ORDINALS[min(number, 1)]} works out "{cte.alias}": {inner}')
    while isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
        query = query.this
    if isinstance(query, exp.SetOperation):
        return sentences + _set_operation(query, dialect)
    if isinstance(query, exp.Select):
        return sentences + _select(query, dialect)
    return sentences


def _set_operation(query: exp.SetOperation, dialect: str) -> list[str]:
    lead, once, copies = next(words for kind, words in _SET_OPERATIONS.items() if isinstance(query, kind))
    detail = once if query.args.get("distinct") else copies
    sentences = [f"{lead}{f', {detail}' if detail else ''}."]
    for name, part in (("First query", query.this), ("Second query", query.expression)):
        sentences.append(f"{name}: {' '.join(_query(part, dialect))}")
    return sentences + _end(query, _phrases(dialect, {}))


def _select(select: exp.Select, dialect: str) -> list[str]:
    phrases = _phrases(dialect, _names(select))
    different = "each different " if select.args.get("distinct") is not None else ""
    shown = listed([phrases.output(projection) for projection in select.expressions])
    start = select.args.get("from_")
    source = f" from {_relation(start.this, phrases)}" if start is not None else ""
    sentences = [f"Shows {different}{shown}{source}."]
    sentences += [_join(join, phrases) for join in select.args.get("joins") or ()]
    where, group, having = (select.args.get(clause) for clause in ("where", "group", "having"))
    if where is not None:
        sentences.append(f"Keeps only rows where {phrases.condition(where.this)}.")
    if group is not None:
        sentences.append(f"Counts and sums are made for each {_group(group, select, phrases)}.")
    if having is not None:
        sentences.append(f"Keeps only groups where {phrases.condition(having.this)}.")
    return sentences + _end(select, phrases)


def _names(select: exp.Select) -> dict[str, str]:
    """How to call each source of the FROM clause: alias to name; none where there is one source alone."""
    relations = [select.args["from_"].this] if select.args.get("from_") is not None else []
    relations += [join.this for join in select.args.get("joins") or ()]
    if len(relations) < 2:
        return {}
    names = [relation.name for relation in relations if isinstance(relation, exp.Table)]
    return {
        relation.alias_or_name.lower(): relation.name
        for relation in relations
        if isinstance(relation, exp.Table) and names.count(relation.name) == 1  # of a self-join the aliases say more
    } | {
        relation.alias_or_name.lower(): relation.alias_or_name
        for relation in relations
        if not isinstance(relation, exp.Table) or names.count(relation.name) > 1
    }


def _relation(relation: exp.Expr, phrases: Phrases) -> str:
    if isinstance(relation, exp.Table) and relation.name:
        alias = relation.alias_or_name
        return (
            f"{relation.name} (as {alias})"
            if phrases.names.get(alias.lower()) == alias != relation.name
            else relation.name
        )
    if isinstance(relation, exp.Subquery):
        return f"a nested query ({phrases.nested(relation)})"
    return relation.sql(phrases.dialect)


def _join(join: exp.Join, phrases: Phrases) -> str:
    table = _relation(join.this, phrases)
    side = (join.side or "").upper()
    using = [identifier.name for identifier in join.args.get("using") or ()]
    if join.args.get("on") is not None:
        how = f" where {phrases.condition(join.args['on'])}"
    elif using:
        how = f" where {listed(using)} {'is' if len(using) == 1 else 'are'} the same"
    elif join.method.upper() == "NATURAL":
        how = " on all columns of the same name"
    else:
        how = ", every row with every row"
    kept = {
        "LEFT": f"; rows without a match in {table} stay, with its columns empty",
        "RIGHT": f"; rows of {table} without a match stay",
        "FULL": "; rows without a match stay on both sides",
    }
    return f"Adds {table}{how}{kept.get(side, '')}."


def _group(group: exp.Group, select: exp.Select, phrases: Phrases) -> str:
    outputs = select.expressions
    keys: list[str] = []
    for key in group.expressions:
        position = int(key.name) if isinstance(key, exp.Literal) and key.name.isdigit() else 0
        words = phrases.value(outputs[position - 1].unalias() if 0 < position <= len(outputs) else key)
        keys.append(words.removeprefix("the "))  # "for each month of ordered_on"
    return listed(keys) or "combination of the columns named"


def _end(query: exp.Expr, phrases: Phrases) -> list[str]:
    sentences: list[str] = []
    order, limit, offset = (query.args.get(clause) for clause in ("order", "limit", "offset"))
    if order is not None:
        sentences.append(f"Sorts by {listed([phrases.ordered(key, query) for key in order.expressions], 'then')}.")
    skipped = f", after leaving out the first {offset.expression.sql(phrases.dialect)}" if offset is not None else ""
    if limit is not None:
        count = (limit.expression if isinstance(limit, exp.Limit) else limit.args.get("count")) or exp.Literal.number(1)
        number = count.sql(phrases.dialect)
        sentences.append(
            f"Shows the first row only{skipped}." if number == "1" else f"Shows at most {number} rows{skipped}."
        )
    elif skipped:
        sentences.append(f"Shows the rows{skipped[1:]}.")
    return sentences
