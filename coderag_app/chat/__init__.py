"""What a conversation needs: follow-ups, history, and questions to begin with."""
