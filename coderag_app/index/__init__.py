"""The index of examples: nodes, vectors, files, and the order of what is found."""
