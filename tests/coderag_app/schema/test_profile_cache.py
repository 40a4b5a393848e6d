"""What is kept of an earlier opening: used while the data are the same, never after a change, nothing private."""

import json
import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from dataclasses import replace

import duckdb
import pytest
from scripted_llm import ScriptedLLM

from coderag_app.database import open_database
from coderag_app.loading import load_query_engine
from coderag_app.schema.profile import ColumnProfile, Kind, NumberForm
from coderag_app.schema.profile_cache import KeptProfiles, ProfileCache, forget_profiles

SCRIPT = """CREATE TABLE guest (id INTEGER PRIMARY KEY, came TEXT, paid TEXT, mail TEXT);
CREATE TABLE room (guest_id INTEGER, floor INTEGER);
INSERT INTO guest VALUES (1, '31/12/2023', '1.250,00 €', 'a@x.example'), (2, '05/01/2024', '99,50 €', 'b@x.example'),
  (3, '06/01/2024', '70,00 €', 'c@x.example');
INSERT INTO room VALUES (1, 4), (2, 5), (3, 5);"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CODERAG_PROFILES_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


def settled(path):
    """Wait until a further change of the file would show in its times."""
    time.sleep(max(0.0, 0.15 - (time.time() - path.stat().st_ctime)))
    return path


@pytest.fixture
def hotel(tmp_path):
    path = tmp_path / "hotel.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT)
    return settled(path)


def change(path, script):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


class Opened:
    """One opening: its schema, and the queries about values that it ran."""

    def __init__(self, target, **settings) -> None:
        self.counted: list[str] = []
        database = open_database(target)
        execute = database.execute

        def counting(sql, timeout_s=None):
            self.counted.append(sql)
            return execute(sql, timeout_s)

        database.execute = counting
        with closing(database):
            self.schema = load_query_engine(database, llm=ScriptedLLM(replies=[]), **settings).schema

    def profile(self, place) -> ColumnProfile:
        return self.schema.column(*place.split(".")).profile


def test_a_second_opening_knows_the_same_and_counts_nothing(hotel, folder):
    first, second = Opened(hotel), Opened(hotel)
    assert first.counted and not second.counted
    assert second.schema == first.schema
    assert second.profile("guest.paid").number == NumberForm(",", ".", ("€",), "€")
    assert [key.ref_table for key in second.schema.table("room").foreign_keys] == ["guest"]
    (file,) = folder.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "kept",
    [
        ColumnProfile(Kind.FLAG, flag=(True, False), low=0, high=1, rows=2, distinct=2, whole=True),
        ColumnProfile(Kind.FLAG, flag=(1, 0), options=("1", "0"), blanks=("",)),
        ColumnProfile(Kind.NUMBER, low=-1.5, high=10**18, padded=False, number=NumberForm(signs=("US$", "$"))),
        ColumnProfile(Kind.DATE, "%d/%m/%Y", True, low="2020-01-01", high="2024-12-31"),
    ],
)
def test_a_profile_is_kept_to_the_type_of_each_value(tmp_path, kept):
    ProfileCache.read(tmp_path, "place", ["facts"], 9.0).write()
    cache = ProfileCache.read(tmp_path, "place", ["facts"], 9.0)
    cache.kept.tables["t"] = {"c": kept}
    cache.write()
    assert repr(ProfileCache.read(tmp_path, "place", ["facts"], 9.0).kept.tables["t"]["c"]) == repr(kept)


def test_a_changed_file_is_read_anew_within_the_same_moment(hotel, folder):
    times = hotel.stat()
    assert Opened(hotel).profile("room.floor").high == 5
    change(hotel, "UPDATE room SET floor = 7 WHERE guest_id = 2")
    os.utime(hotel, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert hotel.stat().st_size == times.st_size
    assert Opened(hotel).profile("room.floor").high == 7


def test_what_is_written_again_and_again_is_never_answered_from_before(hotel, folder):
    for floor in range(10, 16):
        change(hotel, f"UPDATE room SET floor = {floor}")
        assert Opened(hotel).profile("room.floor").high == floor
        assert Opened(hotel).profile("room.floor").high == floor


def test_changes_that_stand_in_a_log_are_seen(hotel, folder):
    with closing(sqlite3.connect(hotel, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for floor in (21, 22, 23):
            connection.execute("UPDATE room SET floor = ?", [floor])
            assert Opened(hotel).profile("room.floor").high == floor
            assert Opened(hotel).profile("room.floor").high == floor


def test_a_changed_duckdb_file_is_read_anew(tmp_path, folder):
    path = tmp_path / "hotel.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE room (floor INTEGER)")
    for floor in (3, 4, 5):
        with duckdb.connect(str(path)) as connection:
            connection.execute("INSERT INTO room VALUES (?)", [floor])
        settled(path)
        assert Opened(path).profile("room.floor").high == floor
        assert not Opened(path).counted


def test_another_schema_and_another_file_in_its_place_are_read_anew(hotel, folder, tmp_path):
    Opened(hotel)
    change(hotel, "ALTER TABLE room ADD COLUMN beds INTEGER; UPDATE room SET beds = 2")
    assert Opened(settled(hotel)).profile("room.beds").high == 2
    other = tmp_path / "other.sqlite"
    change(other, SCRIPT.replace("31/12/2023", "12/31/2023").replace("05/01", "01/05").replace("06/01", "01/06"))
    other.replace(hotel)
    assert Opened(settled(hotel)).profile("guest.came").form == "%m/%d/%Y"


def test_values_of_private_columns_are_not_kept_and_are_forgotten_once_switched_off(hotel, folder):
    Opened(hotel, unmatched_columns=("guest.paid",))
    kept = "".join(path.read_text() for path in folder.iterdir())
    assert "1250" not in kept and "2023-12-31" in kept
    Opened(hotel)
    assert "1250" in "".join(path.read_text() for path in folder.iterdir())
    assert Opened(hotel, unmatched_columns=("guest.paid", "came")).profile("guest.came").kind is Kind.UNKNOWN
    kept = "".join(path.read_text() for path in folder.iterdir())
    assert "1250" not in kept and "2023-12-31" not in kept


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\x00", b'{"state": 1}', None])
def test_a_damaged_file_counts_as_none_and_is_replaced(hotel, folder, damage):
    whole = Opened(hotel).schema
    (file,) = folder.glob("*.json")
    if damage is None:
        content = json.loads(file.read_text())
        content["tables"]["guest"]["paid"] = {"kind": "number", "rows": "many"}
        damage = json.dumps(content).encode()
    file.write_bytes(damage)
    again = Opened(hotel)
    assert again.counted and again.schema == whole
    assert not Opened(hotel).counted


def test_what_is_refreshed_or_forgotten_is_read_anew_and_kept_again(hotel, folder):
    Opened(hotel)
    assert Opened(hotel, refresh=True).counted
    assert not Opened(hotel).counted
    (folder / "mine.json").write_text("{}")
    forget_profiles(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.json"]
    assert Opened(hotel).counted


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(hotel, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CODERAG_PROFILES_DIR", str(tmp_path / "file" / "kept"))
    assert Opened(hotel).profile("room.floor").high == 5
    assert Opened(hotel).counted


def test_what_is_too_old_counts_as_none(tmp_path):
    cache = ProfileCache.read(tmp_path, "place", ["facts"], 60.0)
    cache.kept.checked["SELECT 1"] = (1, 1)
    cache.kept.made = time.time() - 61
    cache.write()
    assert ProfileCache.read(tmp_path, "place", ["facts"], 3600.0).kept.checked == {"SELECT 1": (1, 1)}
    assert ProfileCache.read(tmp_path, "place", ["facts"], 60.0).kept.checked == {}
    assert list(tmp_path.iterdir()) == []


def test_writers_at_once_leave_a_whole_file(tmp_path):
    kept = KeptProfiles(tables={f"t{i}": {"c": ColumnProfile(Kind.TEXT, high="x" * 90)} for i in range(200)})

    def write() -> None:
        for _ in range(10):
            cache = ProfileCache.read(tmp_path, "place", ["facts"], 60.0)
            cache.kept = replace(kept, state=cache.kept.state)
            cache.write()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ProfileCache.read(tmp_path, "place", ["facts"], 60.0).kept.tables == kept.tables
    assert len(list(tmp_path.iterdir())) == 1


def test_a_server_is_told_apart_by_role_and_never_by_password(folder):
    from sqlalchemy.engine import make_url

    from coderag_app.database.base import Limits
    from coderag_app.database.server_url import POSTGRES
    from coderag_app.database.sqlalchemy import SQLAlchemyDatabase

    def place(url):
        return SQLAlchemyDatabase(make_url(url), POSTGRES, None, Limits()).data_state().place

    first = place("postgresql://ann:s3cret@localhost/shop?host=/run/one")
    assert "s3cret" not in first
    assert first == place("postgresql://ann:other@localhost/shop?host=/run/one")
    assert len({first, place("postgresql://bob@localhost/shop?host=/run/one"),
                place("postgresql://ann@localhost/shop?host=/run/two")}) == 3  # fmt: skip
