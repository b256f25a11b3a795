"""An emulated Telegram: the Bot API over a loopback socket, checked against its schema.

- `server` the Bot API server: calls in, updates out (long polling and webhook)
- `space` bots, chats, messages, files
- `faults` what goes wrong on command
- `payloads` updates as Telegram writes them
- `schema` every call is held to `schema.json`, which `make_schema` derives
"""
