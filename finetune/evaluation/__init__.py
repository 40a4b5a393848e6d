"""Evaluation: metrics, arms, runs and reports that show whether retrieval helps, how much, and with which model."""
