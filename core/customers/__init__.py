"""The company's customers: who they are, what they ordered, what they pay."""
