"""From a prompt to one chosen SQL: generation, candidates, votes, and how sure the choice is."""
