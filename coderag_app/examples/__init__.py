"""Verified pairs: questions with the SQL a person has confirmed, kept in a text file and shown to the model first."""

from coderag_app.examples.pairs import VerifiedPair
from coderag_app.examples.store import VerifiedStore
from coderag_app.examples.templates import template_answer
from coderag_app.examples.verified import VerifiedExamples, from_verified

__all__ = ["VerifiedExamples", "VerifiedPair", "VerifiedStore", "from_verified", "template_answer"]
