"""The periods of a question about a schema.

A model of a few million parameters knows years and ISO dates alone. It reads such a year for a month, and decoding asks
for the days of the month in its place (``period_conditions.py``).
"""

from __future__ import annotations

from coderag_app.question.periods.date_columns import is_date
from coderag_app.question.periods.phrases import MONTHS, MONTHS_IN_SHORT, FoundPeriod, named_periods
from coderag_app.schema.name_words import name_words
from coderag_app.schema.tables import Schema

_OF_MONTHS = frozenset(("month", *MONTHS, *MONTHS_IN_SHORT))  # in the name of a column that holds months


def find_periods(question: str, schema: Schema) -> list[FoundPeriod]:
    """The periods that a question names beside whole years, where it can mean the schema's dates.

    None where no column holds dates or one holds months, and none that a column is called by: the last year of a party
    may be stored.
    """
    named = named_periods(question)
    if not named:
        return []
    columns = [column for table in schema.tables for column in table.columns]
    names = {name_words(column.name) for column in columns}
    if not any(map(is_date, columns)) or any(not _OF_MONTHS.isdisjoint(name.split()) for name in names):
        return []
    return [found for found in named if question[found[0] : found[1]].lower() not in names]
