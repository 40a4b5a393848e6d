"""Keep on disk what opening a database found out about its values: profiles, and the checks of inferred keys.

One JSON file (mode 0600) a database, swapped in whole. What is kept is counts, forms, the smallest and largest value
and the options of each column, and numbers of equal values for pairs of columns; of columns that must not be read
nothing. A file that is damaged, too old, or was made of other data, another schema or other code counts as none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from coderag_app.errors import FileRefusedError
from coderag_app.files import from_fields, private_folder, read_json, remove_leftovers, write_atomically
from coderag_app.schema.profile import UNKNOWN, ColumnProfile, Nested, NumberForm

logger = logging.getLogger(__name__)

_MAX_BYTES = 20_000_000
_MAX_CHARS = 100  # of a text that is kept; the texts that questions are matched with are no longer either
_FORGOTTEN_S = 30 * 86_400  # after which the file of a database that nobody opens is removed
_FILES = "[0-9a-f]" * 32 + ".json"  # other files of the folder are none of our business


@dataclass(slots=True)
class KeptProfiles:
    """What is kept of one database. Who opens it takes what is there, and adds what was not.

    Attributes:
        state: Digest of everything that the rest depends on.
        made: When the first of it was found out, in seconds since 1970.
        tables: The profiles of the columns, by table; only of tables that were counted to the end.
        checked: What a comparison of two columns found, by its query: values asked for, and values found.
    """

    state: str = ""
    made: float = field(default_factory=time.time)
    tables: dict[str, dict[str, ColumnProfile]] = field(default_factory=dict)
    checked: dict[str, tuple[int, int]] = field(default_factory=dict)


class ProfileCache:
    """The kept profiles of one database while it is opened; ``write`` keeps what was added."""

    def __init__(self, path: Path | None, kept: KeptProfiles) -> None:
        self.path = path
        self.kept = kept
        self._size = self._count()

    @classmethod
    def of_nothing(cls) -> ProfileCache:
        """A cache that is empty and keeps nothing."""
        return cls(None, KeptProfiles())

    @classmethod
    def read(
        cls, folder: Path, place: str, facts: Sequence[str], max_age_s: float, fresh: bool = False
    ) -> ProfileCache:
        """What is kept of a database; empty where that is of another state, too old, damaged, or not wanted.

        Args:
            folder: Folder of the files.
            place: What tells the database from others; only its hash is written.
            facts: What the profiles depend on: the state of the data, the schema's fingerprint, columns not to be read.
            max_age_s: Seconds after which they are read anew, whatever the facts say.
            fresh: Read nothing, but keep what is found.
        """
        path = folder / f"{_digest([place])}.json"
        state = _digest([_code(), *facts])
        kept = KeptProfiles(state)
        with suppress(OSError, FileRefusedError):
            found = from_fields(KeptProfiles, read_json(path, _MAX_BYTES), str(path))
            if found.state == state and 0 <= time.time() - found.made < max_age_s and not fresh:
                kept = found
            else:  # now: it may hold values of a column that must no longer be read
                path.unlink()
        return cls(path, kept)

    def write(self) -> None:
        """Keep what was added since it was read. A disk that refuses costs the next opening some time, nothing else."""
        if self.path is None or self._count() == self._size:
            return
        tables = {
            table: {name: _told(profile) for name, profile in profiles.items()}
            for table, profiles in self.kept.tables.items()
        }
        content = {"state": self.kept.state, "made": self.kept.made, "tables": tables, "checked": self.kept.checked}
        try:
            private_folder(self.path.parent)
            _tidy(self.path.parent)
            write_atomically(self.path, json.dumps(content))
        except (OSError, ValueError) as error:
            logger.info("The profiles were not kept in %s: %s", self.path.parent, error)

    def _count(self) -> int:
        return len(self.kept.tables) + len(self.kept.checked)


def default_profiles_folder() -> Path:
    """Folder of kept profiles unless somebody chooses: in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("coderag") / "profiles"


def forget_profiles(folder: Path) -> None:
    """Remove what is kept of all databases."""
    for path in folder.glob(_FILES):
        with suppress(OSError):
            path.unlink()


def is_short(profile: ColumnProfile) -> bool:
    """Whether the texts of a profile may be kept."""
    texts = (*profile.options, *profile.blanks, profile.low, profile.high)
    return all(not isinstance(text, str) or len(text) <= _MAX_CHARS for text in texts)


def _told(profile: ColumnProfile) -> dict[str, Any]:
    """The fields of a profile that are not as by default."""
    told = {}
    for each in fields(profile):
        value = getattr(profile, each.name)
        if value != getattr(UNKNOWN, each.name):
            told[each.name] = asdict(value) if isinstance(value, NumberForm | Nested) else value
    return told


def _tidy(folder: Path) -> None:
    remove_leftovers(folder)
    for path in folder.glob(_FILES):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                path.unlink()


@cache
def _code() -> str:
    """A digest of the code that makes profiles: another version reads anew."""
    parts = sorted(path for kind in ("*.py", "*.yaml") for path in Path(__file__).parent.glob(kind))
    return _digest([hashlib.sha256(path.read_bytes()).hexdigest() for path in parts])


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:32]
