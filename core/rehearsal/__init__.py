"""Conversations without a store: stories that are played and judged, and stored talks run again."""
