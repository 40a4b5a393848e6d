"""Refuse what would run code of the database's owner: casts to their types, and names they have redefined. Pure.

A function, an operator or a cast that is harmless in the engine may call anything once the owner has given it another
meaning. Which ones those are is read when a database is opened (``Schema.redefined``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from coderag_app.errors import SQLRejectedError

# PostgreSQL finds these in pg_catalog, whatever the owner calls alike. Types of extensions and of users are left out,
# and so are those that look a name up in the catalogue (regclass).
_TYPES = frozenset(
    """ARRAY BIGINT BIT BOOLEAN BPCHAR CHAR DATE DATERANGE DECIMAL DOUBLE FLOAT INET INT INT4RANGE INT8RANGE INTERVAL
    JSON JSONB MONEY NAME NCHAR NUMRANGE NVARCHAR POINT SMALLINT TEXT TIME TIMESTAMP TIMESTAMPLTZ TIMESTAMPNTZ
    TIMESTAMPTZ TIMETZ TSRANGE TSTZRANGE UUID VARBINARY VARCHAR XML""".split()
)
_NAMED_TYPES = frozenset("box cidr circle line lseg macaddr macaddr8 path polygon tsquery tsvector varbit".split())
_FORMATTED = {
    "int": "integer", "decimal": "numeric", "varchar": "character varying", "char": "character", "float": "real",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone", "double": "double precision",
    "time": "time without time zone", "timetz": "time with time zone", "varbinary": "bytea",
}  # fmt: skip
_OPERATORS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Add: ("+",), exp.Sub: ("-",), exp.Neg: ("-",), exp.Mul: ("*",), exp.Div: ("/",), exp.IntDiv: ("/", "//"),
    exp.Mod: ("%",), exp.Pow: ("^", "**"), exp.DPipe: ("||",), exp.EQ: ("=",), exp.NEQ: ("<>", "!="), exp.GT: (">",),
    exp.GTE: (">=",), exp.LT: ("<",), exp.LTE: ("<=",), exp.Between: (">=", "<="), exp.In: ("=", "<>"),
    exp.NullSafeEQ: ("=",), exp.NullSafeNEQ: ("=",), exp.Nullif: ("=",), exp.Case: ("=",), exp.Distinct: ("=",),
    exp.Like: ("~~", "!~~"), exp.ILike: ("~~*", "!~~*"), exp.SimilarTo: ("~", "regexp_full_match"),
    exp.RegexpLike: ("~", "!~", "regexp_full_match"),
    exp.RegexpILike: ("~*", "!~*"), exp.BitwiseAnd: ("&",), exp.BitwiseOr: ("|",), exp.BitwiseXor: ("#",),
    exp.BitwiseNot: ("~",), exp.BitwiseLeftShift: ("<<",), exp.BitwiseRightShift: (">>",),
    exp.JSONExtract: ("->", "#>"),
    exp.JSONExtractScalar: ("->>", "#>>"), exp.JSONBExtract: ("#>",), exp.JSONBExtractScalar: ("#>>",),
    exp.JSONBContains: ("?",), exp.ArrayContainsAll: ("@>",), exp.ArrayContainedBy: ("<@",), exp.ArrayOverlaps: ("&&",),
    exp.Overlaps: ("<", ">="), exp.Adjacent: ("-|-",),
    # DuckDB writes these as calls before it looks their functions up.
    exp.Bracket: ("array_extract", "list_extract", "struct_extract", "map_extract", "array_slice", "list_slice"),
    exp.Slice: ("array_slice", "list_slice"), exp.Extract: ("date_part",), exp.AtTimeZone: ("timezone",),
    exp.Glob: ("~~~",), exp.Array: ("list_value",), exp.Struct: ("struct_pack",), exp.Dot: ("struct_extract",),
    exp.Interval: ("to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds"),
}  # fmt: skip


def check_types(query: exp.Expression) -> None:
    """Refuse casts to types that PostgreSQL does not bring itself: a domain's check is code of its owner.

    Raises:
        SQLRejectedError: The query names such a type, or one that looks names up (``regclass``).
    """
    for node in query.find_all(exp.DataType, exp.ObjectIdentifier, exp.PseudoType):
        if isinstance(node, exp.DataType):
            kind = node.args.get("kind")
            named = (
                isinstance(kind, exp.Identifier) and not kind.args.get("quoted") and kind.name.lower() in _NAMED_TYPES
            )
            if named or getattr(node.this, "name", str(node.this)) in _TYPES:
                continue
        raise SQLRejectedError(
            f"A cast to {node.sql('postgres')} is not allowed; expected a built-in type such as text."
        )


def check_redefined(query: exp.Expression, tokens: Sequence[Token], redefined: frozenset[str]) -> None:
    """Refuse functions, operators and casts that the owner of the database has given another meaning.

    Args:
        query: The parsed query.
        tokens: What it was parsed from: a call is recognised as it is written, since sqlglot renames functions.
        redefined: ``Schema.redefined``.

    Raises:
        SQLRejectedError: The query uses one.
    """
    called = {
        token.text.lower() for token, after in pairwise(tokens) if after.token_type == TokenType.L_PAREN
    }  # a table's alias before a list of columns as well, which is refused needlessly
    used = sorted(called & redefined)
    if {"cast json", "cast jsonb"} & redefined:
        used += sorted(name for name in called if "json" in name)
    for node in query.walk():
        if isinstance(node, exp.Join) and (node.args.get("using") or node.args.get("method") == "NATURAL"):
            used += {"="} & redefined
        used += [name for name in _OPERATORS.get(type(node), ()) if name in redefined]
        if isinstance(node, exp.Cast):
            used += [name for name in _cast_names(node) if name in redefined]
    if used:
        raise SQLRejectedError(
            f'"{used[0]}" has been redefined by the owner of this database, whose code a question must not run; '
            "write the query without it."
        )


def _cast_names(cast: exp.Cast) -> list[str]:
    """The cast and those of its elements as the guard's list may hold them: by sqlglot's name and by PostgreSQL's."""
    names = []
    for found in cast.to.find_all(exp.DataType):
        target = found.copy()
        target.set("expressions", None)
        written = target.sql("postgres").lower()
        names += [f"cast {written}", f"cast {_FORMATTED.get(written, written)}"]
    return names
