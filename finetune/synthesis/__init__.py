"""Synthetic data: invented databases, and questions with SQL about them."""
