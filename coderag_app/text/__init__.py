"""Make text from outside safe to show, to store and to give to a model."""
