"""The bundled SQL model: its tokenizer, training windows, network, training loop and export to GGUF."""
