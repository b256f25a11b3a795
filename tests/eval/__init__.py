"""Quality, measured on messages that nothing was trained on."""
