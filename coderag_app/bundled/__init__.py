"""What ships with CodeRAG: data and models that make it run offline on a fresh machine."""
