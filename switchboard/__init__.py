"""The composition root: commands and the wiring of roles. Nobody imports it."""
