"""SQL: extract it from a reply, parse it, check it against a schema, explain it in words."""
