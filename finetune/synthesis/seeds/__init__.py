"""Small pure functions as seeds, each with type hints, a summary, its method and two examples."""
