"""Telegram: tables of the pure parts, and the adapter against two emulators."""
