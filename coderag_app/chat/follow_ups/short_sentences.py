"""Read a follow-up: a small grammar of the short sentences people say after an answer. Pure.

A reading says what the words may mean; whether the columns and values it names are there is seen later. Several
readings are possible (``only names``: a column, or a value), the likeliest first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice, product

from coderag_app.chat.follow_ups.intents import (
    Aggregate,
    AsPercentage,
    Compare,
    Count,
    Dates,
    Did,
    Distinct,
    Filter,
    Group,
    Intent,
    Limit,
    Missing,
    OtherColumns,
    OtherYear,
    Reverse,
    RowsBehind,
    Sort,
    Unfilter,
)
from coderag_app.chat.follow_ups.period_edits import PERIOD, read_period
from coderag_app.question.periods.period import YEAR
from coderag_app.schema.name_words import NUMBER_WORDS

_MAX_WORDS = 24
_MAX_READINGS = 40
_COUNT = rf"(?P<count>\d+|{'|'.join(NUMBER_WORDS[1:])})"
_DOWN = (
    r"descending|desc|in descending order|(?:from )?high(?:est)? to low(?:est)?|(?:highest|largest|biggest|most) first"
)
_UP = r"ascending|asc|in ascending order|(?:from )?low(?:est)? to high(?:est)?|(?:lowest|smallest|fewest|least) first"
_OF = r"(?:the|their|its|his|her|a|an|each|every)"
_ABOVE = r"over|above|more than|greater than|higher than|larger than|bigger than|longer than|at least|from|>=|>"
_BELOW = r"under|below|less than|fewer than|lower than|smaller than|shorter than|cheaper than|at most|up to|<=|<"
_AGGREGATES = {"total": "SUM", "sum": "SUM", "average": "AVG", "mean": "AVG", "maximum": "MAX", "max": "MAX",
               "highest": "MAX", "largest": "MAX", "minimum": "MIN", "min": "MIN", "lowest": "MIN",
               "smallest": "MIN"}  # fmt: skip
_LEAD = re.compile(
    r"(?:(?:ok(?:ay)?|and|but|now|then|so|well|great|thanks|thank you|please|can you|could you|i want|i mean|i meant|"
    r"actually|instead|let's|same|again)\b[,: ]*)+",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"how many (?:of (?:them|those|these|the rows) )(?:are |were |have |cost )?(?P<rest>.+)", re.IGNORECASE
)
_THEIRS = re.compile(r"\b(?:their|its|his|her)\b|\bof (?:them|those|these)\b", re.IGNORECASE)
_TAIL = re.compile(r"(?:[ ,]+(?:please|instead|then|now|though|only|again))+$|[\s?.!,;]+$", re.IGNORECASE)


def read_follow_up(text: str) -> Iterator[tuple[Intent, ...]]:
    """The readings of a follow-up, likeliest first; none when its words fit no form.

    Example:
        >>> next(read_follow_up("and by city?")), next(read_follow_up("top 5, please"))
        ((Group(column='city', added=False),), (Limit(count=5, column='', descending=True),))
    """
    core = _core(text)
    if not core or len(core.split()) > _MAX_WORDS:
        return
    counted = _COUNTED.fullmatch(core)
    if counted is not None:
        asked = (_clause(counted["rest"]), _clause(core.partition("many ")[2]))
        yield from ((intent, Count()) for intent in chain(*asked))
    yield from ((intent,) for intent in _clause(core))
    for parts in (
        re.split(r"\s*[,;]\s*(?:and |but |then )?", core),
        re.split(r"\s*[,;]\s*|\s+(?:and|but|then)\s+", core),
    ):
        readings = [list(_clause(_core(part))) for part in parts if part.strip()]
        if len(readings) > 1 and all(readings):
            yield from islice(product(*readings), _MAX_READINGS)


def _core(text: str) -> str:
    """The text without polite words around it and marks at its end."""
    text = " ".join(text.split()).replace("’", "'")
    while True:
        stripped = _TAIL.sub("", text).strip()
        lead = _LEAD.match(stripped)
        if lead is not None and lead.end() < len(stripped):
            stripped = stripped[lead.end() :]
        if stripped == text:
            return text
        text = stripped


def _clause(text: str) -> Iterator[Intent]:
    for pattern, make in _FORMS:
        match = pattern.fullmatch(text)
        if match is not None:
            yield from (intent for intent in make(match) if intent is not None)


def _group_text(match: re.Match[str], name: str) -> str:
    return (match.groupdict().get(name) or "").strip()


def _missing(match: re.Match[str]) -> list[Intent | None]:
    return [Missing(_group_text(match, "value"))]


def _count(match: re.Match[str]) -> list[Intent | None]:
    return [Count()]


def _sort(match: re.Match[str]) -> list[Intent | None]:
    down = True if _group_text(match, "down") else False if _group_text(match, "up") else None
    return [Sort(_group_text(match, "column"), down)]


def _superlative_sort(match: re.Match[str]) -> list[Intent | None]:
    word = _group_text(match, "word").lower()
    if word in ("newest", "latest", "most recent", "oldest", "earliest"):
        return [Sort("newest", word not in ("oldest", "earliest"))]
    if word in ("cheapest", "most expensive"):
        return [Sort("price", word != "cheapest")]
    return [Sort("", word in ("highest", "largest", "biggest", "most", "best", "top", "longest"))]


def _limit(match: re.Match[str]) -> list[Intent | None]:
    number = _group_text(match, "count").lower()
    count = (int(number) if number.isdigit() else NUMBER_WORDS.index(number)) if number else 1
    word = _group_text(match, "word").lower()
    down = None if word in ("", "first") else word in ("top", "best", "highest", "largest", "biggest", "most")
    return [Limit(min(count, 1_000_000), _group_text(match, "column"), down)] if count else []


def _grouped(match: re.Match[str]) -> list[Intent | None]:
    return [Group(_group_text(match, "column"), bool(_group_text(match, "also")))]


def _compare(match: re.Match[str]) -> list[Intent | None]:
    word = _group_text(match, "operator").lower()
    at = word in ("at least", "from", ">=", "at most", "up to", "<=")
    above = re.fullmatch(_ABOVE, word) is not None
    operator = (">=" if at else ">") if above else ("<=" if at else "<")
    if word in ("exactly", "equal to", "="):
        operator = "="
    return [Compare(_group_text(match, "column"), operator, _group_text(match, "number").replace(",", ""))]


def _aggregate(match: re.Match[str]) -> list[Intent | None]:
    return [Aggregate(_AGGREGATES[_group_text(match, "word").lower()], _group_text(match, "column"))]


def _columns(change: str) -> Callable[[re.Match[str]], list[Intent | None]]:
    def make(match: re.Match[str]) -> list[Intent | None]:
        names = re.split(rf"\s*(?:,|\band\b)\s*(?:{_OF} )?", _group_text(match, "columns"))
        return [OtherColumns(tuple(name for name in names if name), change, _THEIRS.search(match.string) is not None)]

    return make


def _other_year(match: re.Match[str]) -> list[Intent | None]:
    return [OtherYear(int(_group_text(match, "year") or 0))]


def _period(match: re.Match[str]) -> list[Intent | None]:
    period = read_period(match["period"])
    return [replace(period, column=_group_text(match, "column"))] if period is not None else []


def _did(match: re.Match[str]) -> list[Intent | None]:
    said = _group_text(match, "period")
    period = read_period(said) if said else None
    if said and not isinstance(period, Dates):
        return []
    return [Did(_group_text(match, "verb").lower(), period, bool(_group_text(match, "never")))]


def _filter(match: re.Match[str]) -> list[Intent | None]:
    text = _group_text(match, "text")
    return [Filter(text, bool(_group_text(match, "no")), bool(_group_text(match, "also") or _group_text(match, "too")))]


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_GONE = r"(?:missing|absent|excluded|left out|gone|not (?:there|here|listed|shown|included|on|in)\b.*)"
_THERE = r"(?:there|here|listed|shown|included|in|on|part of)\b.*"
_WHERE = r"(?:in|from|for|of|at|on|to|during|within|with|about|by)"
_SUPERLATIVES = r"highest|largest|biggest|most|best|longest|lowest|smallest|fewest|least|shortest|worst"
_SHOW = (
    r"(?:(?:show|give|list|display|see|express|put|write|make)(?: me| us)?"
    r"(?: (?:it|that|this|them|these|those))?(?: all)? ?)"
)
_PERCENT = r"(?:percent(?:ages?|s)?|per cent|%|shares?|proportions?|fractions?)"
_OF_ALL = r"(?: of (?:the )?(?:total|whole|sum|all)(?: \w+)?)?"
_SINGLE = r"(?:underlying|raw|original|individual|single)"
_THEM = r"(?:it|that|this|them|these|those|the (?:result|results|numbers?|counts?|values?|totals?))"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], list[Intent | None]]], ...] = (
    (_form(rf"why (?:is|are|was|were) (?P<value>(?!there ).+?) {_GONE}"), _missing),
    (_form(rf"why (?:isn't|aren't|wasn't|weren't) (?P<value>.+?) {_THERE}"), _missing),
    (_form(r"why (?:is|are) there no(?:t any)? (?P<value>.+)"), _missing),
    (_form(r"(?:where (?:is|are|did)|what happened to|why (?:no|not)|why (?:don't|can't) i see|i (?:don't|can't) see) "
           r"(?P<value>.+?)(?: go)?"), _missing),
    (_form(r"how many(?: (?:of them|of those|of these|is that|are that|are they|are there|were there|are those|rows))*"
           r"(?: (?:in total|altogether|in all))?|count(?: (?:them|those|it|the rows|rows))?|"
           r"(?:what is |what's )?the (?:count|number)(?: of (?:them|those|rows))?"), _count),
    (_form(rf"(?:{_SHOW}|what (?:is|are) {_THEM} |convert {_THEM} |and )?(?:{_THEM} )?(?:as|in|into|to) (?:an? |the )?"
           rf"{_PERCENT}(?: values?)?{_OF_ALL}"), lambda _: [AsPercentage()]),
    (_form(rf"(?:what|which) {_PERCENT} (?:is|are|of (?:the )?(?:total|whole|all) (?:is|are)) {_THEM}{_OF_ALL}"),
     lambda _: [AsPercentage()]),
    (_form(rf"(?:{_SHOW}|how (?:does|do) {_THEM} )?(?:{_THEM} )?(?:compare[sd]?|in comparison|next|beside|versus|vs\.?)"
           rf" ?(?:with|to|against)? ?(?:the )?(?:(?:last|previous|prior) year|year (?:before|earlier)|"
           rf"(?P<year>{YEAR}))(?:'s)?"), _other_year),
    (_form(rf"(?:which|what) (?:rows|records|ones|entries) (?:are|were) (?:they|counted|behind {_THEM}|{_THEM})|"
           r"(?:which|what|who) (?:are|were) (?:they|these|those|them)|which ones(?: are (?:they|these|those))?"),
     lambda _: [RowsBehind()]),
    (_form(rf"{_SHOW}?(?:me )?(?:the )?(?:{_SINGLE} )?(?P<noun>[a-z]+(?: [a-z]+)?) (?:behind|underlying|"
           rf"that (?:make|made) up|that (?:were|was) counted(?: in| for)?|counted in|making up) {_THEM}(?: \w+)?"),
     lambda m: [RowsBehind(_group_text(m, "noun"))]),
    (_form(rf"{_SHOW}(?:me )?(?:the )?{_SINGLE} (?P<noun>[a-z]+)"), lambda m: [RowsBehind(_group_text(m, "noun"))]),
    (_form(r"(?:list|show(?: me)?|display|see|give me) (?:them|those|these)(?: all)?"), lambda _: [RowsBehind()]),
    (_form(rf"(?:sort|order|rank|arrange)(?:ed)?(?: (?:it|them|that|those|these|this))? (?:by|on) (?:{_OF} )?"
           rf"(?P<column>.+?)(?:,? (?:(?P<down>{_DOWN})|(?P<up>{_UP})))?"), _sort),
    (_form(r"(?:sort(?:ed)? |order(?:ed)? )?alphabetically"), lambda _: [Sort("alphabetically", False)]),
    (_form(rf"(?:(?:sort|order)(?:ed)? (?:(?:it|them|that) )?)?(?:(?P<down>{_DOWN})|(?P<up>{_UP}))"), _sort),
    (_form(rf"(?:the )?(?P<word>{_SUPERLATIVES}|newest|latest|most recent|oldest|earliest|cheapest|most expensive) "
           r"first"),
     _superlative_sort),
    (_form(r"(?:in )?reverse(?:d)?(?: (?:the |that )?(?:order|it|them|that))?|the other way (?:a)?round|turn "
           r"(?:it|that) (?:a)?round"), lambda _: [Reverse()]),
    (_form(rf"(?:(?:only|just|show|give me|show me|what are|which are)(?: only| just)? )?(?:the )?"
           rf"(?P<word>top|first|last|bottom|{_SUPERLATIVES})(?: {_COUNT})?"
           r"(?: (?:rows?|results?|ones?|of them|of those))?(?: by (?P<column>.+))?"), _limit),
    (_form(rf"(?:limit (?:it |them |that |this )?(?:to )?|(?:only|just) (?!{YEAR}$))(?:the first )?{_COUNT}"
           r"(?: (?:rows|results|of them))?"),
     _limit),
    (_form(r"(?:show |list |give me |i want )?(?:all(?: rows| results| of (?:them|those|it))?|everything|no limit|"
           r"without (?:the |a )?limit)"), lambda _: [Limit(0)]),
    (_form(r"(?:without|remove|drop|forget|ignore|lift)(?: (?:the|that|any|all))?(?: (?P<column>.+?))? "
           r"(?:filter|condition|restriction)s?"), lambda m: [Unfilter(_group_text(m, "column"))]),
    (_form(r"(?:for|in|from|of) (?:all|any|every) (?P<column>.+)"), lambda m: [Unfilter(_group_text(m, "column"))]),
    (_form(r"(?:distinct|unique|without duplicates|no duplicates|remove duplicates|each (?:only )?once)"
           r"(?: (?:ones|values|rows))?"), lambda _: [Distinct()]),
    (_form(rf"(?:(?:what|how) about |show (?:it |them |that )?|break (?:it|that|them|this) down |broken down |split "
           rf"(?:it |that |them )?|group(?:ed)? (?:it |them |that )?|count(?:ed)? )?(?P<also>(?:also |further |too )*)"
           rf"(?:by|per|for each|for every|in each) (?:{_OF} )?(?P<column>.+?)(?: (?:as well|too|also))?"), _grouped),
    (_form(rf"(?:only |just |show |show me |what about |how about )*(?:(?:the |those |these )?(?:ones? |rows |those )?)"
           rf"(?P<period>{PERIOD})"), _period),
    (_form(rf"(?:(?:who|which|what|only|just|show(?: me)?|list|the) )*(?:of )?"
           rf"(?:(?:them|those|these|ones) )(?:(?:who|that|which) )?"
           rf"(?P<never>(?:have|has|had|did|do|are|were) (?:not|never) (?:been )?|(?:haven't|hasn't|didn't|never) )?"
           rf"(?:(?:have|has|had|did|were|was|been|ever) )*(?P<verb>[a-z]{{4,}})"
           rf"(?: (?:anything|something|any|at least once))?(?: (?P<period>{PERIOD}))?"), _did),
    (_form(rf"(?:(?:only|just|show|those|the ones|ones|rows|who|that|which|were|was|are|is|have|has) )*"
           rf"(?P<column>[a-z]+(?: [a-z]+)??) (?P<period>{PERIOD})"), _period),
    (_form(rf"(?:only |just |show |show me )*(?:the ones |those |ones |rows )?(?:that (?:are|have|cost) |"
           rf"which (?:are|have) |where |with |having |if )?(?:{_OF} )?(?P<column>[\w ]*?) ?"
           rf"(?:is |are |was |were |of )?(?P<operator>{_ABOVE}|{_BELOW}|exactly|equal to|=) "
           rf"(?:\$|€|£)?(?P<number>-?\d[\d,]*(?:\.\d+)?)"
           r"(?: ?(?:euros?|dollars?|pounds?|€|%|percent|years?|rows?|items?|units?))?"), _compare),
    (_form(rf"(?:show |give me |what(?: is|'s| are) |and )?(?:the )?(?P<word>{'|'.join(_AGGREGATES)})"
           rf"(?: (?:of )?(?:{_OF} )?(?P<column>.+?))?"), _aggregate),
    (_form(rf"(?P<no>not|no|except(?: for)?|excluding|exclude|without|other than|apart from|but not|leave out|remove|"
           rf"all but) (?:the ones |those )?(?:{_WHERE} )?(?:the )?(?P<text>.+)"), _filter),
    (_form(rf"(?:what about |how about |show |include |add )?(?:(?P<also>also|plus|as well as|or|additionally)\b )"
           rf"(?:{_WHERE} )?(?:the )?(?P<text>.+)"), _filter),
    (_form(rf"(?:(?:only|just|what about|how about|show|show me|the ones|those|ones|which are|"
           rf"which of (?:them|those) are|that are|who are|are|were|is|of (?:them|those|these)|"
           rf"those who are|do the same|it|that|them) )*"
           rf"(?:{_WHERE} )*(?:the )?(?P<text>.+?)(?P<too> (?:too|as well|also))?"), _filter),
    (_form(rf"(?:(?:show|list|give me|display)(?: me)? )?(?:only|just)(?: (?:show|the column|the columns))? (?:{_OF} )?"
           rf"(?P<columns>.+)"), _columns("only")),
    # "Also show the city" and "with the city" go beside what is there; "what is their city?" asks for the city alone.
    (_form(rf"(?:(?:show|list|give|display|what (?:is|are)|tell)\b(?: (?:me|us))? ?)?(?P<more>(?:also|add|include|with|"
           rf"together with|plus|in addition|next to that)\b ?)+(?:(?:show|list|give|display|tell)\b(?: (?:me|us))? )?"
           rf"(?:{_OF} )?(?P<columns>.+?)(?: (?:too|as well|also))?"), _columns("add")),
    (_form(rf"(?:(?:show|list|give|display|what (?:is|are)|tell)\b(?: (?:me|us))? ?)*(?:{_OF} )?(?P<columns>.+?),? "
           r"(?:too|as well|also)"), _columns("add")),
    (_form(rf"(?:(?:show|list|give|display|what (?:is|are)|tell)\b(?: (?:me|us))? ?)+(?:{_OF} )?(?P<columns>.+)"),
     _columns("only")),
    (_form(r"(?:their|its|his|her) (?P<columns>.+)"), _columns("add")),
    (_form(rf"(?:without|hide|drop|remove|leave out) (?:{_OF} )?(?P<columns>.+?)(?: columns?)?"), _columns("drop")),
)  # fmt: skip
