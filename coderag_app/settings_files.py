"""The two files of settings: the user's own, and that of the current folder, which may say less.

A folder may come from a stranger: a download, a clone, a shared drive. Whoever only changes into it must not send their
schema to the stranger's server, or load the stranger's model. So a setting that sends data elsewhere, or loads a model,
is taken from the folder's file only with the values that its field names as harmless.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

logger = logging.getLogger(__name__)

SETTINGS_FILE = "coderag.toml"
ENV_PREFIX = "CODERAG_"
FROM_FOLDERS = "from_folders"  # in a field's json_schema_extra: a pattern of the values that any folder may set
_MOST_BYTES = 16 * 1024  # tomllib's time grows with the square of a dotted key's length: 0.4 s here
_DEEPEST = 2  # a list of texts


def variable_of(setting: str) -> str:
    """The environment variable of a setting."""
    return ENV_PREFIX + setting.upper()


def user_settings_file() -> Path:
    """Where the user's own settings are: ``~/.config/coderag/coderag.toml`` on Linux."""
    from platformdirs import user_config_path

    return user_config_path("coderag") / SETTINGS_FILE


def user_settings(fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """The settings of the user's own file, which may say everything.

    Raises:
        ConfigurationError: The file cannot be read, or names a setting that there is not.
    """
    return _read(user_settings_file(), fields)


def folder_settings(fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """The settings of the current folder's file, without those that a folder may not set; a warning names these.

    Raises:
        ConfigurationError: The file cannot be read, or names a setting that there is not.
    """
    path = Path(SETTINGS_FILE)
    found = _read(path, fields)
    refused = [name for name, value in found.items() if not _may_set(fields[name], value)]
    if refused:
        _warn_once(path.resolve(), tuple(refused))
    return {name: value for name, value in found.items() if name not in refused}


def _may_set(field: FieldInfo, value: Any) -> bool:
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or FROM_FOLDERS not in extra:
        return True
    return isinstance(value, str) and re.fullmatch(str(extra[FROM_FOLDERS]), value) is not None


@lru_cache(maxsize=64)
def _warn_once(path: Path, names: tuple[str, ...]) -> None:
    """One warning for each file, however often a command reads its settings."""
    variables = ", ".join(map(variable_of, names))
    logger.warning(
        "%s sets %s, which is ignored: a folder's file may neither send data elsewhere nor load a model. If you trust "
        "it, put the same lines into %s, or set %s.",
        path, " and ".join(names), user_settings_file(), variables,
    )  # fmt: skip


def _read(path: Path, fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    if not path.is_file():  # a pipe or a device would be waited for
        return {}
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; check its permissions.") from error
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"{path} has more than {_MOST_BYTES} bytes; expected lines such as timeout_s = 30.")
    try:
        found = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}.") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is not TOML: {str(error)[:200]}.") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path} is nested too deeply; {_expected()}") from error
    unknown = [name for name in found if name not in fields]
    if unknown:
        raise ConfigurationError(f"{path} sets what is no setting: {', '.join(_with_nearest(unknown, fields))}.")
    for name, value in found.items():
        if _is_deeper(value, _DEEPEST):
            raise ConfigurationError(f"{path}: {name} is nested too deeply; {_expected()}")
    return found


def _expected() -> str:
    return 'expected texts, numbers, true, false, or lists of texts, such as unmatched_columns = ["*.phone"].'


def _with_nearest(unknown: list[str], fields: Mapping[str, FieldInfo]) -> list[str]:
    """The first unknown names, each with the setting that is spelled most like it."""
    shown = []
    for name in unknown[:5]:
        near = get_close_matches(name[:80], list(fields), n=1)
        shown.append(repr(name[:80]) + (f" (did you mean {near[0]}?)" if near else ""))
    return shown + ([f"and {len(unknown) - 5} more"] if len(unknown) > 5 else [])


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and tables hold each other in more than so many levels."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 1 or any(_is_deeper(item, levels - 1) for item in inner)
