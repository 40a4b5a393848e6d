"""Where the demo's files lie."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent

DEMO_DATABASE = _FOLDER / "demo.sqlite"
DEMO_EXAMPLES = _FOLDER / "examples.jsonl"
DEMO_QUESTIONS = _FOLDER / "questions.jsonl"
