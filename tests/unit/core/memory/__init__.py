"""Tests of `core/memory`."""
