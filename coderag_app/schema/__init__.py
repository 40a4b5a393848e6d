"""What a database holds: tables, keys, joins and values, and which of them a question needs."""
