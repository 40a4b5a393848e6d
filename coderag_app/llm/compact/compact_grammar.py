"""The compact language over one schema as a GBNF grammar, so that a model can only write names that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable

from coderag_app.llm.compact.schema_names import SchemaNames

_RULES = r"""
root ::= " none" | query
query ::= select (setop select)*
setop ::= (" union" | " intersect" | " except") " all"?
select ::= source? core
nested ::= source core (setop source core)*
source ::= " from" tables (" on" joins)?
core ::= " select" " distinct"? items (" where" condition)? group? order? limit?
tables ::= table (" ," table)*
joins ::= column " =" column (" and" column " =" column)*
items ::= item (" ," item)*
item ::= " *" | expression
group ::= " group by" expression (" ," expression)* (" having" condition)?
order ::= " order by" sorted (" ," sorted)*
sorted ::= expression (" asc" | " desc")
limit ::= " limit" (value | number) (" offset" number)? (" per" expression (" ," expression)*)?
condition ::= predicate ((" and" | " or") predicate)*
predicate ::= " (" condition " )" | " not (" condition " )" | " exists (" nested " )" | partnerless | expression test
partnerless ::= " without" table
test ::= comparison expression | " is" " not"? " null" | " not"? (inside | between | like)
comparison ::= " =" | " !=" | " >" | " >=" | " <" | " <="
inside ::= " in (" (nested | literal (" ," literal)*) " )"
between ::= " between" expression " and" expression
like ::= " like" " %"? literal " %"?
expression ::= term ((" +" | " -" | " *" | " /") term)*
term ::= " other"? column | call | case | literal | " (" (nested | expression) " )"
call ::= counted | function " (" expression " )" | rich
counted ::= aggregate " (" (table | " *" | " distinct"? expression) groups? " )" over?
groups ::= " by" column (" ," column)*
over ::= " over (" (" partition by" expression (" ," expression)*)? order? " )"
rich ::= ranking over | days | defaulted expression (" ," expression)+ " )" | " round (" expression (" ," number)? " )"
defaulted ::= " coalesce (" | " nullif ("
days ::= " days (" day " ," day " )"
day ::= " today" | expression
ranking ::= " rank ( )" | " denserank ( )" | " rownumber ( )"
case ::= " case" (" when" condition " then" expression)+ (" else" expression)? " end"
aggregate ::= " count" | " sum" | " avg" | " min" | " max"
function ::= " year" | " yearmonth" | " month" | " day" | " lower" | " upper" | " length" | " abs"
literal ::= value | number | text
number ::= " " "-"? [0-9]{1,6} ("." [0-9]{1,4})?
text ::= " ' " [^'<>\n]{1,40} " '"
"""


def compact_grammar(names: SchemaNames, literal_count: int) -> str:
    """GBNF text for llama.cpp: tables and columns of the schema, and ``<v1>`` to ``<v{literal_count}>``."""

    def any_of(markers: Iterable[str]) -> str:
        return " | ".join(f'"{marker}"' for marker in markers)

    tables, columns = any_of(names.table_by_id), any_of(names.column_by_id)
    values = any_of(f"<v{number}>" for number in range(1, literal_count + 1)) or "number"
    return f"{_RULES}table ::= {tables}\ncolumn ::= {columns}\nvalue ::= {values}\n"


def compact_keywords() -> frozenset[str]:
    """Every word of the language itself."""
    return frozenset(word for literal in re.findall(r'"([^"]*)"', _RULES) for word in re.findall(r"[a-z]+", literal))
