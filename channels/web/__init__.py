"""The web widget's door: Socket.IO, visitor identity, static files."""
