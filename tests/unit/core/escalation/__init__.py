"""Tests of `core/escalation`."""
