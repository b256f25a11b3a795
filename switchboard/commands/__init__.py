"""The commands of `switchboard`, one module for each family."""
