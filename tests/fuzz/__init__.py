"""Schemathesis over the whole description of the REST API."""
