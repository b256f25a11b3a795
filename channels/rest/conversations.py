"""The conversation routes: open, say, read, close; and the desk's acts.

Above: `routes`. Below: `core.bus` (log, live), ingress, `reading`. Web and REST customers read the
log; a person of the desk enters through the same ingress as everybody else.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from aiohttp import web

from channels.attaching import claim_files
from channels.auth import Principal
from channels.callers import Callers
from channels.deps import ServerDeps
from channels.desk_acts import DeskActs
from channels.ingress import Ingress, check_text
from channels.persons import person_of
from channels.rest.links import need_links
from channels.rest.models import Closing, FileRef, NewConversation, NewMessage, Words
from channels.rest.reading import read_int, read_model
from channels.rest.system import Absent
from channels.rest.ticketed import name_tickets
from core.bus.live import LiveEvent, LiveTurn
from core.changes import as_it_stands
from core.conversation import Head
from core.errors import InputError, NotFound
from core.ids import (
    ConversationId,
    EventId,
    client_event_id,
    is_client_id,
    is_conversation_id,
    new_event_id,
)
from core.messages import Address, Attachment, Author, InboundEvent, format_time

_MOST_WAIT = 60
_MOST_ENTRIES = 500
PRINCIPAL = web.RequestKey("principal", Principal)


class Conversations:
    """Handlers of `/conversations…`."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps
        self._log = deps.bus.log
        self._live = deps.bus.live
        self._ingress = Ingress(self._log, channel="rest", turnpike=deps.settings.turnpike)
        self._desk = DeskActs(self._log, self._ingress, deps.bridge)
        self._link = deps.files.link if deps.files else None
        self._callers = Callers(deps.settings.proxies)

    async def create(self, request: web.Request) -> web.Response:
        """Open a conversation, with a first message or without."""
        body = await read_model(request, NewConversation)
        text = None if body.text is None else check_text(body.text)
        if self._deps.floods is not None and "Authorization" not in request.headers:
            await self._deps.floods.admit(self._callers.address(request), "rest", body.proof)
        conversation = await self._log.create(
            Address(channel="rest", chat=""), contact=body.contact, language=body.language
        )
        answer: dict[str, Any] = {
            "id": conversation, "token": self._deps.tokens.issue_customer(conversation),
        }  # fmt: skip
        if text is not None:
            event = await self._message(conversation, text, "first")
            answer["seq"] = (await self._ingress.accept(event)).seq
        return web.json_response(answer, status=201)

    async def say(self, request: web.Request) -> web.Response:
        """A message of the customer; with `?wait=` also the answer."""
        conversation = self._seen_by(request)
        body = await read_model(request, NewMessage)
        if body.client_id is not None and not is_client_id(body.client_id):
            raise InputError("client_id must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        wait = read_int(request, "wait", 0, high=_MOST_WAIT)
        client_id = body.client_id or request.headers.get("Idempotency-Key")
        files = await self._claim(conversation, body.attachments)
        text = check_text(body.text, empty=bool(files))
        event = await self._message(conversation, text, client_id, files)
        if not wait:
            return web.json_response({"seq": (await self._ingress.accept(event)).seq}, status=202)
        return web.json_response(await self._say_and_wait(event, wait))

    async def links(self, request: web.Request) -> web.Response:
        """Links that lead to this conversation in another channel, for its customer."""
        conversation = self._seen_by(request)
        head = await self._log.head(conversation)
        return await need_links(self._deps.links).open(head)

    async def show(self, request: web.Request) -> web.Response:
        """The state of a conversation."""
        shape = show_head(await self._log.head(self._seen_by(request)))
        await name_tickets(self._deps.tickets, [shape])
        return web.json_response(shape)

    async def entries(self, request: web.Request) -> web.Response:
        """Entries after a sequence."""
        conversation = self._seen_by(request)
        after = read_int(request, "after", 0)
        limit = read_int(request, "limit", 100, low=1, high=_MOST_ENTRIES)
        await self._log.head(conversation)
        found = await self._log.entries(conversation, after=after, limit=limit)
        staff = principal_of(request).scope != "customer"
        shown = [
            entry.public(self._link, desk=staff)
            for entry in as_it_stands(found)
            if staff or entry.is_for_customer()
        ]
        return web.json_response({"entries": shown, "next": found[-1].seq if found else after})

    async def receipt(self, request: web.Request) -> web.Response:
        """How an answer came about."""
        conversation = self._seen_by(request)
        receipt = await self._log.receipt(conversation, _path_int(request, "seq"))
        by_customer = principal_of(request).scope == "customer"
        if receipt is None or (by_customer and receipt.get("outcome") == "draft"):
            raise NotFound("no turn begins at this sequence")
        return web.json_response(receipt)

    async def close(self, request: web.Request) -> web.Response:
        """End the conversation."""
        conversation = self._seen_by(request)
        body = await read_model(request, Closing)
        access = self._deps.access
        if body.end_tokens and access is None:
            raise Absent("no tokens", public_text="this process keeps no tokens")
        author = self._author(request, body.name)
        await self._control(conversation, "close", author, body.reason)
        if body.end_tokens and access is not None:
            await access.end_customer_tokens(conversation)
        return web.json_response(await self._closing(conversation, body.reason))

    async def reply(self, request: web.Request) -> web.Response:
        """A person answers the customer (and thereby takes over)."""
        return await self._words(request, "message")

    async def note(self, request: web.Request) -> web.Response:
        """A note that the customer never sees."""
        return await self._words(request, "note")

    async def draft(self, request: web.Request) -> web.Response:
        """An answer for a person to send, change or throw away; the customer never sees it."""
        return await self._words(request, "draft")

    async def _words(
        self, request: web.Request, kind: Literal["message", "note", "draft"]
    ) -> web.Response:
        principal_of(request).require_desk()
        conversation = self._seen_by(request)
        body = await read_model(request, Words)
        key = body.client_id or request.headers.get("Idempotency-Key")
        files = await self._claim(conversation, body.attachments)
        accepted = await self._desk.say(
            conversation, kind, body.text, author=self._author(request, body.name),
            client_id=key, attachments=files,
        )  # fmt: skip
        return web.json_response({"seq": accepted.seq}, status=202)

    async def _control(
        self, conversation: ConversationId, action: Any, author: Author, reason: str | None
    ) -> None:
        head = await self._log.head(conversation)
        event = InboundEvent(
            id=new_event_id("rest"), conversation=conversation, kind="control", action=action,
            address=head.address or Address(channel="rest", chat=conversation), author=author,
            reason=reason,
        )  # fmt: skip
        await self._ingress.accept(event)

    async def _closing(self, conversation: ConversationId, reason: str | None) -> dict[str, Any]:
        head = await self._log.head(conversation)
        entries = await self._log.entries(conversation, limit=10_000)
        minutes = (head.updated_at - head.created_at).total_seconds() / 60
        return {
            "status": head.status,
            "summary": {
                "messages": sum(1 for entry in entries if entry.kind == "message"),
                "tokens": head.tokens_used,
                "minutes": round(minutes, 2),
                "resolution": reason,
            },
        }

    async def _say_and_wait(self, event: InboundEvent, wait: int) -> dict[str, Any]:
        """Watch first, then speak, so that the answer cannot come unseen."""
        seen, done = 0, asyncio.Event()
        wanted: int | None = None

        def notice(happened: LiveEvent) -> None:
            nonlocal seen
            if isinstance(happened, LiveTurn):
                seen = max(seen, happened.seen)
                if wanted is not None and seen >= wanted:
                    done.set()

        unwatch = self._live.watch(event.conversation, notice)
        try:
            wanted = (await self._ingress.accept(event)).seq
            head = await self._log.head(event.conversation)
            if max(seen, head.engine_cursor) < wanted:
                try:
                    async with asyncio.timeout(wait):
                        await done.wait()
                except TimeoutError:
                    pass
        finally:
            unwatch()
        return await self._outcome(event.conversation, wanted)

    async def _outcome(self, conversation: ConversationId, seq: int) -> dict[str, Any]:
        head = await self._log.head(conversation)
        entries = await self._log.entries(conversation, after=seq)
        replies = [
            entry.public(self._link)
            for entry in entries
            if entry.is_for_customer() and entry.author.role != "customer"
        ]
        return {"seq": seq, "replies": replies, "state": state_of(head)}

    async def _message(
        self,
        conversation: ConversationId,
        text: str,
        client_id: str | None,
        files: tuple[Attachment, ...] = (),
    ) -> InboundEvent:
        key = client_id if client_id and is_client_id(client_id) else None
        return InboundEvent(
            id=client_event_id("rest", conversation, key) if key else EventId(new_event_id("rest")),
            conversation=conversation,
            address=Address(channel="rest", chat=conversation),
            author=Author(role="customer"),
            text=text,
            attachments=files,
            client_id=key,
        )

    async def _claim(
        self, conversation: ConversationId, refs: list[FileRef] | None
    ) -> tuple[Attachment, ...]:
        return await claim_files(self._deps.files, conversation, [ref.id for ref in refs or ()])

    def _author(self, request: web.Request, name: str | None) -> Author:
        principal = principal_of(request)
        if principal.scope == "customer":
            return Author(role="customer")
        shown = check_text(name or principal.name or "Support", most=100)
        return Author(role="human_agent", name=shown, id=person_of(principal, shown))

    def _seen_by(self, request: web.Request) -> ConversationId:
        """The conversation in the path, if the caller may see it. Raises `NotFound`."""
        conversation = request.match_info["id"]
        principal_of(request).require(conversation)
        if not is_conversation_id(conversation):
            raise NotFound("no such conversation")
        return ConversationId(conversation)


def principal_of(request: web.Request) -> Principal:
    """Who asks; set by the route's guard."""
    return request[PRINCIPAL]


def state_of(head: Head) -> dict[str, Any]:
    """Owner, specialist, status."""
    return {"owner": head.owner, "specialist": head.specialist, "status": head.status}


def show_head(head: Head) -> dict[str, Any]:
    """The public shape of a conversation."""
    return {
        "id": head.id,
        "status": head.status,
        "owner": head.owner,
        "specialist": head.specialist,
        "channel": head.address.channel if head.address else None,
        "contact": head.contact,
        "language": head.language,
        "sentiment": head.sentiment,
        "priority": head.priority,
        "summary": head.summary,
        "ticket": head.ticket,
        "entries": head.seq,
        "tokens_used": head.tokens_used,
        "cost": head.cost,
        "created_at": format_time(head.created_at),
        "updated_at": format_time(head.updated_at),
    }


def _path_int(request: web.Request, name: str) -> int:
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound("no such turn")
    return int(text)
