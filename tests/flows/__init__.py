"""Stories from a customer's message to the answer."""
