"""Dropped files as a private database."""
