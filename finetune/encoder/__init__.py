"""Train the encoder: rows with hard negatives, fine-tuning, the bundled adapter, ablations."""
