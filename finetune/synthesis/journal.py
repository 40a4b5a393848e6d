"""The checkpoint: one line for every item, written when it is done. What is in it is never made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from coderag_app.errors import ConfigurationError
from finetune.synthesis.drafts import SyntheticRow

JOURNAL_NAME = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: its number, its task, and either the row that was kept or why it was dropped."""

    item: int
    task: str
    row: SyntheticRow | None = None
    drop: str = ""


class Journal:
    """An append-only file. A line cut off by a kill is removed when the file is opened again."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path = path
        self._file = file

    @classmethod
    def open(cls, folder: Path, plan: dict[str, Any]) -> tuple[Journal, list[Entry]]:
        """The journal of a folder, made where there is none, and what it holds.

        Raises:
            ConfigurationError: The folder's journal was made with another plan.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / JOURNAL_NAME
        entries: list[Entry] = []
        if path.exists():
            _drop_partial_line(path)
            entries = list(_read(path, plan))
        is_new = not path.exists() or path.stat().st_size == 0
        file = path.open("a", encoding="utf-8", newline="\n")
        journal = cls(path, file)
        if is_new:
            journal._write({"plan": plan})
        return journal, entries

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self._file.close()

    def append(self, entry: Entry) -> None:
        """Write an item; it has reached the operating system when this returns."""
        line: dict[str, Any] = {"item": entry.item, "task": entry.task}
        if entry.row is not None:
            line["row"] = entry.row.to_dict()
        else:
            line["drop"] = entry.drop
        self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()


def _drop_partial_line(path: Path) -> None:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _read(path: Path, plan: dict[str, Any]) -> Iterator[Entry]:
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file):
            line = json.loads(text)
            if number == 0:
                _require_same_plan(path, line.get("plan", {}), plan)
                continue
            row = SyntheticRow.from_dict(line["row"]) if "row" in line else None
            yield Entry(line["item"], line["task"], row, line.get("drop", ""))


def _require_same_plan(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    wanted = json.loads(json.dumps(wanted))
    if found != wanted:
        names = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
        told = ", ".join(f"{name}: got {wanted.get(name)!r}, the folder has {found.get(name)!r}" for name in names)
        raise ConfigurationError(
            f"{path} was made with other settings ({told}). "
            "Give the same settings to go on with it, another --output, or --restart to begin anew."
        )
