"""A company's own CRM over HTTP: docs/crm.md has the routes it serves."""
