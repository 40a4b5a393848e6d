"""Decide whether a piece of SQL may reach the database: one query, allowed nodes only, every name in the schema. Pure.

The guard is the outer layer; the read-only connection behind it does not rely on it. Steps, in order:

    characters -> tokens -> one statement -> allowed nodes -> names in the schema -> the text that will run
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from coderag_app.errors import SQLRejectedError
from coderag_app.schema.tables import Schema
from coderag_app.sql.functions import FUNCTIONS, SAFE_FUNCTION_NODES, SAFE_NODES, TABLE_FUNCTIONS
from coderag_app.sql.names import SYSTEM_PREFIXES, NameResolver
from coderag_app.sql.other_dialects import check_dialect
from coderag_app.sql.owners_code import check_redefined, check_types
from coderag_app.sql.parsing import parse_one, parse_tokens, tokenize
from coderag_app.sql.scopes import function_name, main_schema

MAX_SQL_CHARS = 20_000
MAX_TOKENS = 5_000
MAX_NAME_BYTES = {"postgres": 63, "mysql": 64}  # these cut longer names, which then are other names
MAX_NAME_CHARS = 255
MAX_DEPTH = 150
MAX_TEXT_LENGTH = 10_000  # for repeat, lpad and their like
MAX_GROWTH = 3  # how often a text may be made longer in one expression (see _growth)

_QUERY_STARTS = {TokenType.SELECT, TokenType.WITH}
_WIDE_FORMAT = re.compile(r"\d{4,}|\*|\{[^}]*\{")
_FILE_CHARACTERS = set("./\\*:?%")


@dataclass(frozen=True, slots=True)
class CheckedSQL:
    """SQL that may run.

    Attributes:
        sql: The author's text without comments, semicolons and unusual white space. Nothing is rewritten but one
            thing: in SQLite, a double-quoted text that stands where a value is expected and matches no column is put
            in single quotes. SQLite reads it as a text itself; written so, no other reader can take it for a name.
        tables: The schema's tables it reads, lowercased, in order of appearance.
        columns: The columns of those tables it reads as ``table.column``, lowercased, in order of appearance.
        tree: ``sql`` as parsed here, for repairs, checks and whoever else reads it; copy it before you change it.
    """

    sql: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    tree: exp.Expr = field(default_factory=exp.Select, compare=False, repr=False)


def check_sql(sql: str, schema: Schema | None, dialect: str) -> CheckedSQL:
    """Check that the SQL is one query that only reads, and that the schema knows every name in it.

    Args:
        sql: What an author or a model wrote.
        schema: The schema to resolve names against; None checks the structure alone.
        dialect: sqlglot's name for the SQL: sqlite, duckdb, postgres or mysql.

    Raises:
        SQLRejectedError: The SQL may not run. The message names what was refused, and for an unknown name the
            nearest names there are.
    """
    _check_characters(sql)
    tokens = _tokenize(sql, dialect)
    check_dialect(tokens, dialect)
    query = _parse(sql, tokens, dialect)
    _check_nodes(query, dialect)
    if dialect == "postgres":
        check_types(query)
    if schema is None:
        _check_table_places(query, dialect)
        return CheckedSQL(_text(sql, tokens, {}), tree=query)
    if schema.redefined:
        check_redefined(query, tokens, schema.redefined)
    resolver = NameResolver(schema, dialect, sql)
    try:
        resolver.resolve(query)
    except RecursionError:
        raise SQLRejectedError("The SQL is nested too deeply; expected fewer nested queries.") from None
    text = _text(sql, tokens, resolver.texts)
    tree = parse_one(text, dialect=dialect) if resolver.texts else query
    return CheckedSQL(text, tuple(resolver.tables), tuple(resolver.columns), tree)


def _check_characters(sql: str) -> None:
    if len(sql) > MAX_SQL_CHARS:
        raise SQLRejectedError(f"The SQL has {len(sql)} characters; expected at most {MAX_SQL_CHARS}.")
    for char in sql:
        if (unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n\r") or char == "\ufeff":
            raise SQLRejectedError(f"The SQL holds the character U+{ord(char):04X}; expected printable text.")


def _tokenize(sql: str, dialect: str) -> list[Token]:
    try:
        tokens = tokenize(sql, dialect)
    except (SqlglotError, RecursionError) as error:
        raise SQLRejectedError(f"The SQL cannot be read: {_first_line(error)}") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SQLRejectedError("There is no SQL; expected one SELECT statement.")
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise SQLRejectedError("Got several statements; expected exactly one SELECT statement.")
    parenthesised = tokens[0].token_type == TokenType.L_PAREN and dialect != "sqlite"  # SQLite has no such queries
    if tokens[0].token_type not in _QUERY_STARTS and not parenthesised:
        raise SQLRejectedError(f"The SQL starts with {tokens[0].text[:40]!r}; expected SELECT or WITH.")
    if len(tokens) > MAX_TOKENS:
        raise SQLRejectedError(f"The SQL has {len(tokens)} tokens; expected at most {MAX_TOKENS}.")
    for token in tokens:
        # PostgreSQL reads U&"\0070" as one name; sqlglot takes the U for a column, and & for an operator.
        quoted_name = token.token_type == TokenType.IDENTIFIER
        if quoted_name and sql[max(0, token.start - 2) : token.start].upper() == "U&":
            raise SQLRejectedError('Names written as U&"..." are not allowed; write the characters themselves.')
    return tokens


def _parse(sql: str, tokens: list[Token], dialect: str) -> exp.Expression:
    try:
        statements = parse_tokens(tokens, sql, dialect)
    except SqlglotError as error:
        raise SQLRejectedError(f"The SQL cannot be read: {_first_line(error)}") from error
    if len(statements) != 1 or statements[0] is None:
        raise SQLRejectedError(f"Got {len(statements)} statements; expected exactly one SELECT statement.")
    root = statements[0]
    if not isinstance(root, exp.Select | exp.SetOperation | exp.Subquery):
        raise SQLRejectedError(f"{root.key.upper()} is not allowed; expected one SELECT statement.")
    return root


def _walk(root: exp.Expression) -> Iterator[tuple[exp.Expression, int]]:
    """Every node with its depth; iterative, so that depth costs no stack."""
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack.extend((child, depth + 1) for child in node.iter_expressions())


def _check_nodes(query: exp.Expression, dialect: str) -> None:
    for node, depth in _walk(query):
        # A chain of AND, OR or + is as deep as it is long, and harmless: only other nesting counts.
        if depth > MAX_DEPTH and not isinstance(node.parent, exp.Binary):
            raise SQLRejectedError(f"The SQL is nested more than {MAX_DEPTH} levels deep; expected simpler SQL.")
        if isinstance(node, exp.Func):
            _check_call(node, dialect)
        elif type(node).__name__ not in SAFE_NODES:
            raise SQLRejectedError(f"{node.key.upper()} is not allowed; expected a query that only reads.")
        elif isinstance(node, exp.Identifier):
            _check_name(node, dialect)
        elif isinstance(node, exp.Select) and not node.expressions:
            raise SQLRejectedError("A SELECT names no columns; expected at least one.")


def _check_name(identifier: exp.Identifier, dialect: str) -> None:
    name = identifier.name
    if not identifier.args.get("quoted") and name[:1] in ("$", "@", ":"):
        raise SQLRejectedError(f"{name} is a parameter; expected a value written out.")
    longest = MAX_NAME_BYTES.get(dialect, MAX_NAME_CHARS)
    size = len(name.encode("utf-8", "surrogatepass")) if dialect in MAX_NAME_BYTES else len(name)
    if size > longest:
        raise SQLRejectedError(f"The name {name[:40]!r}... is {size} long; expected at most {longest}.")


def _check_call(call: exp.Func, dialect: str) -> None:
    name = function_name(call)
    if isinstance(call.parent, exp.Dot):
        raise SQLRejectedError(f'The function "{name}" is called in a schema; expected a built-in function.')
    if isinstance(call.parent, exp.Table | exp.Lateral):
        if name not in TABLE_FUNCTIONS.get(dialect, {}):
            raise SQLRejectedError(f'The table function "{name}" is not allowed; expected a table of the schema.')
        return
    allowed = FUNCTIONS.get(dialect, frozenset())
    if isinstance(call, exp.Anonymous):
        safe = name in allowed
    else:
        safe = type(call).__name__ in SAFE_FUNCTION_NODES or type(call).__name__ in SAFE_NODES
    if not safe:
        near = get_close_matches(name, sorted(allowed), n=3)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise SQLRejectedError(f'The function "{name}" is not allowed{hint}.')
    if isinstance(call, exp.Repeat | exp.Pad | exp.Space) or name in ("lpad", "rpad", "repeat"):
        _check_length(call, name)
    if dialect != "sqlite" and (isinstance(call, exp.Format) or name == "printf"):
        _check_format(call, name)
    if dialect in ("postgres", "mysql"):
        _check_growth(call, name)


def _check_length(call: exp.Func, name: str) -> None:
    """A text's wanted length: outside of SQLite no limit of the connection stops one call that builds a gigabyte."""
    numbers = [node for node in call.iter_expressions() if isinstance(node, exp.Literal) and not node.is_string]
    if len(numbers) != 1 or not numbers[0].name.isdigit() or int(numbers[0].name) > MAX_TEXT_LENGTH:
        raise SQLRejectedError(f'The length in "{name}" is not a number up to {MAX_TEXT_LENGTH}; write a smaller one.')


def _check_format(call: exp.Func, name: str) -> None:
    pattern = call.this if not isinstance(call, exp.Anonymous) else next(iter(call.expressions), None)
    if not isinstance(pattern, exp.Literal) or _WIDE_FORMAT.search(pattern.name):
        raise SQLRejectedError(f'The pattern of "{name}" is not a text with widths below 1000; write it out.')


def _check_growth(call: exp.Func, name: str) -> None:
    """Calls in one another that each make a text longer: a server's memory is not ours to limit."""
    growth = _growth(call)
    if growth:
        around = call.parent
        while around is not None and not isinstance(around, exp.Query):
            growth += _growth(around)
            around = around.parent
    if growth > MAX_GROWTH:
        raise SQLRejectedError(f'"{name}" stands inside other calls that make texts longer; expected fewer of them.')


def _growth(node: exp.Expr) -> int:
    if isinstance(node, exp.Repeat | exp.Pad | exp.Space):
        return 2  # up to ten thousand times as long
    if isinstance(node, exp.Replace | exp.RegexpReplace):
        old, new = node.args.get("expression"), node.args.get("replacement") or exp.Literal.string("")
        shorter = isinstance(old, exp.Literal) and isinstance(new, exp.Literal) and len(new.name) <= len(old.name)
        return 0 if shorter else 1
    return 0


def _check_table_places(query: exp.Expression, dialect: str) -> None:
    """Without a schema: no file, no other database, no catalogue of the server in the place of a table."""
    for table in query.find_all(exp.Table):
        name, place = table.name.lower(), table.text("db").lower()
        if table.text("catalog") or (place and place != main_schema(None, dialect)):
            raise SQLRejectedError(f'"{table.sql(dialect)}" is in another schema; expected a table without a prefix.')
        if name.startswith(SYSTEM_PREFIXES) or (dialect == "duckdb" and _FILE_CHARACTERS & set(name)):
            raise SQLRejectedError(f'"{table.name}" is not a table of the schema; system tables and files are refused.')


def _text(sql: str, tokens: list[Token], texts: dict[int, str]) -> str:
    """The tokens as the author wrote them, without what lies between them; ``texts`` replaces tokens by position."""
    parts: list[str] = []
    end = 0
    for token in tokens:
        gap = sql[end : token.start]
        if gap:
            parts.append(gap if not gap.strip(" \t\r\n") else " ")
        parts.append(texts.get(token.start, sql[token.start : token.end + 1]))
        end = token.end + 1
    return "".join(parts).strip()


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].replace("\x1b[4m", "").replace("\x1b[0m", "") if lines else type(error).__name__
