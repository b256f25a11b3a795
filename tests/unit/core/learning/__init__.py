"""Tests of what the house learns from people."""
