"""Examples: verified ones, which a person confirmed and a text file keeps, and synthetic ones; templates; retrieval."""

from coderag_app.examples.templates import template_answer
from coderag_app.examples.verified import VerifiedExamples, from_verified
from coderag_app.examples.verified_example import VerifiedExample
from coderag_app.examples.verified_store import VerifiedStore

__all__ = ["VerifiedExamples", "VerifiedExample", "VerifiedStore", "from_verified", "template_answer"]
