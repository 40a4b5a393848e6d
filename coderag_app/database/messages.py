"""Messages between this process and the one that runs SQL: msgpack, with the values that databases return.

A message is a pair of a kind and a value. What msgpack has no type for travels as an extension; what has no extension
either arrives as text. Nothing that is read here can run code.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgpack

_MAX_MESSAGE_BYTES = 1 << 31


def pack(message: Any) -> bytes:
    """The message as bytes."""
    packed: bytes = msgpack.packb(message, default=_extension, strict_types=True, unicode_errors="surrogatepass")
    return packed


def unpacker() -> msgpack.Unpacker:
    """Something that takes bytes with ``feed`` and gives the messages that are complete."""
    return msgpack.Unpacker(
        ext_hook=_value, strict_map_key=False, unicode_errors="surrogatepass", max_buffer_size=_MAX_MESSAGE_BYTES
    )


def _extension(value: Any) -> Any:
    """What stands for a value that msgpack does not know; tuples stay apart from lists."""
    for code, (kind, encode, _) in _EXTENSIONS.items():
        if type(value) is kind:
            try:
                return msgpack.ExtType(code, pack(encode(value)))
            except (OverflowError, ValueError):  # a zone's time before the year 1 or after 9999
                break
    return str(value)


def _value(code: int, data: bytes) -> Any:
    (content,) = _contents(data)
    return _EXTENSIONS[code][2](content)


def _contents(data: bytes) -> list[Any]:
    reader = unpacker()
    reader.feed(data)
    return list(reader)


def _encode_datetime(value: datetime.datetime) -> Any:
    if value.tzinfo is None:
        return [value.isoformat(), None]
    zone = getattr(value.tzinfo, "zone", None) or getattr(value.tzinfo, "key", None)  # pytz and zoneinfo
    return [value.astimezone(datetime.UTC).isoformat(), zone] if zone else [value.isoformat(), None]


def _decode_datetime(content: Any) -> datetime.datetime:
    text, zone = content
    moment = datetime.datetime.fromisoformat(text)
    if not zone:
        return moment
    from zoneinfo import ZoneInfo

    try:
        return moment.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):  # no such zone on this machine: the same moment in UTC
        return moment


def _encode_int(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


_EXTENSIONS: dict[int, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    1: (tuple, list, tuple),
    2: (int, _encode_int, lambda data: int.from_bytes(data, "big", signed=True)),
    3: (Decimal, str, Decimal),
    4: (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    5: (datetime.datetime, _encode_datetime, _decode_datetime),
    6: (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    7: (
        datetime.timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda parts: datetime.timedelta(*parts),
    ),
    8: (UUID, lambda value: value.bytes, lambda data: UUID(bytes=data)),
}
