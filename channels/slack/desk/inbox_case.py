"""Which case a place in Slack is about, and how that case stands.

Above: `inbox`, `actions`, `commands`, `home`. Below: the log, `anchor`, `ids`, `people`. A thread
leads to its conversation by its address; one that was posted a moment before it was bound is known
by the mark of its first message.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

import structlog

from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.desk.anchor import read_anchor
from channels.slack.desk.backing import Backing
from channels.slack.desk.ids import read_mark, thread_address
from channels.slack.desk.people import People, Person
from channels.slack.settings import SlackSettings
from core.conversation import Head
from core.errors import NotFound
from core.escalation.standing import Standing, begin, fold_more
from core.ids import ConversationId
from core.messages import Entry

_log = structlog.get_logger("slack")
_PAGE = 500
# What was said just before people came in is what the case is about.
_BEFORE = 20
_MOST_UNKNOWN = 5_000


@dataclass(frozen=True)
class CaseNow:
    """A conversation as it stands, and its newest case; `entries` are those of the case."""

    head: Head
    standing: Standing
    entries: tuple[Entry, ...] = ()

    @property
    def is_closed(self) -> bool:
        """True if the case is over."""
        return self.head.status == "closed" or self.head.case_closed > 0

    def is_held_by(self, person: Person) -> bool:
        """True if this person has it."""
        if self.standing.holder_id is not None:
            return self.standing.holder_id == person.author.id
        return self.standing.holder == person.author.name


class Cases:
    """The cases of one workspace's desk."""

    def __init__(
        self, api: SlackApi, settings: SlackSettings, backing: Backing, people: People
    ) -> None:
        self._api = api
        self._account = settings.account
        self._backing = backing
        self._people = people
        self._unknown: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def of_thread(self, slack_channel_id: str, thread: str) -> ConversationId | None:
        """The conversation whose case this thread is; None if it is none."""
        place = thread_address(self._account, slack_channel_id, thread)
        found = await self._backing.log.find(place)
        if found is not None or slack_channel_id not in self._backing.channels:
            return found
        if (slack_channel_id, thread) in self._unknown:
            return None
        found = await self._by_mark(slack_channel_id, thread)
        if found is not None:
            await self._backing.log.rebind(place, found)
            return found
        self._unknown[slack_channel_id, thread] = None
        while len(self._unknown) > _MOST_UNKNOWN:
            self._unknown.popitem(last=False)
        return None

    async def _by_mark(self, slack_channel_id: str, thread: str) -> ConversationId | None:
        """What the thread's first message says that it shows, if that is a message of ours."""
        try:
            page = await self._api.call(
                "conversations.replies", form=True, channel=slack_channel_id, ts=thread, limit=1,
                include_all_metadata="true",
            )  # fmt: skip
        except SlackRefused as error:
            _log.info("slack_thread_unread", reason=error.reason)
            return None
        first: Json = first_of(page)
        mark = read_mark(first)
        if mark is None or first.get("bot_id") != (await self._people.own()).bot:
            return None
        try:
            await self._backing.log.head(ConversationId(mark[0]))
        except NotFound:
            return None
        return ConversationId(mark[0])

    async def now(self, conversation: ConversationId) -> CaseNow:
        """How it stands. Raises `NotFound`."""
        head = await self._backing.log.head(conversation)
        standing, entries = begin(head.case), list[Entry]()
        after = max(0, head.case - 1 - _BEFORE)
        while page := await self._backing.log.entries(conversation, after=after, limit=_PAGE):
            told = [one for one in page if one.seq >= head.case or one.kind == "message"]
            standing = fold_more(standing, told)
            entries += told
            after = page[-1].seq
            if len(page) < _PAGE:
                break
        return CaseNow(head, standing, tuple(entries))

    async def entry(self, conversation: ConversationId, name: str) -> Entry | None:
        """The entry that an event of this id became."""
        seq = await self._backing.log.seq_of(conversation, name)
        if seq is None:
            return None
        found = await self._backing.log.entries(conversation, after=seq - 1, limit=1)
        return found[0] if found else None

    async def link(self, head: Head) -> str | None:
        """The address of the thread that shows the case."""
        anchor = read_anchor(head.desk)
        home = (await self._people.own()).address
        if anchor is None or not anchor.ts or not home:
            return None
        return f"{home.rstrip('/')}/archives/{anchor.chat}/p{anchor.ts.replace('.', '')}"


def last_words(entries: tuple[Entry, ...]) -> tuple[Entry | None, Entry | None]:
    """The customer's last message and the last answer of a person."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "message":
            found[entry.author.role] = entry
    return found.get("customer"), found.get("human_agent")


def first_of(page: Json) -> Json:
    """The first message of a page of Slack's."""
    found: Any = page.get("messages")
    messages = cast("list[Json]", found) if isinstance(found, list) else []
    return messages[0] if messages else {}
