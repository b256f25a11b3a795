"""Migrations of the SQL database, run by `core.archive.database` at start.

A migration is a file of `versions/` named by its revision (`0002_archive.py`, revision
"0002_archive"), each the successor of the one before it in the order of names.
"""
