"""Tests of the knowledge base, without servers."""
