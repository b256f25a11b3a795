"""When a human takes over."""
