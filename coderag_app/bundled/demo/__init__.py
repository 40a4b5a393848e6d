"""The demo database: an invented chain of book and record shops, with verified examples."""

from pathlib import Path

_FOLDER = Path(__file__).parent

DEMO_DATABASE = _FOLDER / "demo.sqlite"
DEMO_EXAMPLES = _FOLDER / "examples.jsonl"
