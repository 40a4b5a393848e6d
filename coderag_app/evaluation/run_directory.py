"""A run on disk: what was run, every prediction, and the reports. Made to be killed and taken up again.

runs/2026-01-01/
config.json           what was run, on what, with which versions
predictions.jsonl     one prediction a line, appended as they come
excluded.jsonl        questions that are not scored, and why
summary.json          the figures
report.md, report.html, errors.html, plots/
databases/            databases built from the contexts of gretel rows
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from coderag_app.errors import ConfigurationError
from coderag_app.evaluation.datasets import Exclusion, ExclusionReason
from coderag_app.evaluation.predictions import Prediction

CONFIG_FILE = "config.json"
PREDICTIONS_FILE = "predictions.jsonl"
EXCLUDED_FILE = "excluded.jsonl"
SUMMARY_FILE = "summary.json"
_LOCK_FILE = ".lock"
_SYNC_EVERY_S = 1.0


class RunDirectory:
    """The folder of one run. Open it with ``open_run`` to write, or make it directly to read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[str] | None = None
        self._lock: Any = None
        self._synced_at = 0.0

    def read_config(self) -> dict[str, Any]:
        """What was run.

        Raises:
            ConfigurationError: The folder holds no run.
        """
        return self._read_json(CONFIG_FILE)

    def read_summary(self) -> dict[str, Any]:
        """The figures, as ``summary.json`` holds them.

        Raises:
            ConfigurationError: The run has none yet.
        """
        return self._read_json(SUMMARY_FILE)

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ConfigurationError(
                f"{self.folder} holds no {name}; expected the folder of a finished run (coderag evaluate --run-dir)."
            ) from None
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}") from error

    def read_predictions(self) -> list[Prediction]:
        """Every prediction, the last one of each arm and question; a last line cut short by a kill is passed over.

        Raises:
            ConfigurationError: Another line is not a prediction.
        """
        path = self.folder / PREDICTIONS_FILE
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8", errors="surrogatepass").split("\n")
        found: dict[tuple[str, str], Prediction] = {}
        for number, line in enumerate(lines[:-1], start=1):  # a whole line ends with a line break
            try:
                prediction = Prediction.from_line(line)
            except (ValueError, TypeError, KeyError) as error:
                raise ConfigurationError(f"{path}, line {number}: {error}. Start anew in another folder.") from error
            found[prediction.key] = prediction
        return list(found.values())

    def read_excluded(self) -> list[Exclusion]:
        """Questions that are not scored."""
        path = self.folder / EXCLUDED_FILE
        if not path.exists():
            return []
        rows = [
            json.loads(line) for line in path.read_text(encoding="utf-8", errors="surrogatepass").split("\n") if line
        ]
        return [Exclusion(row["question_id"], ExclusionReason(row["reason"]), row["detail"]) for row in rows]

    def append(self, prediction: Prediction) -> None:
        """Add a prediction. A killed process loses none that was added; a power cut at most the last second's."""
        if self._file is None:
            raise ConfigurationError(f"{self.folder} was opened for reading; open it with open_run to write.")
        self._file.write(prediction.to_line() + "\n")
        self._file.flush()
        if time.monotonic() - self._synced_at > _SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced_at = time.monotonic()

    def write_excluded(self, excluded: Iterable[Exclusion]) -> None:
        """Write the questions that are not scored."""
        lines = (json.dumps(asdict(exclusion), ensure_ascii=False) + "\n" for exclusion in excluded)
        self.write_text(EXCLUDED_FILE, "".join(lines))

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a file of JSON in one step."""
        self.write_text(name, json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a file in one step: readers see the old one or the new one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(text, encoding="utf-8", errors="surrogatepass")
        temporary.replace(path)

    def close(self) -> None:
        """Flush to the disk and let others write."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open(self) -> None:
        from filelock import FileLock, Timeout

        lock = FileLock(str(self.folder / _LOCK_FILE), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise ConfigurationError(
                f"Another process writes to {self.folder}; wait for it or take another folder."
            ) from None
        self._lock = lock
        path = self.folder / PREDICTIONS_FILE
        if path.exists():
            _cut_partial_line(path)
        self._file = path.open("a", encoding="utf-8", errors="surrogatepass")


def open_run(folder: Path, config: Mapping[str, Any]) -> RunDirectory:
    """Start a run, or take up the one that the folder holds.

    Args:
        folder: The run's folder; made if it is not there.
        config: What is run. ``identity`` must be that of the run to take up, and ``arms`` (name -> fingerprint of what
            it chooses by) must agree on the arms that both have; the rest is written anew.

    Raises:
        ConfigurationError: The folder holds another run, or another process writes to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = RunDirectory(folder)
    run._open()
    try:
        wanted = json.loads(json.dumps(config, default=str))
        if (folder / CONFIG_FILE).exists():
            found = run.read_config()
            _expect_same(found.get("identity", {}), wanted["identity"], folder)
            common = found.get("arms", {}).keys() & wanted["arms"].keys()
            _expect_same({arm: found["arms"][arm] for arm in common}, {a: wanted["arms"][a] for a in common}, folder)
            wanted["arms"] = found.get("arms", {}) | wanted["arms"]
        run.write_json(CONFIG_FILE, wanted)
    except BaseException:
        run.close()
        raise
    return run


def _expect_same(found: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> None:
    found, wanted = _flat(found), _flat(wanted)
    for key in sorted({*found, *wanted}):
        if found.get(key) != wanted.get(key):
            raise ConfigurationError(
                f"{folder} holds a run with {key} = {found.get(key)!r}; now it is {wanted.get(key)!r}. Use another "
                "--run-dir, or the same settings to take this run up again."
            )


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings by their own names, so that an error names the one that differs and not all of them."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= {f"{key}.{name}": v for name, v in value.items()} if isinstance(value, Mapping) else {key: value}
    return flat


def _cut_partial_line(path: Path) -> None:
    """Remove what a killed process wrote after the last line break."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
