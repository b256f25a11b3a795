"""`/switchboard …`: the desk's cases, figures and duty, for whoever asks and nobody else.

Above: `inbox`. Below: `listing`, `people`, `backing`. The answer goes back with the
acknowledgement, so it reaches people in channels where the app is not.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from channels.slack.api import Json
from channels.slack.desk.backing import Backing
from channels.slack.desk.blocks import Block, context, cut, header, safe, section, when
from channels.slack.desk.inbox_case import Cases
from channels.slack.desk.inbox_reading import COMMAND, Commanded
from channels.slack.desk.listing import MOST, Line, Listing
from channels.slack.desk.people import People, Person, Refusal
from core.bus.duty import OnDuty

_log = structlog.get_logger("slack")
_HELP = (
    ("open", "the cases of people, the most pressing first"),
    ("mine", "the cases that you have"),
    ("find WORDS", "conversations in which this was said"),
    ("stats", "how busy the desk is"),
    ("on", "go on duty"),
    ("off", "go off duty"),
    ("help", "this list"),
)
_LONGEST_SEARCH = 200
ASKED_ELSEWHERE = "The desk is not set up: the administrator sets SLACK_DESK_CHANNEL."


class Commands:
    """Answers the command."""

    def __init__(self, backing: Backing, people: People, cases: Cases) -> None:
        self._backing = backing
        self._people = people
        self._listing = Listing(backing, cases)

    async def answer(self, command: Commanded) -> Json:
        """What is shown to who asked."""
        person = await self.admit(command.user)
        if isinstance(person, Refusal):
            _log.warning("slack_desk_refused", reason=person.code, who=command.user, command=True)
            return answer([section(f":no_entry: {person.why or 'This is for the desk.'}")])
        word, _, rest = command.text.partition(" ")
        match word.casefold():
            case "open" | "queue" | "list":
                return answer(_list("Open cases", await self._listing.open()))
            case "mine":
                return answer(_list("Your cases", await self._listing.mine(person)))
            case "find" | "search":
                return await self._find(rest.strip())
            case "stats":
                return answer(await self._stats())
            case "on" | "off":
                return answer([section(await self.set_duty(person, on=word.casefold() == "on"))])
            case "" | "help":
                return answer(_help())
            case _:
                unknown = section(f":grey_question: There is no word *{safe(word, 60)}* here.")
                return answer([unknown, *_help()])

    async def admit(self, user: str) -> Person | Refusal:
        """May they act in one of the desk's channels?"""
        refusal: Person | Refusal = Refusal("no_desk", ASKED_ELSEWHERE)
        for slack_channel_id in sorted(self._backing.channels):
            refusal = await self._people.admit(user, slack_channel_id)
            if isinstance(refusal, Person):
                break
        return refusal

    async def set_duty(self, person: Person, *, on: bool) -> str:
        """On or off; what they are told."""
        duty, name = self._backing.duty, person.author.id or person.user
        if duty is None:
            return "There is no list of who is on duty."
        if on:
            entry = await duty.on(name, person.author.name)
            return f":large_green_circle: You are on duty until {when(entry.until)}."
        was = await duty.off(name)
        return ":white_circle: You are off duty." if was else "You were not on duty."

    async def _find(self, words: str) -> Json:
        if not words:
            return answer([section(f"Say what to look for: `{COMMAND} find parcel`.")])
        found = await self._listing.find(words[:_LONGEST_SEARCH])
        return answer(_list(f"Conversations with “{cut(words, 60)}”", found))

    async def _stats(self) -> list[Block]:
        figures = await self._backing.figures() if self._backing.figures else {}
        duty: Sequence[OnDuty] = await self._backing.duty.list() if self._backing.duty else ()
        blocks = [header("The desk now")]
        lines = [f"*{safe(name)}:* {safe(value)}" for name, value in figures.items()]
        if lines:
            blocks.append(section("\n".join(lines)))
        names = ", ".join(safe(one.name or one.id) for one in duty) or "nobody"
        return [*blocks, context(f"On duty: {names}")]


def answer(blocks: list[Block]) -> Json:
    """Blocks that only who asked sees."""
    return {"response_type": "ephemeral", "blocks": blocks}


def _list(title: str, lines: list[Line]) -> list[Block]:
    blocks = [header(title), *(line.block() for line in lines[:MOST])]
    if not lines:
        blocks.append(section("None."))
    if len(lines) > MOST:
        blocks.append(context(f"and {len(lines) - MOST} more: the console shows all"))
    return blocks


def _help() -> list[Block]:
    lines = [f"`{COMMAND} {name}` {does}" for name, does in _HELP]
    words = (
        "In a case's thread your words go to the customer; `note:` before them keeps them inside."
    )
    return [header("Switchboard"), section("\n".join(lines)), context(words)]
