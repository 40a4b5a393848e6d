"""How files are read and written: bounded, checked, named in the error; replaced in one step, or not at all.

A reader here trusts nothing about a file: it may be a link, a pipe, a folder, terabytes long, half written or made to
harm. What it refuses is a ``FileRefusedError`` with the file's name, what was got and what was expected; a caller adds
what to run with ``refusals_as``. A writer fills a private file beside the place, flushes it to the disk, swaps it in.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from coderag_app.errors import CodeRAGError, FileRefusedError

try:
    import fcntl
except ImportError:  # Windows, which does not delete a file that a living process has open
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from io import BufferedReader

    import numpy as np
    from numpy.typing import NDArray
    from pydantic import TypeAdapter

T = TypeVar("T")
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
MAX_JSON_DEPTH = 16
_UNFINISHED = (".coderag-", ".unfinished")  # how the name of a file that is being written begins and ends
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_REMEDIES = {
    errno.ENOSPC: "free some space, or write to another disk",
    errno.EDQUOT: "free some space, or write to another disk",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f), or write to another disk",
    errno.EROFS: "write to another folder",
    errno.EACCES: "check its permissions",
    errno.EPERM: "check its permissions",
}


# --- reading ----------------------------------------------------------------------------------------------------------


def open_regular(path: Path, follow_links: bool = True) -> BufferedReader:
    """Open a regular file for reading, without waiting at a pipe.

    Raises:
        FileRefusedError: It is a folder, a pipe, a device, or (unless ``follow_links``) a symbolic link.
        OSError: It is not there, or may not be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0))
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileRefusedError(f"{path} is a symbolic link, expected a regular file.") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise FileRefusedError(f"{path} is {_KINDS.get(stat.S_IFMT(mode), 'no file')}, expected a regular file.")
    return os.fdopen(descriptor, "rb")


def read_bytes(path: Path, max_bytes: int, follow_links: bool = True) -> bytes:
    """The content of a file of at most ``max_bytes``.

    Raises:
        FileRefusedError: It is longer, or no regular file.
        OSError: It is not there, or may not be read.
    """
    with open_regular(path, follow_links) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(max_bytes + 1) if size <= max_bytes else b""
    if size > max_bytes or len(content) > max_bytes:
        raise FileRefusedError(f"{path} has {max(size, len(content)):,} bytes, expected at most {max_bytes:,}.")
    return content


def read_text(path: Path, max_bytes: int, follow_links: bool = True) -> str:
    """The UTF-8 text of a file, without a byte order mark; see ``read_bytes``.

    Raises:
        FileRefusedError: Also for text of another encoding, and for NUL characters.
        OSError: It is not there, or may not be read.
    """
    content = read_bytes(path, max_bytes, follow_links)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefusedError(
            f"{path} holds the byte 0x{content[error.start]:02x} at {error.start}, expected UTF-8 text."
        ) from error
    if "\0" in text:
        raise FileRefusedError(f"{path} has a NUL character at position {text.index(chr(0))}, expected text.")
    return text


def read_json(path: Path, max_bytes: int, max_depth: int = MAX_JSON_DEPTH, follow_links: bool = True) -> dict[str, Any]:
    """The JSON object of a file; see ``read_text`` and ``parse_json``."""
    return parse_json(read_text(path, max_bytes, follow_links), str(path), max_depth)


def parse_json(text: str | bytes, name: str, max_depth: int = MAX_JSON_DEPTH) -> dict[str, Any]:
    """The JSON object of a text.

    Args:
        text: The text.
        name: What to call it in an error.
        max_depth: How deep objects and lists may be nested; what walks the values later is spared the rest.

    Raises:
        FileRefusedError: It is not JSON, no object, or nested deeper.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise FileRefusedError(f"{name} is nested too deeply, expected at most {max_depth} levels.") from None
    except ValueError as error:
        raise FileRefusedError(f"{name} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise FileRefusedError(f"{name} holds a JSON {type(value).__name__}, expected an object.")
    level: list[Any] = [value]
    for _ in range(max_depth):
        level = [child for item in level for child in _children(item) if isinstance(child, dict | list)]
    if level:
        raise FileRefusedError(f"{name} is nested too deeply, expected at most {max_depth} levels.")
    return value


def _children(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def from_fields(kind: type[T], fields: object, name: str) -> T:
    """A dataclass out of JSON's values, each checked against the type of its field; unknown keys are passed over.

    Raises:
        FileRefusedError: A field is missing or of another type.
    """
    from pydantic import ValidationError

    try:
        found: T = _adapter(cast("Hashable", kind)).validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        got = "" if isinstance(first["input"], dict | list) else f", got {ascii(first['input'])[:80]}"
        raise FileRefusedError(f"{name} is no {kind.__name__}: {place}: {first['msg']}{got}.") from error
    return found


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def read_npy(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], follow_links: bool = True) -> NDArray[Any]:
    """The array of a NumPy file, whose type and shape are known. Memory is taken once the file's size has been checked.

    Raises:
        FileRefusedError: It holds another array, pickled objects, or more or fewer bytes than the array has.
        OSError: It is not there, or may not be read.
    """
    import numpy as np

    with open_regular(path, follow_links) as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            found_shape, in_columns, found_dtype = read_header(file)
        except Exception as error:  # NumPy evaluates the header as Python and raises whatever that raises
            raise FileRefusedError(
                f"{path} does not begin like a NumPy array ({type(error).__name__}: {str(error)[:200]})."
            ) from error
        if found_dtype.hasobject:
            raise FileRefusedError(f"{path} holds pickled objects, which are not loaded (allow_pickle=False).")
        if (found_shape, found_dtype, in_columns and len(shape) > 1) != (shape, dtype, False):
            raise FileRefusedError(
                f"{path} holds an array of shape {found_shape} of {found_dtype}, expected {shape} of {dtype}."
            )
        count = int(np.prod(shape, dtype=object))
        size, expected = os.fstat(file.fileno()).st_size, file.tell() + count * dtype.itemsize
        if size != expected:
            raise FileRefusedError(f"{path} has {size:,} bytes, expected {expected:,}.")
        return np.frombuffer(bytearray(file.read()), dtype, count).reshape(shape)


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes; read once while the file stays as it is."""
    status = path.stat()
    return _read_sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _read_sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- errors -----------------------------------------------------------------------------------------------------------


@contextmanager
def refusals_as(kind: type[CodeRAGError], remedy: str = "") -> Iterator[None]:
    """Raise what a file or the system refuses as an error of the caller's kind, with what to run behind it."""
    try:
        yield
    except FileRefusedError as error:
        raise kind(f"{error} {remedy}".strip()) from error
    except OSError as error:
        raise kind(f"{system_message(error)} {remedy}".strip()) from error


def system_message(error: OSError, path: Path | str | None = None) -> str:
    """What the system refused, in words: the path, the reason, and what helps.

    Args:
        error: The error.
        path: Which file it was about, where the error does not say so.

    Example:
        >>> system_message(OSError(28, "No space left on device", "/srv/shop.sql"))
        '/srv/shop.sql: No space left on device; free some space, or write to another disk.'
    """
    where = error.filename if error.filename is not None else path
    reason = error.strerror or str(error) or type(error).__name__
    remedy = _REMEDIES.get(error.errno or 0, "")
    text = f"{reason.rstrip('.')}; {remedy}." if remedy else f"{reason.rstrip('.')}."
    return f"{os.fsdecode(where)}: {text}" if isinstance(where, str | bytes | os.PathLike) else text


def yaml_beside(module_file: str, name: str) -> Any:
    """Read a YAML file that ships beside a module: word lists, wordings, tables of phrases.

    Bare words are texts, also "no", "on" and dates, which YAML 1.1 takes for other things; true and false are not.

    Args:
        module_file: The module's ``__file__``.
        name: The file's name.
    """
    return _read_yaml(Path(module_file).with_name(name).read_text(encoding="utf-8"))


def _read_yaml(text: str) -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast

    class WordLoader(base):
        """The safe loader without truth values and dates."""

        yaml_implicit_resolvers = {
            first: [(tag, form) for tag, form in resolvers if not tag.endswith((":bool", ":timestamp"))]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

    WordLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(?:true|false)$"), ["t", "f"])
    return yaml.load(text, WordLoader)  # noqa: S506 - it is a safe loader


# --- writing ----------------------------------------------------------------------------------------------------------


def private_folder(folder: Path) -> Path:
    """Make a folder that its owner alone can read, unless it is there already; returns it."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return folder


@contextmanager
def exclusive_change(path: Path, lock: Path, kind: type[CodeRAGError], timeout_s: float = 10.0) -> Iterator[None]:
    """Keep other writers of a private file out while it is read, changed and swapped in.

    Args:
        path: The file; its folder is made if there is none.
        lock: The file that is locked, beside it.
        kind: The error to raise.
        timeout_s: How long to wait for another writer.

    Raises:
        CodeRAGError: Of that kind: another program holds the lock, or the folder or the file can't be written.
    """
    from filelock import FileLock, Timeout

    try:
        private_folder(path.parent)
        with FileLock(str(lock), timeout=timeout_s, mode=PRIVATE_FILE):
            yield
    except Timeout as error:
        raise kind(f"{path} is being written by another program; try again.") from error
    except OSError as error:
        raise kind(f"{path} cannot be written: {system_message(error)} Nothing was changed.") from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file in one step: readers see the old content or the new one, whenever this process dies.

    A new file can be read by its owner alone; one that is there keeps its permissions.

    Raises:
        OSError: The disk refused; what was there before is untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else PRIVATE_FILE
    descriptor, unfinished = _unfinished_file(path.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
            unfinished.chmod(mode)
            unfinished.replace(path)  # while it is locked, so that nobody takes it for a leftover
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # the content is safe; a file system may not flush folders
        flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unfinished_file(folder: Path) -> tuple[int, Path]:
    """A new file of a name of its own, locked while this process has it open."""
    while True:
        path = folder / secrets.token_hex(4).join(_UNFINISHED)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks: the leftovers of a kill stay there
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else it was taken for a leftover in the moment before it was locked
            return descriptor, path
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left of ``write_atomically`` in a folder; a living one holds a lock on its file."""
    for path in folder.glob("*".join(_UNFINISHED)):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            try:
                if fcntl is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError when somebody writes it
                path.unlink()
            finally:
                os.close(descriptor)
