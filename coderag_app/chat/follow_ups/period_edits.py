"""Stretches of time in follow-ups: ``2023``, ``since March 2022``, ``between 2019 and 2021``, ``last month``. Pure."""

from __future__ import annotations

import re

from coderag_app.chat.follow_ups.intents import Dates
from coderag_app.question.periods.period import YEAR
from coderag_app.question.periods.phrases import DATED_PHRASE, MONTH_PHRASE, all_periods

PERIOD = (
    r"(?:(?:in|for|during|of|from|since|after|before|until|till|up to|between|over|within|the year|year|on) )*"
    rf"(?:(?:{DATED_PHRASE}|{MONTH_PHRASE}) ?(?:and|to|-|–|until) ?)?{DATED_PHRASE}"
)


def read_period(text: str) -> Dates | None:
    """The dates that a phrase asks for; None for a day that does not exist.

    Example:
        >>> read_period("since March 2022"), read_period("between 2019 and 2021")
        (Dates(start='2022-03-01', end=None, label='since March 2022', column=''), \
Dates(start='2019-01-01', end='2022-01-01', label='2019 to 2021', column=''))
    """
    named = [(text[start:end], period) for start, end, period in all_periods(text)]
    found = [(name, period) for name, period in named if period is not None and (period.start or period.end)]
    if not found or len(found) < len(named):
        return None
    word = next(iter(re.findall(r"\b(since|after|before|until|till|up to|from)\b", text, re.IGNORECASE)), "").lower()
    (name, period), (last_name, last) = found[0], found[-1]
    if len(found) == 2:
        return Dates(period.start, last.end, f"{name} to {last_name}")
    if word == "since" or (word == "from" and not re.fullmatch(YEAR, name)):
        return Dates(period.start, None, f"since {name}")
    if word == "after":
        return Dates(period.end, None, f"after {name}")
    if word == "before":
        return Dates(None, period.start, f"before {name}")
    if word in ("until", "till", "up to"):
        return Dates(None, period.end, f"until {name}")
    return Dates(period.start, period.end, name)
