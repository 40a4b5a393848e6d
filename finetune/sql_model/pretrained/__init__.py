"""Training a pretrained model to write SQL without joins (``coderag_app.llm.joinless_format``)."""
