"""Training and evaluation: synthetic data, the encoder, the SQL model. Results are files that the settings name."""
