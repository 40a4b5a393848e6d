"""Questions without the words that tie them to one database (Gao et al., DAIL-SQL, VLDB 2024). Pure.

The rest, such as "how many <mask> have the <mask> <unk>", is what questions on different databases can share.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from coderag_app.schema.name_words import identifier_words, singular
from coderag_app.schema.tables import Schema

SCHEMA_MASK = "<mask>"
VALUE_MASK = "<unk>"
_QUOTED_OR_NUMBER = re.compile(r"\"[^\"]+\"|(?<!\w)'[^']+'(?!\w)|\b\d+(?:[.,]\d+)*\b")
_WORD = re.compile(r"<unk>|[^\W_]+(?:['’][^\W_]+)?|[^\w\s]")
_KEPT = frozenset(
    "a all and any are by count date each for from has have id in is list many most name not number of on or order the "
    "to total type what which who with year".split()
)


def mask_question(question: str, schema: Schema | None, values: Collection[str] = ()) -> str:
    """Replace values by ``<unk>``, and words of table and column names by ``<mask>``; runs of masks become one.

    Words such as *number* or *name* stay although many schemas use them: they say what the question wants.

    Args:
        question: The question.
        schema: The schema it is about; None masks values only.
        values: Stored values that it mentions, besides quoted text and numbers, which are always masked.
    """
    text = _QUOTED_OR_NUMBER.sub(VALUE_MASK, question)
    for value in sorted(values, key=len, reverse=True):
        if value.strip():
            text = re.sub(rf"(?<!\w){re.escape(value.strip())}(?!\w)", VALUE_MASK, text, flags=re.IGNORECASE)
    names = _schema_words(schema) if schema is not None else frozenset()
    masked: list[str] = []
    for word in _WORD.findall(text):
        shown = SCHEMA_MASK if singular(word.lower()) in names else word
        if shown not in (SCHEMA_MASK, VALUE_MASK) or not masked or masked[-1] != shown:
            masked.append(shown)
    return " ".join(masked)


@lru_cache(maxsize=512)
def _schema_words(schema: Schema) -> frozenset[str]:
    names = [table.name for table in schema.tables] + [c.name for table in schema.tables for c in table.columns]
    words = {word for name in names for word in identifier_words(name).split()}
    return frozenset(singular(word) for word in words - _KEPT if len(word) > 1)
