"""Describe an unknown database: derive its nouns, kinds and keys from names, types and sampled values."""
