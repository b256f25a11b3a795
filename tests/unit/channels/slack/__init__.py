"""Slack: what is read, what is written, and the emulated platform between."""
