"""Stretches of time: as people name them, and as SQL."""
