"""The conversation logs on Redis: scripts, streams, leases, live feed."""
