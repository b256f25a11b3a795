"""A Slack of our own: the Web API, Socket Mode, signed HTTP events, and faults on command.

- `server` puts it together; start there
- `workspace` what there is: people, channels, messages, files
- `methods` the Web API's methods; `schema` checks what is posted
- `sockets`, `webhooks` the two ways in which it tells; `payloads` what it says
- `faults` what goes wrong on command
"""
