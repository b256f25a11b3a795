"""The conversation routes: open, say, read, close; and the desk's acts.

Above: `routes`. Below: `core.bus` (log, live), ingress, `reading`. Web and REST customers read the
log; a person of the desk enters through the same ingress as everybody else.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from aiohttp import web

from channels.auth import Principal
from channels.deps import ServerDeps
from channels.ingress import Ingress, check_text
from channels.rest.models import Act, NewConversation, NewMessage, Words
from channels.rest.reading import read_int, read_model
from core.bus.live import LiveEvent, LiveTurn
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
from core.messages import Address, Author, InboundEvent, format_time

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

    async def create(self, request: web.Request) -> web.Response:
        """Open a conversation, with a first message or without."""
        body = await read_model(request, NewConversation)
        text = None if body.text is None else check_text(body.text)
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
        if body.attachments:
            raise InputError("attachments are not taken here", code="unsupported")
        if body.client_id is not None and not is_client_id(body.client_id):
            raise InputError("client_id must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        wait = read_int(request, "wait", 0, high=_MOST_WAIT)
        client_id = body.client_id or request.headers.get("Idempotency-Key")
        event = await self._message(conversation, check_text(body.text), client_id)
        if not wait:
            return web.json_response({"seq": (await self._ingress.accept(event)).seq}, status=202)
        return web.json_response(await self._say_and_wait(event, wait))

    async def show(self, request: web.Request) -> web.Response:
        """The state of a conversation."""
        return web.json_response(show_head(await self._log.head(self._seen_by(request))))

    async def entries(self, request: web.Request) -> web.Response:
        """Entries after a sequence."""
        conversation = self._seen_by(request)
        after = read_int(request, "after", 0)
        limit = read_int(request, "limit", 100, low=1, high=_MOST_ENTRIES)
        await self._log.head(conversation)
        found = await self._log.entries(conversation, after=after, limit=limit)
        staff = principal_of(request).scope != "customer"
        shown = [e.public() for e in found if staff or e.is_for_customer()]
        return web.json_response({"entries": shown, "next": found[-1].seq if found else after})

    async def receipt(self, request: web.Request) -> web.Response:
        """How an answer came about."""
        conversation = self._seen_by(request)
        receipt = await self._log.receipt(conversation, _path_int(request, "seq"))
        if receipt is None:
            raise NotFound("no turn begins at this sequence")
        return web.json_response(receipt)

    async def close(self, request: web.Request) -> web.Response:
        """End the conversation."""
        conversation = self._seen_by(request)
        body = await read_model(request, Act)
        author = self._author(request, body.name)
        await self._control(conversation, "close", author, body.reason)
        return web.json_response(await self._closing(conversation, body.reason))

    async def take(self, request: web.Request) -> web.Response:
        """A person takes the conversation over; from now on the AI is silent."""
        return await self._desk_act(request, "take")

    async def release(self, request: web.Request) -> web.Response:
        """A person gives it back to the AI."""
        return await self._desk_act(request, "release")

    async def reply(self, request: web.Request) -> web.Response:
        """A person answers the customer (and thereby takes over)."""
        return await self._words(request, "message")

    async def note(self, request: web.Request) -> web.Response:
        """A note that the customer never sees."""
        return await self._words(request, "note")

    async def _desk_act(
        self, request: web.Request, action: Literal["take", "release"]
    ) -> web.Response:
        principal_of(request).require_desk()
        conversation = self._seen_by(request)
        body = await read_model(request, Act)
        await self._control(conversation, action, self._author(request, body.name), body.reason)
        return web.json_response(show_head(await self._log.head(conversation)))

    async def _words(self, request: web.Request, kind: Literal["message", "note"]) -> web.Response:
        principal_of(request).require_desk()
        conversation = self._seen_by(request)
        body = await read_model(request, Words)
        head = await self._log.head(conversation)
        key = body.client_id or request.headers.get("Idempotency-Key")
        event = InboundEvent(
            id=client_event_id("desk", conversation, key) if key else new_event_id("desk"),
            conversation=conversation, kind=kind, text=check_text(body.text),
            address=head.address or Address(channel="rest", chat=conversation),
            author=self._author(request, body.name),
        )  # fmt: skip
        return web.json_response({"seq": (await self._ingress.accept(event)).seq}, status=202)

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
            entry.public()
            for entry in entries
            if entry.is_for_customer() and entry.author.role != "customer"
        ]
        return {"seq": seq, "replies": replies, "state": state_of(head)}

    async def _message(
        self, conversation: ConversationId, text: str, client_id: str | None
    ) -> InboundEvent:
        key = client_id if client_id and is_client_id(client_id) else None
        return InboundEvent(
            id=client_event_id("rest", conversation, key) if key else EventId(new_event_id("rest")),
            conversation=conversation,
            address=Address(channel="rest", chat=conversation),
            author=Author(role="customer"),
            text=text,
            client_id=key,
        )

    def _author(self, request: web.Request, name: str | None) -> Author:
        principal = principal_of(request)
        if principal.scope == "customer":
            return Author(role="customer")
        return Author(role="human_agent", name=check_text(name or principal.name or "Support"))

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
