"""How much a dropped file may ask for.

It may be made to unpack to far more than it weighs, so it is read in a process of its own whose memory, time and disk
are bounded by the system (``convert.py``); the limits here say no before that.
"""

from __future__ import annotations

from coderag_app.errors import IngestionError

MAX_UPLOAD_MB = 200
MAX_COLUMNS = 2_000
MAX_CELLS = 5_000_000  # of a workbook, which openpyxl reads as Python objects, half a million a second
MAX_POSITIONS = 50_000_000  # cells with the empty ones before them in their row
MAX_ROWS = 1_048_576  # of a sheet; Excel has no more
MAX_SHEETS = 200
MAX_STRINGS_MB = 150  # of its table of texts, which is read as a whole
MAX_RATIO = 100  # of unpacked to packed; tables of real data pack to a fifth to a thirtieth
RATIO_FREE_MB = 5  # below this nothing is made of the ratio
MAX_PARQUET_CELLS = 200_000_000
MAX_PARQUET_MB = 2_000  # of its row groups, unpacked
MAX_PARQUET_DEPTH = 20
MAX_LINE_BYTES = 2_000_000  # DuckDB's own limit of a line of CSV
MEMORY_MB = 1_500  # of the process that reads the files; 200 MB of CSV take a third of it
DUCKDB_MB = 600
DISK_MB = 4_000  # of the database that is made, and of any other file
DEADLINE_S = 180


def check_limit(file: str, what: str, got: float, most: float, advice: str = "") -> None:
    """Refuse what is over a limit.

    Raises:
        IngestionError: It is; the message names the file, what it holds and the limit.
    """
    if got > most:
        raise IngestionError(
            f"{file} has {got:,.0f} {what}; expected at most {most:,.0f}.{f' {advice}' * bool(advice)}"
        )


def limit_this_process() -> None:
    """Bound memory, processor time and the size of files for the rest of this process; nothing on Windows."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_DATA, MEMORY_MB * 1_000_000),
        (resource.RLIMIT_CPU, 2 * DEADLINE_S),
        (resource.RLIMIT_FSIZE, DISK_MB * 1_000_000),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))
