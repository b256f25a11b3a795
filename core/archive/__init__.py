"""The SQL record of every conversation, written from the journal."""
