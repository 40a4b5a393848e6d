"""A database that nobody described: its nouns, kinds and keys are read from names, types and sampled values."""
