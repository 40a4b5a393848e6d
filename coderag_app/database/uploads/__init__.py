"""Turn uploaded files into a private database."""
