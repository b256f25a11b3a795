"""Knowledge: reading, cutting, embedding, storing and searching it."""
