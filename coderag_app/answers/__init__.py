"""Answers for people and programs: their parts, as text, JSON, files and charts."""
