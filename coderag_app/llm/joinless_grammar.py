"""Queries without joins over one schema as a GBNF grammar, so that a model can only write names that exist."""

from __future__ import annotations

from collections.abc import Iterable

from coderag_app.schema.tables import Schema, quote_identifier

_RULES = r"""
root ::= " " (query | "none")
query ::= select (" " setop " " select)*
setop ::= "union" " all"? | "intersect" | "except"
select ::= "select " "distinct "? item (", " item)* from? (" where " condition)? group? order? limit?
from ::= " from " source (", " source | " join " table " on " column " = " column){0,5}
source ::= table | "(" query ")" " as " name
item ::= "*" | expression (" as " name)?
group ::= " group by " expression (", " expression)* (" having " condition)?
order ::= " order by " sorted (", " sorted)*
sorted ::= expression (" asc" | " desc")?
limit ::= " limit " (value | number)
condition ::= predicate ((" and " | " or ") predicate)*
predicate ::= "not "? (expression test | "(" condition ")" | "exists(" query ")")
test ::= comparison expression | " is " "not "? "null" | " not"? (inside | between | like)
comparison ::= " = " | " <> " | " > " | " >= " | " < " | " <= "
inside ::= " in (" (query | literal (", " literal)*) ")"
between ::= " between " expression " and " expression
like ::= " like " text
expression ::= term ((" + " | " - " | " * " | " / ") term)*
term ::= literal | call | case | column | derived | "(" (query | expression) ")"
call ::= aggregate "(" ("*" | "distinct "? (expression | table)) ")" over? | plain | ranking "()" over
plain ::= function "(" expression (", " expression)* ")" | "cast(" expression " as " type ")"
over ::= " over (" ("partition by " expression (", " expression)*)? " "? order? ")"
case ::= "case" (" when " condition " then " expression)+ (" else " expression)? " end"
aggregate ::= "count" | "sum" | "avg" | "min" | "max"
ranking ::= "rank" | "dense_rank" | "row_number"
function ::= "strftime" | "julianday" | "round" | "lower" | "upper" | "length" | "abs" | other
other ::= "coalesce" | "nullif" | "substr" | "date"
type ::= "integer" | "real" | "text"
derived ::= name ("." (field | name))?
name ::= "ranked" | "counted" | "totals" | "per_group" | "place" | "total" | "n" | "nr" | "position" | [abt] [1-9]?
literal ::= value | number | text
text ::= "'" [^'\n]{0,40} "'"
number ::= "-"? [0-9]{1,9} ("." [0-9]{1,6})?
"""


def joinless_grammar(schema: Schema, literal_count: int, dialect: str) -> str:
    """GBNF text for llama.cpp: the schema's tables and columns, ``v1`` to ``v{literal_count}``, and queries over them.

    Args:
        schema: Its names are the only ones, beside a few for derived tables.
        literal_count: How many literals of the question are marked.
        dialect: What names are spelled in.
    """
    tables = [(quote_identifier(table.name, dialect), table) for table in schema.tables]
    columns = [
        (spelled, quote_identifier(column.name, dialect)) for spelled, table in tables for column in table.columns
    ]
    values = [f"v{number}" for number in range(literal_count, 0, -1)] or ["null"]
    return (
        f"{_RULES}table ::= {_choice(spelled for spelled, _ in tables)}\n"
        f"column ::= {_choice(f'{table}.{column}' for table, column in columns)}\n"
        f"field ::= {_choice(dict.fromkeys(column for _, column in columns))}\nvalue ::= {_choice(values)}\n"
    )


def _choice(texts: Iterable[str]) -> str:
    return " | ".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
