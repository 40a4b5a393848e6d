"""A folder of generations: one writer at a time, a new folder for each build; the one that the manifest names stays.

A build that is killed leaves a generation that nothing names; the next writer removes it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from coderag_app.errors import FileRefusedError, IndexStoreError
from coderag_app.files import PRIVATE_FILE, open_regular, private_folder, system_message

_GENERATION = re.compile(r"generation-[0-9]{6,12}")


def generations_in(folder: Path) -> list[Path]:
    """The generations in a folder, finished or not."""
    return [path for path in folder.iterdir() if _GENERATION.fullmatch(path.name)]


def unused_generation(folder: Path) -> Path:
    """Where the next generation belongs."""
    numbers = [int(path.name.removeprefix("generation-")) for path in generations_in(folder)]
    return folder / f"generation-{max(numbers, default=0) + 1:06d}"


def check_generation_name(name: str, manifest: Path) -> None:
    """Refuse a name that leads elsewhere.

    Raises:
        FileRefusedError: The manifest names something else than a generation.
    """
    if _GENERATION.fullmatch(name) is None:
        raise FileRefusedError(f"{manifest} names {name[:80]!r}, expected generation-NNNNNN.")


def remove_generations(folder: Path, current: str) -> None:
    """Remove all generations but one; an empty name keeps none."""
    for path in generations_in(folder):
        if path.name != current:
            shutil.rmtree(path, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read anew.

    Raises:
        FileRefusedError: It is a link or no regular file.
    """
    with open_regular(path, follow_links=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def one_writer(
    folder: Path, lock_file: str, doing: str, option: str, timeout_s: float, reentrant: bool
) -> Iterator[None]:
    """Keep other writers out of a folder. A killed process frees the lock at once.

    Args:
        folder: The folder; made if it is missing.
        lock_file: Name of the lock file in it.
        doing: What the other process does: "writing to".
        option: How to name another folder: "--storage-dir".
        timeout_s: Seconds to wait for the other one.
        reentrant: Whether the same thread may enter again.

    Raises:
        IndexStoreError: Another process holds it for longer, or the folder cannot be written.
    """
    try:
        # The folder's own links are followed, but not one in the place of the lock file: opening it would empty
        # whatever it points to.
        path = private_folder(folder).resolve() / lock_file
        if path.is_symlink():
            raise IndexStoreError(f"{path} is a symbolic link, expected a regular file. Remove it.")
        lock = FileLock(str(path), timeout=timeout_s, mode=PRIVATE_FILE, is_singleton=reentrant)
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise IndexStoreError(
            f"Another process is {doing} {folder} (waited {timeout_s:g} s). Wait until it ends, or use another "
            f"folder: {option}"
        ) from None
    except OSError as error:
        raise IndexStoreError(
            f"{folder} cannot be written: {system_message(error)} Use another folder: {option}"
        ) from error
    try:
        yield
    finally:
        lock.release()
