"""A GBNF grammar of SELECT statements over one schema: holds any llama.cpp model to SQL and to names that exist.

It fixes keywords, functions and the names of tables and columns, so there are no WITH clauses and no columns of derived
tables under names of one's own. Which column belongs to which alias it cannot say, as a context-free grammar knows no
scopes: the guard checks that. Aliases are ``t1`` to ``t9``, ``T1`` to ``T9``, a single letter, or the table's own name.
"""

from __future__ import annotations

from coderag_app.schema.tables import Schema, identifier

_RULES = r"""
root ::= {start} statement {end}{no_answer}
statement ::= query ";"?
query ::= select (ws setop ws select)* (ws order)? (ws limit)?
setop ::= "UNION ALL" | "UNION" | "INTERSECT" | "EXCEPT"
select ::= "SELECT " "DISTINCT "? item (", " item)* ws "FROM " source (ws join)* (ws where)? (ws group)?
item ::= "*" | alias ".*" | expression (" AS " name)?
source ::= relation (" AS " alias | " " alias)?
relation ::= table | "(" gap query gap ")"
join ::= ("INNER " | "LEFT " | "LEFT OUTER ")? "JOIN " source " ON " condition | "CROSS JOIN " source
where ::= "WHERE " condition
group ::= "GROUP BY " expression (", " expression)* (ws "HAVING " condition)?
order ::= "ORDER BY " sorted (", " sorted)*
sorted ::= expression (" ASC" | " DESC")? (" NULLS FIRST" | " NULLS LAST")?
limit ::= "LIMIT " integer (" OFFSET " integer)?
condition ::= predicate (ws ("AND " | "OR ") predicate)*
predicate ::= "NOT "? ("(" condition ")" | "EXISTS (" gap query gap ")" | expression test)
test ::= comparison expression | " IS " "NOT "? "NULL" | " NOT"? (inside | between | like)
comparison ::= " = " | " <> " | " != " | " < " | " <= " | " > " | " >= "
inside ::= " IN (" gap (query | literal (", " literal)*) gap ")"
between ::= " BETWEEN " expression " AND " expression
like ::= (" LIKE " | " ILIKE ") text
expression ::= term ((" + " | " - " | " * " | " / " | " % " | " || ") term)*
term ::= literal | call | case | cast | column | "(" gap (query | expression) gap ")"
call ::= function "(" ("*" | "DISTINCT "? expression (", " expression)*)? ")" window?
window ::= " OVER (" ("PARTITION BY " expression (", " expression)* " "?)? order? ")"
case ::= "CASE" (ws "WHEN " condition " THEN " expression)+ (ws "ELSE " expression)? ws "END"
cast ::= "CAST(" expression " AS " type ")"
column ::= (alias ".")? field
alias ::= [tT] [1-9] | [a-z] | table
name ::= [a-z] [a-z0-9_]{{1,30}}
literal ::= text | "-"? number | "NULL"
text ::= "'" [^'\n]{{0,80}} "'"
number ::= [0-9]{{1,15}} ("." [0-9]{{1,10}})?
integer ::= [0-9]{{1,9}}
gap ::= [ \n]{{0,6}}
ws ::= [ \n] [ \n]{{0,6}}
type ::= "INTEGER" | "INT" | "REAL" | "FLOAT" | "DOUBLE" | "NUMERIC" | "DECIMAL" | "TEXT" | "VARCHAR" | "DATE"
function ::= {functions}
table ::= {tables}
field ::= {fields}
"""
_FUNCTIONS = (
    "COUNT SUM AVG MIN MAX ROUND ABS COALESCE NULLIF LOWER UPPER LENGTH TRIM SUBSTR REPLACE STRFTIME DATE JULIANDAY "
    "EXTRACT DATE_TRUNC YEAR MONTH DAY RANK DENSE_RANK ROW_NUMBER LAG LEAD NTILE"
).split()


def sql_grammar(schema: Schema, start: str = "", end: str = "", no_answer: str = "") -> str:
    """GBNF text for llama.cpp.

    Args:
        schema: Its tables and columns are the only names that a query can read.
        start: Text that the reply begins with, such as the opening of a code block.
        end: Text that it ends with.
        no_answer: Another whole reply that is allowed; none where it is empty.
    """
    tables = {_spelled(table.name, schema.dialect) for table in schema.tables}
    fields = {_spelled(column.name, schema.dialect) for table in schema.tables for column in table.columns}
    return _RULES.format(
        start=_quoted(start),
        end=_quoted(end),
        no_answer=f" | {_quoted(no_answer)}" if no_answer else "",
        functions=_choice(_FUNCTIONS),
        tables=_choice(sorted(tables)),
        fields=_choice(sorted(fields)),
    )


def _spelled(name: str, dialect: str) -> str:
    return identifier(name, dialect).sql()


def _choice(words: list[str]) -> str:
    return " | ".join(map(_quoted, words))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
