"""Synthetic data: invented databases, and questions with SQL over them."""
