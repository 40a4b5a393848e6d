"""Training: synthetic data, the encoder, the SQL model. Hands results over as files that the configuration names."""
