"""`coderag train`: the encoder's training; its options are those of finetune.encoder.fine_tune."""

from __future__ import annotations

import typer

# For app.command: everything behind `train`, --help included, goes to the training's own command line.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def train(context: typer.Context) -> None:
    """Fine-tune the encoder on rows of query, positive and hard negatives."""
    from finetune.encoder.fine_tune import app

    app(context.args, prog_name="coderag train", standalone_mode=False)
