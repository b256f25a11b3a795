"""Tests of `core/engine`."""
