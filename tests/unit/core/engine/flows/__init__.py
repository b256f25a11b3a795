"""The flows of orders."""
