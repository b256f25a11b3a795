"""Tests of `core.access`."""
