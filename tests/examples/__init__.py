"""Complete small programs that the documentation walks through; the suite runs them."""
