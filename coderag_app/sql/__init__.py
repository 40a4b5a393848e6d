"""SQL as text and as a tree: reading it, checking it against a schema, saying in words what it does."""
