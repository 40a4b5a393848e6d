"""Whether a GGUF file is whole, before llama.cpp sees it: that library trusts sizes, and loads zeros without a word.

Source of the layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from coderag_app.errors import FileRefusedError
from coderag_app.files import open_regular

_VERSIONS = (2, 3)
_MAX_KEYS, _MAX_TENSORS, _MAX_ITEMS, _MAX_TEXT, _MAX_DIMENSIONS = 65_536, 65_536, 10_000_000, 64_000_000, 4
_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_TEXT, _ARRAY, _UINT32 = 8, 9, 4
_ALIGNMENT_KEY = b"general.alignment"
# Values and bytes of one block by tensor type; types that are not listed are new, and only their offset is checked.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17),
}  # fmt: skip
_SAMPLE_BYTES = 4096
_SHORT_TEXT = 256  # of the texts that are kept; chat templates and vocabularies are longer


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where a tensor's values lie, counted from the beginning of the data."""

    name: str
    dimensions: tuple[int, ...]
    offset: int
    size: int


def check_gguf(path: Path) -> None:
    """Refuse a file that is no GGUF, is cut short, or holds no weights; read once while it stays as it is.

    Raises:
        FileRefusedError: With what was got and expected.
        OSError: It is not there, or may not be read.
    """
    gguf_texts(path)


def gguf_texts(path: Path) -> Mapping[str, str]:
    """The short texts of a whole file's header, by their keys, such as ``general.type``.

    Raises:
        FileRefusedError: The file is not whole.
        OSError: It is not there, or may not be read.
    """
    status = path.stat()
    return _checked_texts(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _checked_texts(path: Path, size: int, _mtime_ns: int) -> Mapping[str, str]:
    with open_regular(path) as file:
        magic = file.read(4)
        if magic != b"GGUF":
            raise FileRefusedError(f"{path} is not a GGUF file: it starts with {magic!r}, expected b'GGUF'.")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            header = _Header(content)
            try:
                tensors, data = header.read()
            except (struct.error, IndexError, ValueError) as error:
                raise FileRefusedError(f"{path} is damaged: its header cannot be read ({error}).") from error
            for tensor in tensors:
                if data + tensor.offset + tensor.size > size:
                    raise FileRefusedError(
                        f"{path} is cut short: its tensor {tensor.name!r} ends at byte "
                        f"{data + tensor.offset + tensor.size:,}, but the file has {size:,}. Download it again."
                    )
            _expect_weights(path, content, tensors, data)
            return header.texts


def _expect_weights(path: Path, content: mmap.mmap, tensors: list[_Tensor], data: int) -> None:
    """Refuse a file most of whose matrices are zeros, as a download leaves it that reserved the space and stopped."""
    matrices = [tensor for tensor in tensors if len(tensor.dimensions) > 1 and tensor.size]
    empty = [tensor for tensor in matrices if _looks_empty(content, data + tensor.offset, tensor.size)]
    if not matrices or 2 * len(empty) > len(matrices):
        raise FileRefusedError(
            f"{path} holds no model: {len(empty)} of its {len(matrices)} matrices are zeros. Download it again."
        )


def _looks_empty(content: mmap.mmap, start: int, size: int) -> bool:
    """Whether the beginning, the middle and the end of a tensor are zeros."""
    places = (start, start + size // 2, start + max(0, size - _SAMPLE_BYTES))
    return not any(any(content[place : min(place + _SAMPLE_BYTES, start + size)]) for place in places)


class _Header:
    """Reads the keys and the list of tensors from the front of a file; every count and length is bounded."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._at = 4
        self._alignment = 32
        self.texts: dict[str, str] = {}

    def read(self) -> tuple[list[_Tensor], int]:
        """The tensors, and where their data begins."""
        (version,) = self._take("<I")
        if version not in _VERSIONS:
            raise ValueError(f"got version {version}, expected one of {_VERSIONS}")
        tensor_count, key_count = self._take("<QQ")
        if tensor_count > _MAX_TENSORS or key_count > _MAX_KEYS:
            raise ValueError(f"it counts {tensor_count:,} tensors and {key_count:,} keys")
        for _ in range(key_count):
            self._key()
        tensors = [self._tensor() for _ in range(tensor_count)]
        return tensors, -(-self._at // self._alignment) * self._alignment

    def _take(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return found

    def _skip(self, count: int) -> None:
        if count > len(self._content) - self._at:
            raise ValueError(f"a value at byte {self._at:,} goes on for {count:,} bytes, beyond the end of the file")
        self._at += count

    def _text(self, limit: int = _MAX_TEXT) -> bytes:
        (length,) = self._take("<Q")
        if length > limit:
            raise ValueError(f"a text at byte {self._at:,} has {length:,} bytes, expected at most {limit:,}")
        start = self._at
        self._skip(length)
        return self._content[start : self._at]

    def _key(self) -> None:
        key = self._text()
        (kind,) = self._take("<I")
        if key == _ALIGNMENT_KEY:
            (self._alignment,) = self._take("<I") if kind == _UINT32 else (0,)
            if not 0 < self._alignment <= 65_536 or self._alignment & (self._alignment - 1):
                raise ValueError(f"got alignment {self._alignment}, expected a power of two")
        elif kind == _ARRAY:
            self._array()
        elif kind == _TEXT:
            text = self._text()
            if len(text) <= _SHORT_TEXT:
                self.texts[key.decode("utf-8", "replace")] = text.decode("utf-8", "replace")
        else:
            self._skip(_scalar_bytes(kind))

    def _array(self) -> None:
        kind, count = self._take("<IQ")
        if count > _MAX_ITEMS:
            raise ValueError(f"a list at byte {self._at:,} counts {count:,} items")
        if kind == _TEXT:
            for _ in range(count):
                self._text()
        else:
            self._skip(_scalar_bytes(kind) * count)

    def _tensor(self) -> _Tensor:
        name = self._text(1024).decode("utf-8", "replace")
        (rank,) = self._take("<I")
        if not 1 <= rank <= _MAX_DIMENSIONS:
            raise ValueError(f"the tensor {name!r} has {rank} dimensions")
        dimensions = self._take(f"<{rank}Q")
        kind, offset = self._take("<IQ")
        if offset % self._alignment:
            raise ValueError(f"the tensor {name!r} begins at {offset}, which is no multiple of {self._alignment}")
        values = 1
        for length in dimensions:
            values *= length
        per_block, block_bytes = _BLOCKS.get(kind, (1, 0))
        if dimensions[0] % per_block:
            raise ValueError(f"the tensor {name!r} has rows of {dimensions[0]}, expected a multiple of {per_block}")
        return _Tensor(name, dimensions, offset, values // per_block * block_bytes)


def _scalar_bytes(kind: int) -> int:
    if kind not in _SCALAR_BYTES:
        raise ValueError(f"got a value of type {kind}, which GGUF does not have")
    return _SCALAR_BYTES[kind]
