"""From a prompt to one chosen query: candidates, the evidence for each, the vote, and the confidence."""
