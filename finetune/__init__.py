"""Training: synthetic data, the encoder and the SQL model. Hands its results over as files that the configuration names."""
