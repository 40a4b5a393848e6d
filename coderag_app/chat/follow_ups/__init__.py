"""Follow-ups: read what they ask for, and edit the previous query's syntax tree."""
