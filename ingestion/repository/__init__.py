"""Code repositories as units for search: which files, what stands in them, and the build of their index."""
