"""Who may come in: tokens of people and programs, and customers' tokens that were called back."""
