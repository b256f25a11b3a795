"""Tests of the bus that need no server."""
