"""The columns by which people know a table's rows: first and last name, name or title, its noun, its key. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.tables import Table

NAME_WORDS = frozenset("name names title label fullname".split())
_PERSON_NAMES = frozenset("first last forename surname given family firstname lastname".split())


def row_names(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that name a table's rows.

    Example:
        >>> from coderag_app.schema.tables import Column
        >>> row_names(Table("staff", tuple(Column(name) for name in ("id", "first_name", "last_name", "city"))))
        ('first_name', 'last_name')
    """
    foreign = {name.lower() for key in table.foreign_keys for name in key.columns}
    words = [word for word in identifier_words(table.name).split() if not word.isdigit()]
    columns = [
        (column.name, identifier_words(column.name), column.primary_key or column.name.lower() in foreign)
        for column in table.columns
    ]
    return naming_columns(words, columns)


def naming_columns(table_words: Collection[str], columns: Sequence[tuple[str, str, bool]]) -> tuple[str, ...]:
    """Return the ids of the columns that name a table's rows.

    Args:
        table_words: The words of the table's name.
        columns: (id, words, whether it is a key) of each of its columns.
    """
    own = [(column_id, set(words.split()), is_key) for column_id, words, is_key in columns]
    persons = [item_id for item_id, words, _ in own if words & _PERSON_NAMES and words & (NAME_WORDS | _PERSON_NAMES)]
    if len(persons) == 2:
        return tuple(persons)
    named = sorted((len(words - set(table_words)), item_id) for item_id, words, _ in own if words & NAME_WORDS)
    if named:
        return (min(named, key=lambda pair: pair[0])[1],)
    same = [item_id for item_id, words, is_key in own if words == set(table_words) and not is_key]
    if same:
        return (same[0],)
    return tuple(item_id for item_id, _, is_key in own[:1] if is_key)
