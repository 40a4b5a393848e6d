"""Chooses the files of a repository; what git ignores and vendored, generated, secret, binary files are left out.

Symbolic links are not followed, neither to files nor to folders: what they point to is either in the repository anyway
or no part of it, and a loop of links cannot be walked into.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from coderag_app.errors import FileRefusedError, IngestionError
from coderag_app.files import read_bytes, system_message, yaml_beside

LARGEST_FILE = 2_000_000  # bytes; what is larger is data or was put together by a program
_LARGEST_TEXT = 400_000  # bytes of a file whose syntax is not read
_LARGEST_IGNORE = 1_000_000
_GENERATED_MARK = re.compile(
    r"@generated\b|do not (?:hand-?)?edit|\bauto-?(?:matically )?generated\b|\bthis file (?:was|is) generated\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*|--|<!--|;|%|\{-|\"\"\"|''')")
_HEAD_LINES = 12
_WIDE = 300  # characters; a file with lines this long on average is minified


@dataclass(frozen=True, slots=True)
class FileStat:
    """A chosen file as the file system shows it: enough to see that it was not touched."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass
class Choice:
    """The files of a repository in order of their paths, and how many were left out, by reason."""

    files: list[FileStat] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


@lru_cache(maxsize=1)
def _rules() -> tuple[dict[str, str], list[tuple[str, GitIgnoreSpec]]]:
    table: dict[str, Any] = yaml_beside(__file__, "left_out.yaml")
    folders = {name: reason for reason, names in table.pop("folders").items() for name in names}
    return folders, [(reason, GitIgnoreSpec.from_lines(patterns)) for reason, patterns in table.items()]


@lru_cache(maxsize=4096)
def _name_reason(name: str) -> str:
    """Why no file of this name is indexed; "" if it may be."""
    return next((reason for reason, spec in _rules()[1] if spec.match_file(name)), "")


def choose_files(root: Path) -> Choice:
    """Walk a repository.

    Raises:
        IngestionError: There is no such folder, or it cannot be read.
    """
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing there"
        raise IngestionError(f"Got {root} as a repository ({found}), expected a folder with code.")
    choice = Choice()
    ignored = _ignore_rules(root / ".git" / "info" / "exclude", "")
    todo: list[tuple[Path, str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [(root, "", ignored)]
    while todo:
        folder, inside, rules = todo.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise IngestionError(f"{system_message(error, root)}") from error
            choice.skipped["folder without permission"] += 1
            continue
        if any(entry.name == ".gitignore" for entry in entries):
            rules = (*rules, *_ignore_rules(folder / ".gitignore", inside))
        for entry in entries:
            path = inside + entry.name
            reason = _entry_reason(entry, path, rules)
            if reason is None:
                todo.append((folder / entry.name, f"{path}/", rules))
            elif reason:
                choice.skipped[reason] += 1
            else:
                choice.files.extend(_stat(entry, path, choice.skipped))
    choice.files.sort(key=lambda file: os.fsencode(file.path))
    return choice


def _entry_reason(entry: os.DirEntry[str], path: str, rules: tuple[tuple[str, GitIgnoreSpec], ...]) -> str | None:
    """Why an entry is left out; "" for a file that is not, None for a folder to walk."""
    try:
        if entry.is_symlink():
            return "symbolic link"
        folder = entry.is_dir(follow_symlinks=False)
        if not folder and not entry.is_file(follow_symlinks=False):
            return "pipe, socket or device"
    except OSError:
        return "no permission"
    if folder:
        reason = _rules()[0].get(entry.name, "")
        return reason or ("ignored by .gitignore" if _is_ignored(f"{path}/", rules) else None)
    return _name_reason(entry.name) or ("ignored by .gitignore" if _is_ignored(path, rules) else "")


def _is_ignored(path: str, rules: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
    """The innermost .gitignore that says anything decides."""
    for inside, spec in reversed(rules):
        found = spec.check_file(path[len(inside) :])
        if found.include is not None:
            return found.include
    return False


def _ignore_rules(path: Path, inside: str) -> tuple[tuple[str, GitIgnoreSpec], ...]:
    try:
        text = read_bytes(path, _LARGEST_IGNORE, follow_links=False).decode("utf-8", "replace")
        return ((inside, GitIgnoreSpec.from_lines(text.splitlines())),)
    except (OSError, FileRefusedError, ValueError):  # no such file, a link, or a pattern that means nothing
        return ()


def _stat(entry: os.DirEntry[str], path: str, skipped: Counter[str]) -> Iterator[FileStat]:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        skipped["no permission"] += 1
        return
    if found.st_size > LARGEST_FILE:
        skipped[f"larger than {LARGEST_FILE // 1_000_000} MB"] += 1
    else:
        yield FileStat(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def read_source(root: Path, file: FileStat) -> tuple[bytes, str, str]:
    """A chosen file's bytes, its text with line feeds alone, and why it is left out after all ("" if it is not)."""
    try:
        content = read_bytes(root / file.path, LARGEST_FILE, follow_links=False)
    except (OSError, FileRefusedError):
        return b"", "", "no permission"
    if b"\0" in content:
        return content, "", "binary"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # every byte is a character there
    if not text.strip():
        return content, "", "empty"
    # Only these end a line: str.splitlines knows others, which editors and compilers do not count.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return content, text, _content_reason(file, text)


def _content_reason(file: FileStat, text: str) -> str:
    head = text[:4000].split("\n")[:_HEAD_LINES]
    if any(_COMMENT.match(line) and _GENERATED_MARK.search(line) for line in head):
        return "generated"
    if len(text) / (text.count("\n") + 1) > _WIDE and len(text) > 3 * _WIDE:
        return "minified"
    if len(text) > _LARGEST_TEXT and not _has_grammar(file.path):
        return f"text larger than {_LARGEST_TEXT // 1000} kB"
    return ""


def _has_grammar(path: str) -> bool:
    from ingestion.repository.languages import languages_by_extension

    return os.path.splitext(path)[1].lower() in languages_by_extension()  # noqa: PTH122  # far faster than a Path
