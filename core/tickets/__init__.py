"""Tickets: the durable record of a problem."""
