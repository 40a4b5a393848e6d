"""`python -m ui.cli`: the same as the `coderag` command."""

from ui.cli import main

main()
