"""Slack, for customers; the desk comes beside."""
