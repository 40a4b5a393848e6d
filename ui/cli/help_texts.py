"""What the help of every command has in common."""

from __future__ import annotations

SETTINGS = {"help_option_names": ["-h", "--help"]}


def examples(*lines: str) -> str:
    """Command lines to show below a command's help."""
    return "\n".join(["[bold]Examples[/]", *(line.replace("[", r"\[") for line in lines)])
