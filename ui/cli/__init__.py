"""The command line: one module per command, with heavy imports inside, so that `coderag --help` is quick."""

from ui.cli.application import app, main

__all__ = ["app", "main"]
