"""Outgoing webhooks: the sender. Values, signatures and the outbox are in `core.webhooks`."""
