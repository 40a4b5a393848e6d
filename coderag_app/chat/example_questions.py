"""Questions to begin with, drawn from a schema. Pure."""

from __future__ import annotations

from coderag_app.schema.name_words import name_words, plural, singular
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import ValueIndex

_LABELS = ("name", "title", "label")
_CATEGORIES = frozenset(
    "type kind category status city country region state gender department channel format genre language color level "
    "class role position".split()
)
_MAX_NAME_WORDS = 3


def example_questions(schema: Schema, values: ValueIndex, count: int = 4) -> tuple[str, ...]:
    """Up to ``count`` questions that this schema can answer, of different kinds and about different tables.

    Each is about one table and uses its words, so that a small model can answer it too.
    """
    tables = sorted(schema.tables, key=_merit, reverse=True)
    kinds = (_counted, _listed, _per_category, _averaged, _with_value)
    found: dict[str, None] = {}
    for turn in range(len(kinds)):
        for number, table in enumerate(tables[: max(count, 4)]):
            question = kinds[(turn + number) % len(kinds)](table, values)
            if question:
                found[question] = None
            if len(found) >= count:
                return tuple(found)
    return tuple(found)


def _merit(table: Table) -> tuple[bool, bool, int]:
    """Tables of things come before tables that only link others, and those with much to ask before the rest."""
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    own = [column for column in table.columns if column.name.lower() not in keys and not column.primary_key]
    return _label(table) is not None, bool(own), min(len(own), 6)


def _things(table: Table) -> str:
    return plural(name_words(table.name))


def _label(table: Table) -> Column | None:
    """The column that names a row, such as name or title."""
    texts = [column for column in table.columns if not column.is_numeric]
    exact = next((column for column in texts if column.name.lower() in _LABELS), None)
    return exact or next((c for c in texts if name_words(c.name).split()[-1:] in ([w] for w in _LABELS)), None)


def _category(table: Table) -> Column | None:
    """A column that many rows share a value of."""
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    own = {*map(singular, name_words(table.name).split()), *_LABELS}  # city.city_name names the row itself
    fitting = [c for c in table.columns if not c.primary_key and c.name.lower() not in keys]
    return next((c for c in fitting if (set(map(singular, name_words(c.name).split())) - own) & _CATEGORIES), None)


def _measure(table: Table) -> Column | None:
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    for column in table.columns:
        words = name_words(column.name).split()
        plain = not column.primary_key and column.name.lower() not in keys and len(words) <= _MAX_NAME_WORDS
        flag = words[:1] in (["is"], ["has"], ["wants"])
        if plain and column.holds_numbers and not flag and not {"id", "code", "year", "number"} & set(words):
            return column
    return None


def _counted(table: Table, _: ValueIndex) -> str:
    return f"How many {_things(table)} are there?"


def _listed(table: Table, _: ValueIndex) -> str:
    label, category = _label(table), _category(table)
    if label is None:
        return ""
    second = f" and {name_words(category.name)}" if category is not None and category is not label else ""
    return f"List the {name_words(label.name)}{second} of all {_things(table)}."


def _per_category(table: Table, _: ValueIndex) -> str:
    category = _category(table)
    return f"How many {_things(table)} are there per {name_words(category.name)}?" if category is not None else ""


def _averaged(table: Table, _: ValueIndex) -> str:
    measure = _measure(table)
    return f"What is the average {name_words(measure.name)} of {_things(table)}?" if measure is not None else ""


def _with_value(table: Table, values: ValueIndex) -> str:
    category = _category(table)
    if category is None:
        return ""
    shown = values.few_values(table.name, category.name) or category.samples
    value = next((text for text in shown if text.isprintable() and 2 < len(text) <= 30), "")
    return f"How many {_things(table)} have the {name_words(category.name)} {value}?" if value else ""
