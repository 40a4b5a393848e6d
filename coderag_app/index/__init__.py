"""The index of examples: nodes, vectors, files, and the ranking of hits."""
