"""How many of the tables that a query needs were kept by schema linking. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def table_recall(needed: Iterable[str], linked: Iterable[str]) -> float:
    """Share of the needed tables among the linked ones, whatever the case; 1.0 when none is needed.

    A query can only be right if this is 1.0: what is not linked is not in the prompt.
    """
    wanted = {name.lower() for name in needed}
    if not wanted:
        return 1.0
    return len(wanted & {name.lower() for name in linked}) / len(wanted)
