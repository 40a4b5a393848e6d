"""Language models: find and load them, write their prompts, read their replies."""
