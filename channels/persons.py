"""Which person of the desk it is: the id that the log and the list of people on duty know.

Above: the desks over HTTP and Socket.IO. Below: `channels.auth`. A token made for somebody names
them; who comes with the administrator's, or with one without a name, is who they say they are.
"""

from __future__ import annotations

from channels.auth import Principal


def person_of(principal: Principal, name: str) -> str:
    """Such as `console:Eva`; customers see none of it."""
    own = principal.name if principal.scope == "desk" else ""
    return f"console:{own or name}"
