"""Tickets for the commands: over HTTP, since a reply is said in the conversation by the gateway.

Above: `commands.tickets`. Below: `gateway`, `screen`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from switchboard.attach import read_settings
from switchboard.gateway import GatewayClient, open_gateway, require_gateway
from switchboard.screen import out, print_table, say

_COLUMNS = ("number", "status", "priority", "subject", "tags", "assignee", "due", "updated")
_CLOCKS = (("first_reply", "first reply"), ("resolution", "resolution"))
_SETTLED = {"none", "met", "missed"}


class TicketClient:
    """Tickets of one gateway; all results are plain JSON values."""

    def __init__(self, client: GatewayClient) -> None:
        self._client = client

    async def list(self, query: dict[str, Any]) -> dict[str, Any]:
        """A page."""
        return await self._client.call("GET", "/tickets", query=query)

    async def get(self, number: str) -> dict[str, Any]:
        """One, with its history."""
        return await self._client.call("GET", _path(number))

    async def open(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A new one."""
        return await self._client.call("POST", "/tickets", body=_given(fields))

    async def change(self, number: str, fields: dict[str, Any]) -> dict[str, Any]:
        """As it is then."""
        return await self._client.call("PATCH", _path(number), body=_given(fields))

    async def post(self, number: str, act: str, fields: dict[str, Any]) -> dict[str, Any]:
        """As it is then."""
        return await self._client.call("POST", f"{_path(number)}/{act}", body=_given(fields))

    async def tag(self, number: str, add: Sequence[str], remove: Sequence[str]) -> dict[str, Any]:
        """As it is then."""
        gone = {tag.casefold() for tag in remove}
        kept = [tag for tag in (await self.get(number))["tags"] if tag.casefold() not in gone]
        return await self.change(number, {"tags": list(dict.fromkeys([*kept, *add]))})

    async def likely(self, number: str) -> Sequence[dict[str, Any]]:
        """The likeliest first."""
        return (await self._client.call("GET", f"{_path(number)}/duplicates"))["duplicates"]


@asynccontextmanager
async def open_tickets(
    *, data: Path | None, url: str | None, token: str | None
) -> AsyncGenerator[TicketClient]:
    """Those of the gateway that these options name. Raises `GatewayUnreachable`."""
    place = require_gateway(read_settings(data), url=url, token=token)
    async with open_gateway(place) as client:
        yield TicketClient(client)


def print_list(tickets: Sequence[dict[str, Any]], *, more: bool = False) -> None:
    """A line for each."""
    if not tickets:
        say("No tickets.")
        return
    print_table(_COLUMNS, [_row(ticket) for ticket in tickets])
    if more:
        say("There are more: narrow it down, or raise --limit.")


def print_likely(found: Sequence[dict[str, Any]]) -> None:
    """A line for each, with what speaks for it."""
    if not found:
        say("Nothing like it.")
        return
    rows = [[f"{item['score']:.0%}", *_row(item["ticket"])] for item in found]
    print_table(("alike", *_COLUMNS), rows)


def print_ticket(ticket: dict[str, Any]) -> None:
    """All of it."""
    out.print(f"{ticket['id']}  {ticket['subject']}", markup=False, style="bold")
    facts = [(name, ticket[name]) for name in ("status", "priority", "assignee", "contact")]
    facts += [("tags", ", ".join(ticket["tags"])), ("opened by", ticket["origin"])]
    sla: dict[str, Any] = ticket["sla"] or {}
    facts += [(words, _clock(sla.get(name))) for name, words in _CLOCKS]
    facts += [("conversation", name) for name in ticket["conversations"]]
    facts += [(link["kind"].replace("_", " "), link["ticket"]) for link in ticket["links"]]
    print_table(("", ""), [fact for fact in facts if fact[1]])
    if ticket["body"]:
        out.print(f"\n{ticket['body']}\n", markup=False)
    rows = [[_short(deed["at"]), deed["by"], _what(deed)] for deed in ticket["history"]]
    print_table(("at", "by", "what"), rows)


def _row(ticket: dict[str, Any]) -> list[str]:
    return [
        ticket["id"], ticket["status"], ticket["priority"], ticket["subject"],
        ", ".join(ticket["tags"]), ticket["assignee"] or "", _due(ticket["sla"]),
        _short(ticket["updated_at"]),
    ]  # fmt: skip


def _due(sla: dict[str, Any] | None) -> str:
    """The clock that runs out next."""
    clocks = [(sla or {}).get(name) for name, _ in _CLOCKS]
    running = [clock for clock in clocks if clock and clock["state"] not in _SETTLED]
    return _clock(min(running, key=lambda clock: str(clock["due"]))) if running else ""


def _clock(clock: dict[str, Any] | None) -> str:
    if clock is None or clock["state"] == "none":
        return ""
    return f"{_short(clock['due'])} ({clock['state']})" if clock["due"] else clock["state"]


def _what(deed: dict[str, Any]) -> str:
    moved = [f"{one['field']}: {_word(one['before'])} → {_word(one['after'])}"
             for one in deed["changes"]]  # fmt: skip
    kind = [] if deed["kind"] == "changed" and moved else [deed["kind"]]
    inside = ["(internal)"] if deed["internal"] and deed["note"] else []
    return " ".join(filter(None, [*kind, "; ".join(moved), *inside, deed["note"]]))


def _word(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "–")  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _short(time: str | None) -> str:
    return (time or "")[:16].replace("T", " ")


def _path(number: str) -> str:
    return f"/tickets/{quote(number, safe='')}"


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
