"""Read the URL of a database server: which server it names, and that it sets nothing but the way there. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from coderag_app.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class ServerKind(NamedTuple):
    """A kind of server: sqlglot's name for its SQL, SQLAlchemy's for the driver, the module and its package."""

    dialect: str
    driver: str
    module: str
    package: str


POSTGRES = ServerKind("postgres", "postgresql+psycopg", "psycopg", '"psycopg[binary]"')
MYSQL = ServerKind("mysql", "mysql+pymysql", "pymysql", "pymysql")
_KINDS = {"postgresql": POSTGRES, "postgres": POSTGRES, "mysql": MYSQL, "mariadb": MYSQL}

# What a URL may say after its question mark: where the server is, who asks, and how the line is kept private. Whatever
# else a driver takes (options, service, init_command, sql_mode, local_infile, read_default_file) could change how SQL
# is read, or read and send files.
_ALLOWED = {
    "postgres": frozenset(
        """application_name channel_binding client_encoding connect_timeout gssencmode host hostaddr keepalives
        keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts password port require_auth
        ssl_max_protocol_version ssl_min_protocol_version sslcert sslcompression sslcrl sslcrldir sslkey sslmode
        sslnegotiation sslrootcert sslsni target_session_attrs tcp_user_timeout user""".split()
    ),
    "mysql": frozenset(
        """charset connect_timeout host passwd password port program_name ssl_ca ssl_capath ssl_cert
        ssl_check_hostname ssl_cipher ssl_disabled ssl_key ssl_verify_cert ssl_verify_identity unix_socket use_unicode
        user""".split()
    ),
}
_ENCODINGS = ("client_encoding", "charset", "use_unicode")  # every connection speaks UTF-8, whatever the URL says
_SEARCH_PATH = re.compile(r'-c\s*search_path\s*=\s*(?P<names>[\w" ]+(?:,[\w" ]+)*)')
_PASSWORDS = ("password", "passwd")
_ENCODE = (
    "percent-encode what is special in the user name or the password: @ as %40, / as %2F, : as %3A, ? as %3F, # as "
    "%23, % as %25"
)


def search_path_of(url: str) -> tuple[str, ...]:
    """The schemas that ``options=-csearch_path=sales,hr`` of a PostgreSQL URL names; it may name nothing else."""
    from urllib.parse import parse_qs

    given = parse_qs(url.partition("?")[2]).get("options", [""])[0]
    found = _SEARCH_PATH.fullmatch(given.strip())
    return tuple(name.strip(' "') for name in found["names"].split(",")) if found is not None else ()


def read_server_url(url: str) -> tuple[URL, ServerKind]:
    """The parts of the URL; a password after the question mark moves to its place, where it is never printed.

    Raises:
        DatabaseError: The URL is not understood, names no database, or sets something that it may not.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    scheme = url.partition("://")[0].split("+")[0]
    kind = _KINDS.get(scheme)
    if kind is None:
        known = ", ".join(sorted({*_KINDS, "sqlite", "duckdb"}))
        raise DatabaseError(f"Databases of the kind {scheme!r} are not supported; expected one of: {known}.")
    # One @ divides the role from the server: with a second one the parser finds a host inside of the password.
    before_settings, _, behind = url.partition("://")[2].partition("?")
    if before_settings.count("@") > 1 or ("@" not in before_settings and "@" in behind.partition("=")[0]):
        raise DatabaseError(f"The {scheme} URL cannot be read: {_ENCODE}.")
    try:
        parsed = make_url(url).set(drivername=kind.driver)
    except (ArgumentError, ValueError):
        # The parser's own message repeats the URL with its password.
        raise DatabaseError(
            f"The {scheme} URL cannot be read; expected {scheme}://user:password@host:port/name; {_ENCODE}."
        ) from None
    if not parsed.database:
        raise DatabaseError(f"The {scheme} URL names no database; expected {scheme}://user@host:port/name.")
    if kind is POSTGRES and search_path_of(url):
        parsed = parsed.difference_update_query(["options"])
    return _checked_query(parsed, kind, scheme), kind


def _checked_query(url: URL, kind: ServerKind, scheme: str) -> URL:
    allowed = _ALLOWED[kind.dialect]
    refused = sorted(name for name in url.query if name not in allowed)
    if refused:
        raise DatabaseError(
            f"The {scheme} URL sets {', '.join(name[:40] for name in refused)}, which may change how SQL is read or "
            f"where data goes; expected only: {', '.join(sorted(allowed))}."
        )
    if kind.dialect == "postgres" and ("=" in (url.database or "") or "://" in (url.database or "")):
        # libpq reads such a name as a connection string of its own, with every setting in it.
        raise DatabaseError(f"The {scheme} URL names a database with an = or ://; expected a plain name.")
    for name in _PASSWORDS:
        if name in url.query:
            value = url.query[name]
            url = url.set(password=value if isinstance(value, str) else value[-1])
    return url.difference_update_query([*_ENCODINGS, *_PASSWORDS])
