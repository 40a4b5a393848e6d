"""What PostgreSQL's catalogues say about one database: its tables, and where the owner's own code would run.

Every query runs with the search path ``pg_catalog`` alone, so that its functions and operators are the server's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coderag_app.database.left_out import first_of_each_name, say_left_out, say_parts_left_out
from coderag_app.database.server_sessions import Catalogue
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Column, ForeignKey, Table
from coderag_app.sql.declared_options import options_in_conditions

# An object of an extension counts as the server's own when a superuser owns it: the owner of a database may install
# some extensions, and may then add functions to them.
_OWNERS_FUNCTIONS = """
SELECT p.oid, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_roles r ON r.oid = p.proowner
 WHERE (n.nspname <> 'pg_catalog' OR p.oid >= 16384 OR p.prolang NOT IN (12, 13, 14))
   AND NOT (r.rolsuper AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                      AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass))
"""
_FUNCTIONS = f"""
SELECT DISTINCT lower(o.proname::text) FROM ({_OWNERS_FUNCTIONS}) o JOIN pg_proc p USING (oid)
 WHERE p.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY(%s::text[]))
"""
_OPERATORS = """
SELECT DISTINCT o.oprname::text FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
  JOIN pg_roles r ON r.oid = o.oprowner
 WHERE n.nspname = ANY(%s::text[]) AND (n.nspname <> 'pg_catalog' OR o.oid >= 16384)
   AND NOT (r.rolsuper AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_operator'::regclass
                                      AND d.objid = o.oid AND d.deptype = 'e'))
"""
_OWNERS_CASTS = f"""
SELECT c.castsource, c.casttarget, c.castcontext FROM pg_cast c JOIN ({_OWNERS_FUNCTIONS}) f ON f.oid = c.castfunc
"""
# The targets of such casts, their arrays, and the domains over them; and domains whose checks call the owner's code.
_CAST_TARGETS = f"""
WITH RECURSIVE target(oid) AS (
  SELECT casttarget FROM ({_OWNERS_CASTS}) c
  UNION SELECT k.contypid FROM pg_constraint k JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass
           AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass WHERE k.contypid <> 0
  UNION SELECT t.oid FROM target b JOIN pg_type t ON t.typbasetype = b.oid OR (t.typelem = b.oid AND t.typlen = -1)
)
SELECT DISTINCT format_type(t.oid, NULL), t.typname::text FROM target JOIN pg_type t USING (oid)
"""
_IMPLICIT_CASTS = f"""
SELECT format_type(castsource, NULL), format_type(casttarget, NULL) FROM ({_OWNERS_CASTS}) c
 WHERE castcontext = 'i' AND castsource < 16384 AND casttarget < 16384
"""
# Types whose values run such a cast by themselves (to_json looks for one), and every type that holds one of them.
_HIDDEN = f"""
WITH RECURSIVE source(oid) AS (
  SELECT castsource FROM ({_OWNERS_CASTS}) c WHERE castsource >= 16384
  UNION SELECT casttarget FROM ({_OWNERS_CASTS}) c WHERE castcontext = 'i' AND casttarget >= 16384
), holding(oid) AS (
  SELECT oid FROM source
  UNION SELECT h.oid FROM holding b, LATERAL (
    SELECT t.oid FROM pg_type t WHERE t.typbasetype = b.oid OR (t.typelem = b.oid AND t.typlen = -1)
    UNION ALL SELECT c.reltype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.atttypid = b.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0
    UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngsubtype = b.oid) h
)
SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
   AND a.attnum > 0 AND a.atttypid IN (SELECT oid FROM holding)
UNION ALL
SELECT c.relname::text, c.relname::text FROM pg_class c
 WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
   AND c.reltype IN (SELECT oid FROM source)
"""
_COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), t.typcategory IN ('S', 'E'),
       COALESCE(a.attnum = ANY(k.conkey), false),
       EXISTS (SELECT FROM pg_class s WHERE s.relnamespace = 'pg_catalog'::regnamespace AND s.relname = c.relname)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
 WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
   AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition
 ORDER BY c.relname, a.attnum
"""
_KEYS = """
SELECT c.relname::text, r.relname::text,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(num, pos)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.pos),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(num, pos)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.pos)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
 WHERE k.contype = 'f' AND r.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY(%(path)s::text[]))
   AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
 ORDER BY c.relname, k.conname
"""
# Of an enumeration, or a domain over one.
_ENUMERATIONS = """
SELECT c.relname::text, a.attname::text, ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid
                                                ORDER BY e.enumsortorder)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type d ON d.oid = a.atttypid JOIN pg_type t ON t.oid IN (d.oid, d.typbasetype) AND t.typtype = 'e'
 WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
"""
_CHECKS = """
SELECT c.relname::text, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE k.contype = 'c' AND k.convalidated
   AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
"""
# A partition's rows are its table's: shown beside it, it would answer for the whole.
_PARTITIONS = """
SELECT p.relname::text, count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
 WHERE n.nspname = ANY(%(path)s::text[]) GROUP BY p.relname ORDER BY p.relname
"""
_OTHER_SCHEMAS = """
SELECT n.nspname::text, count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND n.nspname <> ALL(%(path)s::text[])
   AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
   AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
 GROUP BY n.nspname ORDER BY n.nspname
"""
# What reading a relation would run: the rule of a view, the policies of a table, and its partitions or children. A
# relation counts as running code when one of these leaves pg_catalog, or names a built-in that waits or writes: those
# are not in pg_depend, but their numbers stand in the stored tree. Materialised views hold rows and run nothing.
_UNSAMPLED = """
WITH RECURSIVE part(rel, classid, objid, tree) AS (
  SELECT w.ev_class, 'pg_rewrite'::regclass, w.oid, w.ev_action::text FROM pg_rewrite w
    JOIN pg_class c ON c.oid = w.ev_class AND c.relkind = 'v' WHERE w.oid >= 16384
  UNION ALL SELECT p.polrelid, 'pg_policy'::regclass, p.oid, p.polqual::text FROM pg_policy p
), edge(reader, rel) AS (
  SELECT part.rel, d.refobjid FROM part JOIN pg_depend d ON d.classid = part.classid AND d.objid = part.objid
   WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> part.rel
  UNION SELECT inhparent, inhrelid FROM pg_inherits
), runs(rel) AS (
  SELECT oid FROM pg_class WHERE relkind = 'f'
  UNION SELECT part.rel FROM part JOIN pg_depend d ON d.classid = part.classid AND d.objid = part.objid
   WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
  UNION SELECT part.rel FROM part JOIN pg_depend d ON d.classid = part.classid AND d.objid = part.objid
     JOIN pg_constraint k ON k.contypid = d.refobjid WHERE d.refclassid = 'pg_type'::regclass
  UNION SELECT part.rel FROM part, regexp_matches(part.tree, ':[a-z]*(?:funcid|fnoid|handler) (\\d+)', 'g') AS f(found)
     JOIN pg_proc p ON p.oid = f.found[1]::oid
   WHERE p.provolatile = 'v' AND p.proname NOT IN
         ('random', 'random_normal', 'clock_timestamp', 'timeofday', 'gen_random_uuid', 'bernoulli', 'system')
  UNION SELECT edge.reader FROM edge JOIN runs USING (rel)
)
SELECT c.relname::text, c.relkind::text FROM runs JOIN pg_class c ON c.oid = runs.rel
 WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s::text)
   AND c.relkind IN ('r', 'p', 'f', 'v')
"""
# Other words for built-in types: PostgreSQL's own short names, and what sqlglot writes for them.
_ALIASES = {
    "bigint": ("int8",),
    "bit varying": ("varbit",),
    "boolean": ("bool",),
    "character": ("char", "bpchar"),
    "character varying": ("varchar",),
    "double precision": ("float8", "float", "double", "real"),  # sqlglot writes real for float
    "integer": ("int", "int4"),
    "numeric": ("decimal",),
    "real": ("float4", "float"),
    "smallint": ("int2",),
    "time with time zone": ("timetz",),
    "time without time zone": ("time",),
    "timestamp with time zone": ("timestamptz",),
    "timestamp without time zone": ("timestamp",),
}


def read_redefined(cursor: Any, path: Sequence[str]) -> frozenset[str]:
    """Functions, operators and casts of the owner that a query may run without naming a schema.

    Raises:
        DatabaseError: A cast between two built-in types runs by itself: no query could be told apart.
    """
    implicit = cursor.execute(_IMPLICIT_CASTS).fetchall()
    if implicit:
        source, target = implicit[0]
        raise DatabaseError(
            f"The database redefines the cast from {source} to {target}, which runs by itself in any query; expected "
            f"the server's own. Remove it: DROP CAST ({source} AS {target});"
        )
    searched = [["pg_catalog", *path]]
    names = {row[0] for row in cursor.execute(_FUNCTIONS, searched).fetchall()}
    names |= {row[0] for row in cursor.execute(_OPERATORS, searched).fetchall()}
    for formatted, name in cursor.execute(_CAST_TARGETS).fetchall():
        names.update(f"cast {spelling}" for spelling in _spellings(formatted.lower(), name.lower()))
    return frozenset(names)


def _spellings(formatted: str, name: str) -> set[str]:
    base = formatted.removesuffix("[]")
    array = formatted[len(base) :]
    bare = base.rpartition(".")[2].strip('"')
    return {formatted, name} | {f"{alias}{array}" for alias in (bare, *_ALIASES.get(base, ()))}


def read_postgres_catalogue(cursor: Any, path: Sequence[str]) -> tuple[Catalogue, dict[str, str]]:
    """Tables and views (materialised and foreign ones too) of some schemas, with the keys between them.

    Args:
        cursor: A cursor of an introspecting connection.
        path: The schemas, in the order that bare names are looked up.

    Returns:
        The catalogue, and the schema of each table.
    """
    read = {schema: _read_schema(cursor, schema, path) for schema in path}
    tables = {(schema, table.name): table for schema, catalogue in read.items() for table in catalogue.tables}
    chosen = first_of_each_name(tables, path)
    names = {name for _, name in chosen}
    kept = [
        replace(
            tables[schema, name],
            foreign_keys=tuple(key for key in tables[schema, name].foreign_keys if key.ref_table in names),
            namespace="" if schema == path[0] else schema,
        )
        for schema, name in chosen
    ]
    places = {name: schema for schema, name in chosen}
    texts = {text for schema in read for text in read[schema].texts if places.get(text[0]) == schema}
    unsampled = {n: why for schema in read for n, why in read[schema].unsampled.items() if places.get(n) == schema}
    say_parts_left_out(cursor.execute(_PARTITIONS, {"path": list(path)}).fetchall())
    say_left_out(cursor.execute(_OTHER_SCHEMAS, {"path": list(path)}).fetchall(), path)
    return Catalogue(tuple(kept), frozenset(texts), unsampled), places


def _read_schema(cursor: Any, schema: str, path: Sequence[str]) -> Catalogue:
    named = {"schema": schema, "path": list(path)}
    hidden: dict[str, list[str]] = {}
    for table, column in cursor.execute(_HIDDEN, named).fetchall():
        hidden.setdefault(table, []).append(column)
    options = _options(cursor, named)
    columns: dict[str, list[Column]] = {}
    texts = set()
    for table, column, declared, is_text, primary, shadowed in cursor.execute(_COLUMNS, named).fetchall():
        if shadowed:  # its bare name means the server's catalogue
            continue
        kept = columns.setdefault(table, [])
        if column in hidden.get(table, ()):
            continue
        kept.append(
            Column(column, _type_name(declared, schema), primary, options=options.get((table, column.lower()), ()))
        )
        if is_text:
            texts.add((table, column))
    keys: dict[str, list[ForeignKey]] = {}
    for table, referred, own, theirs in cursor.execute(_KEYS, named).fetchall():
        if not set(own) & set(hidden.get(table, ())):
            keys.setdefault(table, []).append(ForeignKey(tuple(own), referred, tuple(theirs)))
    tables = tuple(
        Table(name, tuple(kept), tuple(keys.get(name, ())), tuple(sorted(set(hidden.get(name, ())))))
        for name, kept in columns.items()
    )
    unsampled = {
        name: "it is a foreign table" if kind == "f" else "reading it may run functions that wait or write"
        for name, kind in cursor.execute(_UNSAMPLED, named).fetchall()
    }
    return Catalogue(tables, frozenset(texts), unsampled)


def _options(cursor: Any, named: dict[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The texts that columns may hold, by table and column."""
    checks: dict[str, list[str]] = {}
    for table, definition in cursor.execute(_CHECKS, named).fetchall():
        checks.setdefault(table, []).append(definition.removeprefix("CHECK").removesuffix(" NO INHERIT"))
    found = {
        (table, column): texts
        for table, conditions in checks.items()
        for column, texts in options_in_conditions(conditions, "postgres").items()
    }
    listed = cursor.execute(_ENUMERATIONS, named).fetchall()
    return found | {(table, column.lower()): tuple(labels) for table, column, labels in listed}


def _type_name(declared: str, schema: str) -> str:
    """The type in the standard's words; a type of the schema without its prefix."""
    for prefix in (f"{schema}.", f'"{schema}".'):
        if declared.startswith(prefix):
            bare = declared[len(prefix) :]
            return bare.upper() if bare in ("citext", "hstore") else bare
    if "." in declared.partition("(")[0]:
        return declared
    words = declared.upper().replace("CHARACTER VARYING", "VARCHAR").replace("CHARACTER", "CHAR")
    return words.replace(",", ", ")
