"""Answers as text, JSON, files and charts."""
