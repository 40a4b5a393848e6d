"""What a question says: its periods and names, and what it leaves open."""
