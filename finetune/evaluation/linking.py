"""Recall of schema linking: how many of the needed tables it keeps. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def table_recall(needed: Iterable[str], linked: Iterable[str]) -> float:
    """Compute the share of needed tables that were linked, ignoring case; 1.0 if none is needed.

    A query can only be right if this is 1.0, since other tables are not in the prompt.
    """
    wanted = {name.lower() for name in needed}
    if not wanted:
        return 1.0
    return len(wanted & {name.lower() for name in linked}) / len(wanted)
