"""Values compared with a column that cannot hold them, moved to the one that stores them.

Where ``<c3>`` is a number and ``<v1>`` is "king", stored as a type of bed, ``<c3> = <v1>`` can only mean the type of
bed. Text columns stay as they are: that nothing equals the value may be the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.said_literals import Literal

_COMPARED = re.compile(r"(?:=|!=|(?:not )?in \() <v(\d)>")


def ground_values(tokens: Sequence[str], names: SchemaNames, literals: Sequence[Literal]) -> list[str]:
    """The tokens of a reply with each stored value compared with a column that may hold it.

    Args:
        tokens: The reply's words.
        names: The words of the schema's identifiers.
        literals: The question's literals.
    """
    spoken = {names.column_by_id[word][0] for word in tokens if word in names.column_by_id}
    return [_storing(tokens, place, names, literals, spoken) or word for place, word in enumerate(tokens)]


def _storing(
    tokens: Sequence[str], place: int, names: SchemaNames, literals: Sequence[Literal], spoken: set[str]
) -> str | None:
    """The id of the column that stores the value behind the column at ``place``, where that one cannot."""
    column = names.column_by_id.get(tokens[place])
    compared = _COMPARED.match(" ".join(tokens[place + 1 : place + 5]))
    if column is None or compared is None or not 0 < int(compared[1]) <= len(literals):
        return None
    literal = literals[int(compared[1]) - 1]
    if _may_hold(column, literal, names):
        return None
    stored = [(value.table.lower(), value.column.lower()) for value in literal.values]
    stored.sort(key=lambda other: (other[0] != column[0], other[0] not in spoken))
    return next((names.column_ids[other] for other in stored if other in names.column_ids), None)


def _may_hold(column: tuple[str, str], literal: Literal, names: SchemaNames) -> bool:
    found = names.schema.column(*column)
    typed = found is not None and (found.is_numeric or found.is_temporal)
    return not typed or literal.number is not None or literal.stored_in(*column) is not None
