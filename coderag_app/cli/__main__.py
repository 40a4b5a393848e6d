"""`python -m coderag_app.cli`: the same as the `coderag` command."""

from coderag_app.cli import main

main()
