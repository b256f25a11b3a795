"""Tests that kill processes and cut connections."""
