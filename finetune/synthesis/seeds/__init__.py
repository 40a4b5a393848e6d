"""Small pure functions of the project's own: type hints, a summary, the method, two examples each."""
