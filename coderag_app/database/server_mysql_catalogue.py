"""What information_schema of MySQL or MariaDB says about one database: tables, and where its owner's code would run."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from coderag_app.database.server_sessions import Catalogue
from coderag_app.schema.tables import Column, ForeignKey, Table
from coderag_app.sql.declared_options import options_in_conditions, options_of_type
from coderag_app.sql.functions import FUNCTIONS

logger = logging.getLogger(__name__)

_TABLES = (
    "SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s "
    "AND TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME"
)
_COLUMNS = (
    "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, COLUMN_KEY = 'PRI' FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = %s {more} ORDER BY TABLE_NAME, ORDINAL_POSITION"
)
_KEYS = (
    "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME "
    "FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = %s "
    "AND REFERENCED_TABLE_SCHEMA IN %s ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION"
)
_CHECKS = "SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = %s"
_VIEWS = "SELECT TABLE_SCHEMA = %s, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS"
_ROUTINES = "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"
_LOADABLE = "SELECT name FROM mysql.func"

_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"})
_OTHER_SERVERS = frozenset({"FEDERATED", "CONNECT", "SPIDER", "S3", "MROONGA", "OQGRAPH", "NDBCLUSTER", "NDB"})
_STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_][\w$]*|`(?:[^`]|``)+`)\s*\(")
# Words that stand before a bracket in a view's definition and are no functions, or harmless ones.
_NO_CALLS = frozenset(
    """all and any as between by case cast char convert decimal distinct div else except exists from having if in
    intersect interval is join like mod not on or order over partition regexp select some straight_join then union using
    values varchar when where with xor signed unsigned binary collate ifnull concat coalesce round timestampdiff
    extract json_value""".split()
)


def read_redefined(cursor: Any) -> frozenset[str]:
    """Stored and loadable functions that the role can see, in lower case."""
    names: set[str] = set()
    for query in (_ROUTINES, _LOADABLE):
        try:
            cursor.execute(query)
            names.update(str(row[0]).lower() for row in cursor.fetchall())
        except Exception as error:  # a role that may only SELECT from its tables has no rights on mysql.func
            logger.debug("No list of functions: %s", error)
    return frozenset(names)


def read_mysql_catalogue(cursor: Any, database: str, path: Sequence[str]) -> Catalogue:
    """Tables and views of a database, with their keys to tables of those in ``path``; a broken view is left out."""
    cursor.execute(_TABLES, (database,))
    listed = [tuple(map(_text, row)) for row in cursor.fetchall()]
    columns: dict[str, list[Column]] = {}
    texts = set()
    options = _options(cursor, database)
    for table, column, declared, kind, primary in _columns(cursor, database, [name for name, _, _ in listed]):
        allowed = options_of_type(declared) or options.get(table, {}).get(column.lower(), ())
        columns.setdefault(table, []).append(Column(column, _type_name(declared), bool(primary), options=allowed))
        if kind.lower() in _TEXTS:
            texts.add((table, column))
    broken = [name for name, _, _ in listed if name not in columns]
    if broken:
        logger.warning("Left out, because they cannot be read: %s", ", ".join(broken))
    keys = _foreign_keys(cursor, database, path)
    tables = tuple(
        Table(name, tuple(columns[name]), tuple(keys.get(name, ()))) for name, _, _ in listed if name in columns
    )
    unsampled = {
        name: f"it is a table of the engine {engine}" for name, _, engine in listed if engine.upper() in _OTHER_SERVERS
    }
    views = {name for name, kind, _ in listed if kind == "VIEW" and name in columns}
    if views:
        unsampled |= _running_views(cursor, database, views, set(unsampled))
    return Catalogue(tables, frozenset(texts), unsampled)


def _columns(cursor: Any, database: str, names: list[str]) -> list[tuple[str, str, str, str, Any]]:
    try:
        cursor.execute(_COLUMNS.format(more=""), (database,))
        rows = list(cursor.fetchall())
    except Exception as error:  # one view that the server cannot open: ask for each by itself
        logger.debug("The columns cannot be read in one go: %s", error)
        rows = []
        for name in names:
            try:
                cursor.execute(_COLUMNS.format(more="AND TABLE_NAME = %s"), (database, name))
                rows.extend(cursor.fetchall())
            except Exception as failure:
                logger.debug("No columns of %s: %s", name, failure)
    known = set(names)
    return [(_text(a), _text(b), _text(c), _text(d), e) for a, b, c, d, e in rows if _text(a) in known]


def _options(cursor: Any, database: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """The texts that the CHECK constraints of tables allow, by the column's name in lower case."""
    checks: dict[str, list[str]] = {}
    try:
        cursor.execute(_CHECKS, (database,))
        for table, condition in cursor.fetchall():
            checks.setdefault(_text(table), []).append(_text(condition))
    except Exception as error:  # MySQL's list has no tables
        logger.debug("No CHECK constraints: %s", error)
    return {table: options_in_conditions(conditions, "mysql") for table, conditions in checks.items()}


def _foreign_keys(cursor: Any, database: str, path: Sequence[str]) -> dict[str, list[ForeignKey]]:
    cursor.execute(_KEYS, (database, tuple(path)))
    grouped: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for table, constraint, column, referred, referred_column in cursor.fetchall():
        grouped.setdefault((table, constraint, referred), []).append((column, referred_column))
    keys: dict[str, list[ForeignKey]] = {}
    for (table, _, referred), pairs in grouped.items():
        own, theirs = zip(*pairs, strict=True)
        keys.setdefault(table, []).append(ForeignKey(own, referred, theirs))
    return keys


def _running_views(cursor: Any, database: str, views: set[str], foreign: set[str]) -> dict[str, str]:
    """Views that call what is not on the guard's list, directly or through others, or whose definition is not shown."""
    cursor.execute(_VIEWS, (database,))
    definitions = [(bool(own), _text(name), _text(text)) for own, name, text in cursor.fetchall()]
    shown = {name for own, name, text in definitions if own and text}
    reasons = dict.fromkeys(views - shown, "the role may not see its definition (SHOW VIEW)")
    running = set(reasons) | foreign
    running |= {name for _, name, text in definitions if _calls_unknown(text)}
    while True:
        further = {
            name
            for _, name, text in definitions
            if name not in running and any(f"`{other.replace('`', '``')}`" in text for other in running)
        }
        if not further:
            break
        running |= further
    return {name: reasons.get(name, "reading it may run functions that wait or write") for name in running & views}


def _calls_unknown(definition: str) -> bool:
    called = {name.lower() for name in _CALL.findall(_STRING.sub("''", definition))}
    return bool(called - FUNCTIONS["mysql"] - _NO_CALLS)


def _type_name(declared: str) -> str:
    """The type in capitals; the values of an enumeration as they are."""
    return "'".join(part if index % 2 else part.upper() for index, part in enumerate(declared.split("'")))


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
