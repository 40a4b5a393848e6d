"""Encoders: found, loaded, adapted; word vectors."""
