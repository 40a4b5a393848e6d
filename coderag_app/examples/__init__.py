"""Examples: verified ones, which a person confirmed and a text file keeps, and synthetic ones; templates; retrieval."""

from coderag_app.examples.pairs import VerifiedPair
from coderag_app.examples.store import VerifiedStore
from coderag_app.examples.templates import template_answer
from coderag_app.examples.verified import VerifiedExamples, from_verified

__all__ = ["VerifiedExamples", "VerifiedPair", "VerifiedStore", "from_verified", "template_answer"]
