"""Tests of `core.identity`."""
