"""Periods: find them in a question, and write them as SQL."""
