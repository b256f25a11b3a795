"""Telegram: bots of ours, for customers."""
