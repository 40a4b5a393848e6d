"""A run on disk: what was run, every prediction, and the reports. It may be killed at any time and resumed.

runs/2026-01-01/
config.json           what was run, on what, with which versions
predictions.jsonl     one prediction per line, appended at once
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

from coderag_app.errors import ConfigurationError, FileRefusedError
from coderag_app.files import (
    from_fields,
    parse_json,
    read_bytes,
    read_json,
    refusals_as,
    remove_leftovers,
    write_atomically,
)
from finetune.evaluation.datasets import Exclusion
from finetune.evaluation.predictions import Prediction

CONFIG_FILE = "config.json"
PREDICTIONS_FILE = "predictions.jsonl"
EXCLUDED_FILE = "excluded.jsonl"
SUMMARY_FILE = "summary.json"
_LOCK_FILE = ".lock"
_SYNC_EVERY_S = 1.0
_MAX_JSON_BYTES, _MAX_LINES_BYTES = 64_000_000, 4_000_000_000


class RunDirectory:
    """The folder of one run. Open it with ``open_run`` to write, or construct it to read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[str] | None = None
        self._lock: Any = None
        self._synced_at = 0.0

    def read_config(self) -> dict[str, Any]:
        """Read what was run.

        Raises:
            ConfigurationError: The folder holds no run.
        """
        return self._read_json(CONFIG_FILE)

    def read_summary(self) -> dict[str, Any]:
        """Read the figures of ``summary.json``.

        Raises:
            ConfigurationError: The run has none yet.
        """
        return self._read_json(SUMMARY_FILE)

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        with refusals_as(ConfigurationError):
            try:
                return read_json(path, _MAX_JSON_BYTES)
            except FileNotFoundError:
                raise ConfigurationError(
                    f"{self.folder} holds no {name}; expected the folder of a finished run "
                    "(coderag evaluate --run-dir)."
                ) from None

    def read_predictions(self) -> list[Prediction]:
        """Read every prediction, the last one of each arm and question; skips a last line that a kill cut short.

        Raises:
            ConfigurationError: Another line is not a prediction.
        """
        path = self.folder / PREDICTIONS_FILE
        found: dict[tuple[str, str], Prediction] = {}
        for number, line in enumerate(self.whole_lines(), start=1):
            try:
                prediction = Prediction.from_line(line)
            except FileRefusedError as error:
                raise ConfigurationError(f"{path}, line {number}: {error} Start anew in another folder.") from error
            found[prediction.key] = prediction
        return list(found.values())

    def read_excluded(self) -> list[Exclusion]:
        """Read the questions that are not scored.

        Raises:
            ConfigurationError: A line is not an exclusion.
        """
        name = str(self.folder / EXCLUDED_FILE)
        with refusals_as(ConfigurationError):
            lines = enumerate(self._lines(EXCLUDED_FILE), start=1)
            return [from_fields(Exclusion, parse_json(t, f"{name}, line {n}"), name) for n, t in lines if t]

    def _lines(self, name: str) -> list[str]:
        """The lines of a file; none if it is missing. They may hold lone surrogates, as questions may."""
        with refusals_as(ConfigurationError):
            try:
                content = read_bytes(self.folder / name, _MAX_LINES_BYTES)
            except FileNotFoundError:
                return []
        try:
            return content.decode("utf-8", "surrogatepass").split("\n")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{self.folder / name} is not UTF-8 text (byte {error.start}).") from error

    def whole_lines(self) -> list[str]:
        """The lines of the predictions, without a last one that a kill cut short."""
        return self._lines(PREDICTIONS_FILE)[:-1]  # a whole line ends with a break

    def append(self, prediction: Prediction) -> None:
        """Add a prediction; see ``append_line``."""
        self.append_line(prediction.to_line())

    def append_line(self, line: str) -> None:
        """Add a line. A killed process loses none; a power cut at most those of the last second."""
        if self._file is None:
            raise ConfigurationError(f"{self.folder} was opened for reading; open it with open_run to write.")
        self._file.write(line + "\n")
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
        with refusals_as(ConfigurationError, "Use another folder: --run-dir"):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode("utf-8", "surrogatepass"))

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
    """Start a run, or resume the one in the folder.

    Args:
        folder: The run's folder; created if missing.
        config: What is run. ``identity`` must be that of the run to take up, and ``arms`` (name -> fingerprint of what
            it chooses by) must agree on the arms that both have; the rest is written anew.

    Raises:
        ConfigurationError: The folder holds another run, or another process writes to it.
    """
    run = RunDirectory(folder)
    with refusals_as(ConfigurationError, "Use another folder: --run-dir"):
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
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
    """Flatten nested settings, so that an error names only the one that differs."""
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
