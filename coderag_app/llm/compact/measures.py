"""Words that ask for a measure without naming it: the oldest person has the largest age."""

from __future__ import annotations

_ASKED_BY = {  # words in names of columns: words of questions
    "age birth": "old older oldest young younger youngest aged elderly",
    "height": "tall taller tallest short shorter shortest high higher highest",
    "length": "long longer longest short shorter shortest",
    "duration time minutes seconds": (
        "long longer longest short shorter shortest fast faster fastest quick quickest slow"
    ),
    "weight mass": "heavy heavier heaviest light lighter lightest weigh weighs",
    "price cost amount fee rate": "cheap cheaper cheapest expensive costly costliest cost costs affordable",
    "size area capacity population": "large larger largest big bigger biggest small smaller smallest tiny",
    "population": "populous people inhabitants crowded",
    "speed": "fast faster fastest quick quickest slow slower slowest",
    "elevation altitude": "high higher highest low lower lowest",
    "depth": "deep deeper deepest shallow",
    "date year time": "early earlier earliest late later latest recent recently new newer newest last first when",
    "salary income earnings wage": "rich richest earn earns earning paid poorest",
    "budget revenue sales profit": "profitable richest earn earned",
    "rating score stars points": "best better worst rated",
    "city location address country": "where live lives living located",
    "sex": "gender male female men women",
    "gender": "sex male female men women",
}
_MEASURES: dict[str, set[str]] = {}
for _names, _words in _ASKED_BY.items():
    for _word in _words.split():
        _MEASURES.setdefault(_word, set()).update(_names.split())


def measures(word: str) -> frozenset[str]:
    """The words of column names that a word of a question asks for, beyond its own meaning.

    >>> sorted(measures("oldest"))
    ['age', 'birth']
    """
    return frozenset(_MEASURES.get(word, ()))
