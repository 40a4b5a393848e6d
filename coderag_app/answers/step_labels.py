"""Labels shown while a question is answered."""

from __future__ import annotations

STEP_LABELS = {
    "retrieve": "Finding examples",
    "link": "Choosing tables",
    "generate": "Writing SQL",
    "check": "Checking SQL",
    "execute": "Running SQL",
    "vote": "Comparing candidates",
    "done": "Done",
}


def duration_text(seconds: float) -> str:
    """Format seconds for display, in milliseconds below one second.

    Example:
        >>> [duration_text(seconds) for seconds in (0.0004, 0.25, 12.345)]
        ['<1 ms', '250 ms', '12.3 s']
    """
    if seconds < 0.001:
        return "<1 ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
