"""The language bridge."""
