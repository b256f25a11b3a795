"""Tests of `channels.email`."""
