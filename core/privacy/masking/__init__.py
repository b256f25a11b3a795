"""Tokens instead of personal data, for language models, vectors and logs."""
