"""Does retrieval help, how much, with which model, and can the figure be trusted? Metrics, arms, runs and reports."""
