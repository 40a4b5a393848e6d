"""`coderag synthesize`: training pairs for code retrieval; its options are those of finetune.synthesis."""

from __future__ import annotations

import typer

# For app.command: everything behind `synthesize`, --help included, goes to the synthesis's own command line.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def synthesize(context: typer.Context) -> None:
    """Make training pairs for code retrieval, with or without a language model."""
    from finetune.synthesis.command import app

    app(context.args, prog_name="coderag synthesize", standalone_mode=False)
