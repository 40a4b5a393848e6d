"""Language models: found, loaded, asked, and read; one prompt format each."""
