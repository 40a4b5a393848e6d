"""What a question says: periods, names, what it leaves open."""
