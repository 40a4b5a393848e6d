"""What an index remembers of the synthetic examples in it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynthesisRecord:
    """What the synthetic examples of one database were made from: to see when they are out of date.

    Attributes:
        schema_fingerprint: ``Schema.fingerprint`` of the database at that time.
        limit: How many were asked for; ``seed``: which ones.
        made_at: When, in ISO 8601.
        vectors: What their vectors were made of; "" in indexes from before that was noted.
    """

    schema_fingerprint: str
    limit: int
    seed: int
    made_at: str
    vectors: str = ""
