"""Encoders: finding, loading and adapting them; word vectors."""
