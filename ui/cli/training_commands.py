"""`coderag train` and `coderag synthesize`, which pass everything on to the command lines of finetune."""

from __future__ import annotations

import typer

# For app.command: everything behind the command, --help included, goes to finetune's own command line.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def train(context: typer.Context) -> None:
    """Fine-tune the encoder on rows of query, positive and hard negatives."""
    from finetune.encoder.fine_tune import app

    app(context.args, prog_name="coderag train", standalone_mode=False)


def train_query_encoder(context: typer.Context) -> None:
    """Make a light encoder for questions, aligned with a full one."""
    from finetune.encoder.light_encoders import app

    app(context.args, prog_name="coderag train-query-encoder", standalone_mode=False)


def synthesize(context: typer.Context) -> None:
    """Make training pairs for code retrieval, with or without a language model."""
    from finetune.synthesis.command import app

    app(context.args, prog_name="coderag synthesize", standalone_mode=False)
