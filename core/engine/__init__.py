"""The engine: what happens between a claim and a commit."""
