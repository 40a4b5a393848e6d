"""Fits the ranking of code search on questions that are made from repositories which no benchmark asks about."""
