"""The command line: one module per command. Heavy imports stay inside the commands, so that `coderag --help` is quick."""

from ui.cli.application import app, main

__all__ = ["app", "main"]
