"""The doors: adapters between platforms and the conversation log. Points to `core` only."""
