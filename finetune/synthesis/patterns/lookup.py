"""What the patterns look up about one database: kinds of columns, unambiguous phrases, links between tables."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from coderag_app.schema.tables import quote_identifier
from finetune.synthesis.described import DescribedColumn, DescribedSchema, DescribedTable, Relation

NUMERIC_KINDS = frozenset(("int", "money", "decimal", "percent", "rating"))
MEASURED_KINDS = NUMERIC_KINDS | {"year"}
DATE_KINDS = frozenset(("date", "datetime"))
CATEGORY_KINDS = frozenset(("city", "country", "region", "language", "nationality", "color", "month", "weekday", "one"))
TEXT_KINDS = CATEGORY_KINDS | {"person", "first_name", "last_name", "name", "street", "email", "phone", "url", "code"}
PERSON_KINDS = frozenset(("person", "first_name", "last_name"))

_KEYWORDS = frozenset(
    "ADD ALTER AUTOINCREMENT CAST COLLATE COMMIT CONSTRAINT CURRENT_DATE CURRENT_TIME "
    "CURRENT_TIMESTAMP DEFERRABLE ESCAPE "
    "IF ISNULL NOTHING NOTNULL RAISE RETURNING TRANSACTION".split()
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def quoted(name: str) -> str:
    """The identifier as SQLite needs it."""
    return f'"{name}"' if name.upper() in _KEYWORDS else quote_identifier(name, "sqlite")


def literal(value: object) -> str:
    """A stored value as an SQL literal."""
    if isinstance(value, (int, float)):
        return str(int(value) if float(value).is_integer() else value)
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"


def name_words(name: str) -> str:
    """An identifier's words, in lower case."""
    return " ".join(word.lower() for word in _WORDS.findall(name)) or name


@dataclass(frozen=True)
class TableLink:
    """A step along a foreign key from one table to another.

    Attributes:
        upward: Whether the step goes from the table with the foreign key to the table it refers to.
        role: The foreign key column's phrase, such as "agent".
        ambiguous: Whether another foreign key joins the same two tables.
    """

    source: DescribedTable
    target: DescribedTable
    relation: Relation
    upward: bool
    role: str
    ambiguous: bool

    @property
    def on(self) -> str:
        """The join condition, the source's column first."""
        child = f"{quoted(self.relation.child_table)}.{quoted(self.relation.child_column)}"
        parent = f"{quoted(self.relation.parent_table)}.{quoted(self.relation.parent_column)}"
        return f"{child} = {parent}" if self.upward else f"{parent} = {child}"

    @property
    def verb(self) -> str:
        """The verb from source to target, or ""."""
        return self.relation.child_verb if self.upward else self.relation.parent_verb


class SchemaLookup:
    """A described database, indexed for drawing."""

    def __init__(self, database: DescribedSchema) -> None:
        self.database = database
        self.tables = {table.name: table for table in database.tables}
        self.subjects = [table for table in database.tables if not table.is_junction and table.row_count > 0]
        self.keys = _key_columns(database)
        self.references = {(r.child_table, r.child_column): r for r in database.relations}
        self.nouns = _own_nouns(database.tables)
        self.phrases = {(t.name, c.name): self._own_phrases(t, c) for t in database.tables for c in t.columns}
        self.links = {table.name: self._links(table) for table in database.tables}
        self.identities = {table.name: self._identity(table) for table in database.tables}

    def is_person(self, table: DescribedTable) -> bool:
        """Whether the table's rows are people: their own name is a person's."""
        return any(column.kind in PERSON_KINDS for column in self.identities[table.name])

    def _own_phrases(self, table: DescribedTable, column: DescribedColumn) -> tuple[str, ...]:
        others = {phrase for other in table.columns if other.name != column.name for phrase in other.phrases}
        own = tuple(phrase for phrase in column.phrases if phrase not in others) or (name_words(column.name),)
        if (table.name, column.name) not in self.references:
            return own
        return tuple(p if p.split()[-1] in ("id", "code", "number", "no") else f"{p} id" for p in own)

    def _identity(self, table: DescribedTable) -> tuple[DescribedColumn, ...]:
        by_kind = {column.kind: column for column in reversed(table.columns)}
        if "first_name" in by_kind and "last_name" in by_kind:
            return (by_kind["first_name"], by_kind["last_name"])
        texts = [c for c in table.columns if c.kind in ("person", "name", "one", "text")]
        words = [(c, c.phrases[0].lower().split()) for c in texts]
        own = [c for c, said in words if said in (["name"], ["title"], ["full", "name"])]
        own += [
            c
            for c, said in words
            if said[-1] in ("name", "title") and "of" not in said and c.kind in ("person", "name")
        ]
        heads = {noun.lower().split()[-1] for noun, _ in table.nouns}
        own += [c for c, said in words if c.kind == "name" and said[-1] in heads]
        return tuple(own[:1])

    def _links(self, table: DescribedTable) -> tuple[TableLink, ...]:
        pairs = Counter(frozenset((r.child_table, r.parent_table)) for r in self.database.relations)
        links: list[TableLink] = []
        for relation in self.database.relations:
            if relation.child_table == relation.parent_table or table.name not in (
                relation.child_table,
                relation.parent_table,
            ):
                continue
            upward = relation.child_table == table.name
            target = self.tables[relation.parent_table if upward else relation.child_table]
            child = self.tables[relation.child_table]
            column = next(c for c in child.columns if c.name == relation.child_column)
            ambiguous = pairs[frozenset((relation.child_table, relation.parent_table))] > 1
            links.append(TableLink(table, target, relation, upward, _role(column), ambiguous))
        return tuple(links)


def _role(column: DescribedColumn) -> str:
    phrase = column.phrases[0]
    return phrase.removesuffix(" id").removesuffix(" code").removesuffix(" number")


def _key_columns(database: DescribedSchema) -> dict[str, str]:
    keys: dict[str, str] = {}
    for table in database.tables:
        found = [column.name for column in table.columns if column.kind == "key"]
        declared = database.schema.table(table.name)
        primary = [c.name for c in declared.columns if c.primary_key] if declared is not None else []
        single = primary if len(primary) == 1 else found
        if len(single) == 1:
            keys[table.name] = single[0]
    return keys


def _own_nouns(tables: tuple[DescribedTable, ...]) -> dict[str, tuple[tuple[str, str], ...]]:
    nouns: dict[str, tuple[tuple[str, str], ...]] = {}
    for table in tables:
        others = {pair[0] for other in tables if other.name != table.name for pair in other.nouns}
        nouns[table.name] = tuple(pair for pair in table.nouns if pair[0] not in others) or table.nouns[:1]
    return nouns
