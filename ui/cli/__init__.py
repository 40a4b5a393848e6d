"""The command line: one module a command; heavy imports stay inside the commands, so that `coderag --help` is quick."""

from ui.cli.application import app, main

__all__ = ["app", "main"]
