"""What privacy does without stores."""
