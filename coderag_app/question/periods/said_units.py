"""Where a text asks for one row a unit of time: "per month", "for each year", "weekly", "day by day"."""

from __future__ import annotations

import re
from collections.abc import Iterator

_OF_ADVERB = {
    "yearly": "year", "annually": "year", "quarterly": "quarter", "monthly": "month", "weekly": "week", "daily": "day",
}  # fmt: skip
_UNIT = r"(?:calendar )?(?P<unit>year|quarter|month|weekday|week|day)(?P<of_week>s? of (?:the )?week)?"
_PHRASES = (
    re.compile(rf"\b(?:per|each|every) {_UNIT}\b(?! (?:old|ago|earlier|later))", re.IGNORECASE),
    re.compile(rf"\bby (?:the )?{_UNIT}\b(?! (?:of|end)\b)", re.IGNORECASE),
    re.compile(rf"\b(?P<adverb>{'|'.join(_OF_ADVERB)})\b", re.IGNORECASE),
)


def said_units(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a text asks for a unit of time, from and to, and which: ``year`` to ``day``, or ``weekday``.

    >>> [unit for _, _, unit in said_units("Sales per month, by day of the week, and the yearly total")]
    ['month', 'weekday', 'year']
    """
    found = []
    for pattern in _PHRASES:
        for match in pattern.finditer(text):
            said = match.groupdict()
            unit = _OF_ADVERB[said["adverb"].lower()] if said.get("adverb") else said["unit"].lower()
            found.append((*match.span(), "weekday" if unit == "day" and said.get("of_week") else unit))
    yield from sorted(found)
