"""Conversations: follow-ups, history, and questions to start with."""
