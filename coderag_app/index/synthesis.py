"""What an index records about its synthetic examples. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynthesisRecord:
    """What the synthetic examples of one database were made from, to tell when they are stale.

    Attributes:
        schema_fingerprint: ``Schema.fingerprint`` of the database at that time.
        limit: How many were requested; ``seed``: which ones.
        made_at: When, in ISO 8601.
        vectors: What their vectors were made of; "" in indexes that predate this field.
    """

    schema_fingerprint: str
    limit: int
    seed: int
    made_at: str
    vectors: str = ""
