"""What a database holds: tables, keys, joins, values, and what of it a question needs."""
