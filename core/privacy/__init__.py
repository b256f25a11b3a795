"""What the house holds of people: the map of it, keeping, showing, masking, forgetting."""
