"""Tests that documents, build files and locks tell the truth."""
