"""A small repository in several languages, and helpers to look at its index."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "shop/session.py": '''"""Sessions of the shop."""

import time

RETRIES = 3


class Session:
    """Keeps a connection open."""

    def __init__(self, pool):
        self.pool = pool
        self.socket = None
        self.opened_at = None
        self.requests = 0

    def open(self):
        """Connect to the server and remember when."""
        self.socket = self.pool.take()
        self.opened_at = time.time()

    def close(self):
        """Give the socket back to the pool."""
        self.pool.give(self.socket)
        self.socket = None


def retry_with_backoff(action, attempts=RETRIES):
    """Call an action again after an error, waiting twice as long each time."""
    for attempt in range(attempts):
        try:
            return action()
        except OSError:
            time.sleep(2**attempt)
    raise TimeoutError


def shut_down(session):
    session.close()
''',
    "shop/prices.go": """package shop

// Discount lowers a price by some percent.
func (b *Basket) Discount(percent int) int {
\treturn round(b.total * (100 - percent) / 100)
}
""",
    "web/cart.ts": """export interface Item { id: string; amount: number }

/**
 * Adds an item to the cart.
 */
export function addItem(cart: Item[], item: Item): Item[] {
  return [...cart, item];
}
""",
    "tests/test_session.py": """from shop.session import Session


def test_a_session_gives_its_socket_back():
    session = Session(pool=None)
    session.close()
""",
    "README.md": "# Shop\n\nSells things.\n\n## Refunds\n\nMoney goes back within a week.\n",
    "deploy.cfg": "region = north\nmachines = 3\n",
}


def write_repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write files into a folder and return it."""
    for name, text in (files or FILES).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def generation_bytes(folder: Path, generation: str) -> dict[str, bytes]:
    """The content of every file of a generation."""
    return {path.name: path.read_bytes() for path in sorted((folder / generation).iterdir())}
