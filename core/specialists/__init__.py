"""AI specialists: what they are (files), and how a language model plays one."""
