"""GGUF files: whether one is whole, and opening it without kernels that end the process."""
