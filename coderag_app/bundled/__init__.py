"""The data and models that ship with CodeRAG, so that it runs offline on a fresh machine."""
