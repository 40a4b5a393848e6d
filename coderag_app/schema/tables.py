"""What a database looks like: tables, columns, keys. Pure; ``sql.ddl`` reads it from text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from sqlglot import exp

from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.profile import UNKNOWN, ColumnProfile, Kind

_NO_NUMBERS = ("ENUM", "SET(", "POINT", "INTERVAL", "STRUCT", "MAP(", "UNION(")  # types with INT or NUM in their text


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name and declared type as the database spells them, and what its values are.

    Attributes:
        samples: A few of its values (untrusted text).
        options: The texts that it may hold, where the database says so: by an enumeration, or ``CHECK (a IN ...)``.
        profile: What its values are (``schema.profiling``); unknown where the database was not read.
    """

    name: str
    type: str = ""
    primary_key: bool = False
    samples: tuple[str, ...] = ()
    profile: ColumnProfile = UNKNOWN
    options: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether the declared type holds numbers (SQLite's affinity words plus the standard's)."""
        declared = self.type.upper()
        if declared.startswith(_NO_NUMBERS) or declared.endswith("[]"):
            return False
        return any(word in declared for word in ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "SERIAL", "MONEY"))

    @property
    def holds_numbers(self) -> bool:
        """Whether its values are numbers, by its profile or declared type: amounts in text, but no epochs."""
        if self.profile.kind is Kind.DATE:
            return False
        return self.profile.number is not None or self.is_numeric

    @property
    def is_boolean(self) -> bool:
        """Whether the declared type holds true and false."""
        return "BOOL" in self.type.upper()

    @property
    def is_temporal(self) -> bool:
        """Whether the declared type holds dates or times."""
        return any(word in self.type.upper() for word in ("DATE", "TIME"))


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of the table that holds it; ``columns`` and ``ref_columns`` pair up in order.

    ``score`` is 1 for a declared key, and less for one that was inferred from names and values.
    """

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]
    score: float = 1.0

    @property
    def is_declared(self) -> bool:
        """Whether the database declares the key."""
        return self.score == 1


@dataclass(frozen=True)
class Table:
    """A table or view with its columns and foreign keys.

    ``hidden`` names columns that no query may read (PostgreSQL: their type has a cast by the database's owner, which
    would run at every use). They are not among ``columns``, and ``*`` and whole rows of the table are refused.
    ``namespace`` is the schema that it lies in, where that is not the one that the others lie in.
    """

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    hidden: tuple[str, ...] = ()
    namespace: str = ""

    @cached_property
    def _columns_by_name(self) -> dict[str, Column]:
        return {column.name.lower(): column for column in self.columns}

    def column(self, name: str) -> Column | None:
        """Find a column by name, ignoring case; None if there is none."""
        return self._columns_by_name.get(name.lower())


@dataclass(frozen=True)
class Schema:
    """The schema of one database.

    Attributes:
        tables: Tables and views, as the database lists them.
        dialect: sqlglot's name for its SQL: sqlite, duckdb, postgres, mysql.
        namespace: The prefix that may qualify the tables (``public.orders``); empty for the engine's default
            (``public``, ``main``).
        redefined: Functions (lower case), operators (``+``) and cast targets (``cast json``) that the database's owner
            has redefined. The guard refuses them: they would run the owner's code.
        prefix: The word that most of the tables' names begin with and that ``words`` leaves out; may be empty.
    """

    tables: tuple[Table, ...]
    dialect: str = "sqlite"
    namespace: str = ""
    redefined: frozenset[str] = frozenset()
    prefix: str = ""

    @cached_property
    def _tables_by_name(self) -> dict[str, Table]:
        return {table.name.lower(): table for table in self.tables}

    def table(self, name: str) -> Table | None:
        """Find a table by name, ignoring case; None if there is none."""
        return self._tables_by_name.get(name.lower())

    def column(self, table: str, name: str) -> Column | None:
        """Find a column of a table, ignoring case; None if there is none."""
        found = self.table(table)
        return found.column(name) if found is not None else None

    def words(self, table: Table) -> str:
        """The words of a table's name, without the prefix that most tables share."""
        words = identifier_words(table.name)
        return words.removeprefix(f"{self.prefix} ") if self.prefix else words

    def keep(self, names: Iterable[str]) -> Schema:
        """Keep only the named tables and the foreign keys between them."""
        kept = {name.lower() for name in names}
        tables = tuple(
            replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key.ref_table.lower() in kept))
            for table in self.tables
            if table.name.lower() in kept
        )
        return replace(self, tables=tables)

    @cached_property
    def fingerprint(self) -> str:
        """Hash (16 hex digits) of names, types and declared keys; ignores sample values."""
        return hashlib.sha256(self.to_ddl(samples=False).encode()).hexdigest()[:16]

    def to_ddl(self, samples: bool = True, inferred: bool = False) -> str:
        """Write CREATE TABLE statements, one column per line, with sample values as comments.

        Args:
            samples: Whether to write sample values.
            inferred: Whether to write the keys that nobody declared, too.
        """
        tables = self.tables if inferred else map(_as_declared, self.tables)
        return "\n".join(_table_ddl(table, self.dialect, samples) for table in tables)


def quote_identifier(name: str, dialect: str) -> str:
    """The identifier, quoted only where the dialect needs it."""
    if not needs_quotes(name, dialect):
        return name  # nearly every name of a schema, and 20 times as fast
    return identifier(name, dialect).sql(dialect=dialect)


def identifier(name: str, dialect: str) -> exp.Identifier:
    """The identifier for a parsed query, quoted only where the dialect needs it."""
    return exp.Identifier(this=name, quoted=needs_quotes(name, dialect))


def needs_quotes(name: str, dialect: str) -> bool:
    """Whether the bare name would mean something else: odd characters, a keyword, or capitals PostgreSQL folds."""
    plain = name.isidentifier() and name.isascii() and name.upper() not in _RESERVED
    return not plain or (dialect == "postgres" and name != name.lower())


# SQLite's keywords (sqlite.org/lang_keywords.html) and the further reserved words of PostgreSQL and MySQL.
_RESERVED = frozenset(
    "ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND ANY ARRAY AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN "
    "BETWEEN BOTH BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT "
    "CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DATE DEFAULT DEFERRABLE DEFERRED DELETE DESC DESCRIBE "
    "DETACH DISTINCT DIV DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FALSE FETCH "
    "FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GRANT GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN "
    "INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTERVAL INTO IS ISNULL JOIN KEY KEYS LAST LATERAL "
    "LEADING LEFT LIKE LIMIT LOCK MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON ONLY "
    "OR ORDER OTHERS OUTER OVER OVERLAPS PARTITION PLACING PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RANK "
    "RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT RLIKE ROLLBACK ROW ROWS "
    "SAVEPOINT SELECT SESSION_USER SET SIMILAR SOME SYMMETRIC SYSTEM TABLE TEMP TEMPORARY THEN TIES TO TRAILING "
    "TRANSACTION TRIGGER TRUE UNBOUNDED UNION UNIQUE UPDATE USER USING VACUUM VALUES VARIADIC VIEW VIRTUAL WHEN "
    "WHERE WINDOW WITH WITHOUT".split()
)


def _as_declared(table: Table) -> Table:
    return replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key.is_declared))


def _table_ddl(table: Table, dialect: str, samples: bool) -> str:
    def quoted(name: str) -> str:
        return quote_identifier(name, dialect)

    lines: list[str] = []
    keys = [column.name for column in table.columns if column.primary_key]
    for column in table.columns:
        line = f"  {quoted(column.name)} {column.type}".rstrip()
        if keys == [column.name]:
            line += " PRIMARY KEY"
        lines.append(line)
    comments = [_sample_comment(column) if samples else "" for column in table.columns]
    if len(keys) > 1:
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, keys))})")
        comments.append("")
    for key in table.foreign_keys:
        columns, ref_columns = ", ".join(map(quoted, key.columns)), ", ".join(map(quoted, key.ref_columns))
        target = f"{quoted(key.ref_table)} ({ref_columns})" if key.ref_columns else quoted(key.ref_table)
        lines.append(f"  FOREIGN KEY ({columns}) REFERENCES {target}")
        comments.append("")
    body = [f"{line}{',' if i < len(lines) - 1 else ''}{comments[i]}" for i, line in enumerate(lines)]
    return "\n".join([f"CREATE TABLE {quoted(table.name)} (", *body, ");"])


def _sample_comment(column: Column) -> str:
    """Write what the values are and a few of them as one comment line; a line break would let a value escape it."""
    parts = [column.profile.described]
    if column.samples:
        parts.append("e.g. " + ", ".join(repr(" ".join(value.split())) for value in column.samples))
    shown = "; ".join(filter(None, parts))
    return f" -- {shown}" if shown else ""
