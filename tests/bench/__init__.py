"""Measurements, not verdicts."""
