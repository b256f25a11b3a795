"""Tickets over REST: people of the desk open, find, change and answer them; customers reply.

Above: `desk_routes`. Below: `core.tickets.book`, the desk's acts, `ticket_shapes`. A reply is kept
in the ticket's history and said in its conversation, so that it reaches whoever it is for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from channels.deps import ServerDeps
from channels.desk_acts import DeskActs
from channels.ingress import Ingress, check_text
from channels.persons import person_of
from channels.rest.conversations import principal_of
from channels.rest.reading import read_cursor, read_int, read_model, write_cursor
from channels.rest.system import Absent
from channels.rest.ticket_shapes import (
    OpenTicket,
    TicketAct,
    TicketLinkTo,
    TicketMerge,
    TicketPatch,
    TicketReply,
    show_likely,
    show_ticket,
)
from core.conversation import PROVED_BY_CHANNEL
from core.customers.records import Subject
from core.errors import InputError, NotFound
from core.ids import ConversationId, EventId, client_event_id, is_conversation_id, new_event_id
from core.messages import Address, Author, InboundEvent
from core.tickets.book import TicketBook
from core.tickets.filters import TicketFilter
from core.tickets.records import Actor, NewTicket, Ticket, TicketChange

_LONGEST_NUMBER = 40
LISTED = (
    "status", "priority", "assignee", "tag", "contact", "conversation", "q", "updated_since",
    "cursor", "limit",
)  # fmt: skip


class Tickets:
    """Handlers of `/tickets…`."""

    def __init__(self, deps: ServerDeps) -> None:
        self._kept = deps.tickets
        self._log = deps.bus.log
        self._ingress = Ingress(self._log, channel="rest", turnpike=deps.settings.turnpike)
        self._desk = DeskActs(self._log, self._ingress, deps.bridge)

    async def open(self, request: web.Request) -> web.Response:
        """Open one."""
        body = await read_model(request, OpenTicket)
        made = await self._book().open(
            await self._subject(body),
            NewTicket(
                subject=check_text(body.subject), body=check_text(body.body, empty=True),
                priority=body.priority, tags=_tags(body.tags), assignee=_line(body.assignee),
                origin="desk" if principal_of(request).scope == "desk" else "api",
            ),
            by=_actor(request, body.name), key=_key(request),
        )  # fmt: skip
        return self._answer(request, made, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """Filtered and searched."""
        limit = read_int(request, "limit", 50, low=1, high=200)
        found = await self._book().browse(_read_filter(request), limit=limit)
        last = found[-1] if len(found) == limit else None
        cursor = write_cursor(f"{last.updated_at.isoformat()}|{last.number}") if last else None
        shown = [self._show(request, one) for one in found]
        return web.json_response({"tickets": shown, "next": cursor})

    async def show(self, request: web.Request) -> web.Response:
        """One, with its history."""
        return self._answer(request, await self._seen_by(request))

    async def change(self, request: web.Request) -> web.Response:
        """Another status, priority, subject, tags or assignee; each stands in the history."""
        body = await read_model(request, TicketPatch)
        change = TicketChange(
            note=check_text(body.note or "", empty=True), state=body.status, internal=True,
            priority=body.priority,
            subject=None if body.subject is None else check_text(body.subject),
            tags=None if body.tags is None else _tags(body.tags), assignee=_given_to(body),
        )  # fmt: skip
        done = await self._book().change(
            _number(request), change, by=_actor(request, body.name), key=_key(request)
        )
        return self._answer(request, done)

    async def reply(self, request: web.Request) -> web.Response:
        """Of the customer, whose reply opens a resolved one again; or of a person."""
        body = await read_model(request, TicketReply)
        ticket, key = await self._seen_by(request), _key(request)
        actor = _actor(request, body.name)
        internal = body.internal and actor.side != "customer"
        text = check_text(body.text, most=2_000)
        if is_conversation_id(ticket.conversation):
            place = ConversationId(ticket.conversation)
            await self._say(request, place, text, actor.name, key, internal=internal)
        done = await self._book().reply(ticket.number, text, by=actor, key=key, internal=internal)
        if actor.side == "customer" and done.conversation != ticket.conversation:
            done = await self._book().get(ticket.number)  # another stands for it, not theirs to see
        return self._answer(request, done, status=201)

    async def link(self, request: web.Request) -> web.Response:
        """Say what it has to do with."""
        body = await read_model(request, TicketLinkTo)
        if (body.ticket is None) == (body.conversation is None):
            raise InputError("name either a ticket or a conversation")
        if body.conversation is not None:
            await self._log.head(_conversation(body.conversation))
        done = await self._book().link(
            _number(request), by=_actor(request, body.name), key=_key(request), other=body.ticket,
            conversation=body.conversation,
        )  # fmt: skip
        return self._answer(request, done, status=201)

    async def duplicates(self, request: web.Request) -> web.Response:
        """Which others may be about the same."""
        book = self._book()
        found = await book.likely(_number(request))
        shown = [show_likely(one, book.clocks(one.ticket), book.now()) for one in found]
        return web.json_response({"duplicates": shown})

    async def merge(self, request: web.Request) -> web.Response:
        """Two become one; gives the one that stands for both."""
        body = await read_model(request, TicketMerge)
        done = await self._book().merge(
            _number(request), body.into, by=_actor(request, body.name), key=_key(request),
            anyway=body.anyway,
        )  # fmt: skip
        return self._answer(request, done)

    async def unmerge(self, request: web.Request) -> web.Response:
        """They are two again; gives the one that had been merged."""
        body = await read_model(request, TicketAct)
        done = await self._book().unmerge(
            _number(request), by=_actor(request, body.name), key=_key(request)
        )
        return self._answer(request, done)

    async def _subject(self, body: OpenTicket) -> Subject:
        """Whose it is: who opens it says so, else the conversation does."""
        contact = _line(body.contact, most=200)
        named = {"contact": contact, "level": PROVED_BY_CHANNEL} if contact else {}
        if body.conversation is None:
            return Subject.model_validate({"conversation": "", **named})
        head = await self._log.head(_conversation(body.conversation))
        known = {"conversation": head.id, "contact": head.contact, "level": head.level}
        return Subject.model_validate(known | named)

    async def _say(
        self, request: web.Request, conversation: ConversationId, text: str, by: str, key: str, *,
        internal: bool,
    ) -> None:  # fmt: skip
        """The reply where the other side hears it; a conversation that is gone hears nothing."""
        name, principal = client_event_id("rest", conversation, key), principal_of(request)
        try:
            if principal.scope == "customer":
                event = InboundEvent(
                    id=name, conversation=conversation, text=text, author=Author(role="customer"),
                    address=Address(channel="rest", chat=conversation),
                )  # fmt: skip
                await self._ingress.accept(event)
            else:
                author = Author(role="human_agent", name=by, id=person_of(principal, by))
                kind = "note" if internal else "message"
                await self._desk.say(conversation, kind, text, author=author, act=EventId(name))
        except NotFound:
            return

    async def _seen_by(self, request: web.Request) -> Ticket:
        """The ticket in the path, if the caller may see it. Raises `NotFound`."""
        ticket = await self._book().get(_number(request))
        principal = principal_of(request)
        if principal.scope == "customer" and principal.conversation != ticket.conversation:
            raise NotFound("no such ticket")
        return ticket

    def _show(self, request: web.Request, ticket: Ticket) -> dict[str, Any]:
        book, staff = self._book(), principal_of(request).scope != "customer"
        return show_ticket(ticket, book.clocks(ticket) if staff else None, now=book.now())

    def _answer(self, request: web.Request, ticket: Ticket, *, status: int = 200) -> web.Response:
        return web.json_response(self._show(request, ticket), status=status)

    def _book(self) -> TicketBook:
        if self._kept is None:
            raise Absent("no tickets", public_text="this gateway keeps no tickets")
        return self._kept


def _read_filter(request: web.Request) -> TicketFilter:
    """Raises `InputError` for what is none of the filters, or no value of one."""
    query = request.query
    if unknown := query.keys() - set(LISTED):
        raise InputError(f"unknown parameter: {sorted(unknown)[0][:40]}")
    given: dict[str, Any] = {
        name: check_text(query[name][:200], empty=True) for name in LISTED[1:7] if query.get(name)
    }
    if "assignee" in query:  # empty: those that nobody has
        given["assignee"] = check_text(query["assignee"][:100], empty=True)
    if states := [name for name in query.get("status", "").split(",") if name]:
        given["states"] = states
    if since := query.get("updated_since"):
        given["updated_since"] = _read_time(since)
    try:
        return TicketFilter.model_validate({**given, "before": _before(read_cursor(request))})
    except ValidationError as error:
        raise InputError(_fault(error)) from error


def _fault(error: ValidationError) -> str:
    """The parameter at fault, by its name in the query, and what it takes."""
    first = error.errors(include_url=False)[0]
    name = {"states": "status"}.get(str(first["loc"][0]), str(first["loc"][0]))
    return f"{name}: {first['msg']}"


def _given_to(body: TicketPatch) -> str | None:
    """Who shall have it; null is said like the empty name: nobody."""
    said = "assignee" in body.model_fields_set
    return _line(body.assignee or "") if said else None


def _line(text: str | None, *, most: int = 100) -> str | None:
    return None if text is None else check_text(text, most=most, empty=True)


def _tags(tags: list[str]) -> tuple[str, ...]:
    return tuple(check_text(tag, most=200, empty=True) for tag in tags)


def _read_time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("updated_since must be a time of RFC 3339") from error
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def _number(request: web.Request) -> str:
    return request.match_info["ticket"][:_LONGEST_NUMBER]


def _conversation(text: str) -> ConversationId:
    if not is_conversation_id(text):
        raise NotFound("no such conversation")
    return ConversationId(text)


def _actor(request: web.Request, name: str | None) -> Actor:
    principal = principal_of(request)
    if principal.scope == "customer":
        return Actor(name="customer", side="customer")
    return Actor(name=check_text(name or principal.name or "Support", most=100))


def _key(request: web.Request) -> str:
    """What makes a repeat recognisable: the caller's key, where there is one. Two callers may
    choose the same."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return new_event_id("ticket")
    principal = principal_of(request)
    caller = f"{principal.scope}\0{principal.name}\0{principal.conversation}"
    digest = blake2s(f"{caller}\0{request.method} {request.path}\0{given}".encode()).hexdigest()
    return f"ticket:{digest[:40]}"


def _before(position: str | None) -> tuple[datetime, str] | None:
    if position is None:
        return None
    stamp, _, number = position.partition("|")
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC), number
    except (ValueError, OverflowError):
        raise InputError("the cursor is not valid", code="bad_cursor") from None
