"""Tests of the company's customers."""
