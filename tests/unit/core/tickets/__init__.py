"""Tickets: states, clocks, likeness and words that open one."""
