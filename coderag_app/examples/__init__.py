"""Verified pairs: questions with the SQL a person has confirmed, kept in a text file and shown to the model first."""

from coderag_app.examples.pairs import VerifiedPair
from coderag_app.examples.store import VerifiedStore
from coderag_app.examples.teaching import Teaching, from_verified, open_verified
from coderag_app.examples.templates import template_answer

__all__ = ["Teaching", "VerifiedPair", "VerifiedStore", "from_verified", "open_verified", "template_answer"]
