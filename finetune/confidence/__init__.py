"""What orders the results of a vote and how sure an answer is: questions with known answers, and the fit over them."""
