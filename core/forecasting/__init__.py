"""What is to come: volume per hour, from the hours that were."""
