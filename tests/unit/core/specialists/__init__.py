"""Tests of `core/specialists`."""
