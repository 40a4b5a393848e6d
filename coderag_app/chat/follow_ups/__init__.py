"""Follow-ups of a conversation: what they ask for, and how the previous query's syntax tree changes for it."""
