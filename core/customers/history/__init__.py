"""What became of a conversation, told to the company's system of customers."""
