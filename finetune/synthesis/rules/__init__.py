"""Rule-based generators: edits of syntax trees, and what each task makes of them."""
