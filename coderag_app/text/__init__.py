"""Text from outside made fit to be shown, stored or given to a model."""
