"""What the house learns from people: how drafts fare, what may be answered alone, what to write."""
