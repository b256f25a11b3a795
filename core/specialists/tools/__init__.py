"""What a specialist may do in a turn: the tools, who may call them, and the ledger."""
