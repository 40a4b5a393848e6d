"""What is not read when a database is opened: counted and named once, with the option that brings it in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

logger = logging.getLogger(__name__)

_MOST_NAMES = 8


def say_left_out(others: Iterable[Sequence[object]], schemas: Sequence[str]) -> None:
    """Warn of schemas that are not read.

    Args:
        others: Their names, each with the number of its tables and views.
        schemas: The schemas that are read.
    """
    counted = [(str(name), int(str(count))) for name, count in others]
    if not counted:
        return
    total = sum(count for _, count in counted)
    told = ", ".join(f"{name} ({count})" for name, count in counted[:_MOST_NAMES])
    more = f" and {len(counted) - _MOST_NAMES} more" if len(counted) > _MOST_NAMES else ""
    wanted = ",".join([*schemas, counted[0][0]] if schemas else [counted[0][0]])
    logger.warning(
        "Left out %s of other schemas: %s%s. To read them as well: --schema %s",
        "1 table or view" if total == 1 else f"{total} tables and views",
        told,
        more,
        wanted,
    )


def say_parts_left_out(parts: Iterable[Sequence[object]]) -> None:
    """Say that partitions are read through their table; ``parts`` are tables with the number of their partitions."""
    told = ", ".join(f"{count} of {table}" for table, count in parts)
    if told:
        logger.info("Left out partitions, whose rows their table shows: %s", told)


def first_of_each_name(found: Iterable[tuple[str, str]], schemas: Sequence[str]) -> list[tuple[str, str]]:
    """The tables (schema, name) that their bare names mean: of several with one name the first along the schemas.

    The others are named in a warning, with the schema to put first.
    """
    places = list(found)
    tables = sorted(places, key=lambda place: schemas.index(place[0]))
    kept: dict[str, tuple[str, str]] = {}
    shadowed = [place for place in tables if kept.setdefault(place[1].lower(), place) != place]
    if shadowed:
        told = ", ".join(f"{schema}.{name}" for schema, name in shadowed[:_MOST_NAMES])
        more = f" and {len(shadowed) - _MOST_NAMES} more" if len(shadowed) > _MOST_NAMES else ""
        logger.warning(
            "Left out %s%s, because a schema before has a table of this name. To read them: --schema %s first",
            told,
            more,
            shadowed[0][0],
        )
    order = {place: number for number, place in enumerate(places)}
    return sorted(kept.values(), key=lambda place: (schemas.index(place[0]), order[place]))
