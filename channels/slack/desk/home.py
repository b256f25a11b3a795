"""The App Home: my cases, what is open, figures, and whether I am on duty.

Above: `inbox`, `actions`. Below: `commands` (who may, duty), `listing`, `channels.slack.api`. It is
drawn anew each time somebody opens it or presses something in it.
"""

from __future__ import annotations

from channels.slack.api import Json, SlackApi
from channels.slack.desk import ids
from channels.slack.desk.backing import Backing
from channels.slack.desk.blocks import Block, actions, button, context, header, safe, section, when
from channels.slack.desk.commands import Commands
from channels.slack.desk.inbox_case import Cases
from channels.slack.desk.listing import MOST, Line, Listing
from channels.slack.desk.people import People, Person, Refusal

_FOR_CUSTOMERS = "Write to us in *Messages*: you are answered there."


class Home:
    """Draws it."""

    def __init__(self, api: SlackApi, backing: Backing, people: People, cases: Cases) -> None:
        self._api = api
        self._backing = backing
        self._commands = Commands(backing, people, cases)
        self._listing = Listing(backing, cases)

    async def publish(self, user: str) -> None:
        """Draw it for this person. Raises `ChannelError`."""
        person = await self._commands.admit(user)
        blocks = (
            [section(_FOR_CUSTOMERS)] if isinstance(person, Refusal) else await self._draw(person)
        )
        view: Json = {"type": "home", "blocks": blocks}
        await self._api.call("views.publish", user_id=user, view=view)

    async def set_duty(self, user: str, *, on: bool) -> None:
        """A press in it; that of somebody who may not act does nothing."""
        person = await self._commands.admit(user)
        if isinstance(person, Person):
            await self._commands.set_duty(person, on=on)

    async def _draw(self, person: Person) -> list[Block]:
        lines = await self._listing.open()
        mine = await self._listing.mine(person)
        others = [line for line in lines if not line.case.is_held_by(person)]
        return [
            *await self._duty(person),
            *await self._figures(),
            *_titled("My cases", mine),
            *_titled("Open cases", others),
            context(f"Drawn {when(self._backing.now())}. It is drawn anew when you open it."),
        ]

    async def _duty(self, person: Person) -> list[Block]:
        if self._backing.duty is None:
            return []
        people = await self._backing.duty.list()
        own = next((one for one in people if one.id == person.author.id), None)
        names = ", ".join(safe(one.name or one.id) for one in people) or "nobody"
        if own is None:
            said = ":white_circle: You are off duty."
            press = button(ids.DUTY_ON, "Go on duty", "on", "primary")
        else:
            said = f":large_green_circle: You are on duty until {when(own.until)}."
            press = button(ids.DUTY_OFF, "Go off duty", "off")
        return [
            header(f"Hello {person.author.name}"), section(said), actions("duty", [press]),
            context(f"On duty: {names}"),
        ]  # fmt: skip

    async def _figures(self) -> list[Block]:
        figures = await self._backing.figures() if self._backing.figures else {}
        if not figures:
            return []
        return [section(" · ".join(f"*{safe(k)}:* {safe(v)}" for k, v in figures.items()))]


def _titled(title: str, lines: list[Line]) -> list[Block]:
    blocks = [header(f"{title} ({len(lines)})"), *(line.block() for line in lines[:MOST])]
    if len(lines) > MOST:
        blocks.append(context(f"and {len(lines) - MOST} more"))
    return blocks
