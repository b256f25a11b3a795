"""Stand-ins for outside services, and fixtures that start them."""
