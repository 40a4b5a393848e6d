"""The encoder's training: rows with hard negatives, the fine-tuning, the adapter that ships, ablations."""
