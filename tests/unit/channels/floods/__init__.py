"""The gate that newcomers pass."""
