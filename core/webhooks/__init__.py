"""Outgoing webhooks: what happens here, told to other systems once it is stored."""
