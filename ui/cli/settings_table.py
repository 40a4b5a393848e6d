"""Write the table of settings in docs/cli.md from the fields of AppConfig: `python -m ui.cli.settings_table FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from coderag_app.errors import ConfigurationError
from coderag_app.settings import AppConfig
from ui.cli.options import command_options, default_text, option_names

BEGIN = "<!-- settings: written by python -m ui.cli.settings_table docs/cli.md -->\n"
END = "<!-- end of settings -->\n"


def settings_table() -> str:
    """The settings with their options, defaults and meaning, as Markdown."""
    return "\n".join(["| setting | option | default | what it is |", "|---|---|---|---|", *_rows()]) + "\n"


def with_settings_table(text: str) -> str:
    """The text with the table between its two marks.

    Raises:
        ConfigurationError: The marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ConfigurationError(f"Expected the lines {BEGIN.strip()} and {END.strip()} in the text.")
    return f"{before}{begin}{settings_table()}{end}{after}"


def _rows() -> Iterator[str]:
    options = command_options()
    for name, field in AppConfig.model_fields.items():
        spelled = ""
        if name in options:
            option = options[name][1]
            first, *others = option_names(name, option)
            spelled = ", ".join(f"`{word}`" for word in (f"{first} {option.metavar or ''}".rstrip(), *others))
        default = default_text(field)
        yield f"| `{name}` | {spelled} | {f'`{default}`' if default else ''} | {field.description} |"


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(with_settings_table(path.read_text(encoding="utf-8")), encoding="utf-8")
