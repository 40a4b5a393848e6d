"""The statements of tests/cases and the databases they run against."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

SQL = Path(__file__).parents[1] / "cases"
_HEADER = re.compile(r"^-- (?:attack|allowed): (?P<name>[\w-]+)(?: \[(?P<layers>[\w, ]+)\])?$")


@dataclass(frozen=True)
class Case:
    """One statement, its name, and the layers that must stop it (none for an allowed one)."""

    name: str
    layers: tuple[str, ...]
    sql: str


def read_cases(file: str) -> list[Case]:
    """The cases of a file: a statement goes from its header to the next header or an empty line."""
    cases: list[Case] = []
    header: re.Match[str] | None = None
    lines: list[str] = []
    for line in (*(SQL / file).read_text(encoding="utf-8").split("\n"), ""):
        found = _HEADER.match(line)
        if header is not None and (found or not line.strip()):
            layers = tuple(part.strip() for part in (header["layers"] or "").split(",") if part.strip())
            cases.append(Case(header["name"], layers, "\n".join(lines)))
            header, lines = None, []
        if found:
            header = found
        elif header is not None:
            lines.append(line)
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), f"{file}: a name is used twice"
    assert all(case.sql.strip() for case in cases), f"{file}: a header without a statement"
    return cases


def fingerprint(folder: Path) -> dict[str, str]:
    """The files of a folder with the hashes of their bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


MUSIC = """
CREATE TABLE singer (
  singer_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, country TEXT, age INTEGER, salary REAL,
  "net worth" REAL, joined TEXT, notes TEXT
);
CREATE TABLE stadium (stadium_id INTEGER PRIMARY KEY, name TEXT, capacity INTEGER);
CREATE TABLE concert (
  concert_id INTEGER PRIMARY KEY, concert_name TEXT, theme TEXT, stadium_id INTEGER REFERENCES stadium, year INTEGER
);
CREATE TABLE singer_in_concert (
  concert_id INTEGER REFERENCES concert (concert_id), singer_id INTEGER, PRIMARY KEY (concert_id, singer_id),
  FOREIGN KEY (singer_id) REFERENCES singer
);
CREATE INDEX singer_name ON singer (name);
CREATE VIEW adult_singer AS SELECT singer_id, name, replace(name, 'a', 'b') AS changed FROM singer WHERE age >= 18;
CREATE TRIGGER count_stadium AFTER INSERT ON stadium BEGIN UPDATE stadium SET capacity = 0; END;
CREATE TRIGGER through_view INSTEAD OF DELETE ON adult_singer BEGIN DELETE FROM singer; END;
CREATE VIRTUAL TABLE docs USING fts5(title, body);
CREATE VIRTUAL TABLE papers USING fts4(body);
CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);
INSERT INTO docs VALUES ('greeting', 'hello world');
INSERT INTO papers VALUES ('hello');
INSERT INTO box VALUES (1, 2, 3);
INSERT INTO stadium VALUES (1, 'Bowl', 5000);
INSERT INTO concert VALUES (1, 'Gala', 'Jazz', 1, 2014), (2, 'Fete', 'Pop', 1, 2015);
"""


def write_music(path: Path) -> None:
    """A SQLite database with ten singers, keys, a view, triggers, and full-text and R-tree tables."""
    countries = ("France", "Spain", "Norway", "It's")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(MUSIC)
    connection.executemany(
        "INSERT INTO singer VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (i, f"Singer {i}", countries[i % 4], 17 + 4 * i, 100.5 * i, 2.0 * i, f"20{10 + i}-05-01", '{"tags": ["a"]}')
            for i in range(1, 11)
        ],
    )
    connection.execute("INSERT INTO singer_in_concert VALUES (1, 1), (1, 2), (2, 2)")
    connection.commit()
    connection.close()
