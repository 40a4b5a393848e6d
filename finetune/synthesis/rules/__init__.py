"""Rule-based generators: edits of syntax trees, and the tasks built from them."""
