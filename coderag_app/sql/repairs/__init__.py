"""Repairs of a parsed query."""
