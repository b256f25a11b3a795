"""Orders looked up and changed without a language model: one question at a time."""
