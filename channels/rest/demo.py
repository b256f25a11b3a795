"""Demo mode: sample tickets in five languages, by the same door as everything else.

Above: `desk_routes`, which has this route only where demo mode is on. Below: ingress, the desk's
acts, `core.tickets`. Each customer's words are accepted as a customer's, each answer as a person's,
each ticket is opened and moved as over the API; all under keys of their own, so again is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from channels.deps import ServerDeps
from channels.desk_acts import DeskActs
from channels.ingress import Ingress
from channels.persons import person_of
from channels.rest.conversations import principal_of
from channels.rest.shapes import Shape
from channels.rest.system import Absent
from channels.rest.ticket_shapes import TicketShape, show_ticket
from core.customers.records import Subject
from core.ids import ConversationId, EventId, client_event_id
from core.messages import Address, Author, InboundEvent
from core.tickets.book import TicketBook
from core.tickets.records import Actor, NewTicket, Ticket, TicketChange
from core.tickets.samples import Sample

_DESK = "Support"


class DemoTickets(Shape):
    """The sample tickets, whether they are new or were there."""

    conversations: int
    tickets: list[TicketShape]


class Demo:
    """Handler of `/demo/tickets`."""

    def __init__(self, deps: ServerDeps, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self._kept = deps.tickets
        self._log = deps.bus.log
        self._ingress = Ingress(self._log, channel="rest", turnpike=deps.settings.turnpike)
        self._desk = DeskActs(self._log, self._ingress, deps.bridge)

    async def seed(self, request: web.Request) -> web.Response:
        """Open those that there are not yet."""
        if self._kept is None:
            raise Absent("no tickets", public_text="this gateway keeps no tickets")
        book, found = self._kept, list[Ticket]()
        for sample in self._samples:
            place = await self._talk(sample)
            found.append(await self._ticket(book, request, place, sample))
        shown = [show_ticket(one, book.clocks(one), now=book.now()) for one in found]
        places = {one.conversation for one in found}
        return web.json_response({"conversations": len(places), "tickets": shown}, status=201)

    async def _talk(self, sample: Sample) -> ConversationId:
        """The conversation, with what the customer says in it."""
        home = Address(channel="rest", account="demo", chat=f"demo-{sample.key}")
        place = await self._log.create(home, contact=f"demo:{sample.key}", language=sample.language)
        for number, text in enumerate(sample.messages):
            event = InboundEvent(
                id=client_event_id("rest", place, f"demo-{number}"), conversation=place,
                address=home, author=Author(role="customer", name=sample.customer), text=text,
            )  # fmt: skip
            await self._ingress.accept(event)
        return place

    async def _ticket(
        self, book: TicketBook, request: web.Request, place: ConversationId, sample: Sample
    ) -> Ticket:
        """Opened, answered and moved as people would."""
        subject = Subject(conversation=place, contact=f"demo:{sample.key}")
        new = NewTicket(
            subject=sample.subject, body="\n".join(sample.messages), priority=sample.priority,
            tags=sample.tags, assignee=sample.assignee, origin="api",
        )  # fmt: skip
        desk, key = Actor(name=sample.assignee or _DESK), f"demo:{place}:{sample.key}"
        made = await book.open(subject, new, by=desk, key=key)
        if sample.reply:
            author = Author(
                role="human_agent", name=desk.name, id=person_of(principal_of(request), desk.name)
            )
            act = EventId(client_event_id("rest", place, "demo-reply"))
            await self._desk.say(place, "message", sample.reply, author=author, act=act)
            await book.reply(made.number, sample.reply, by=desk, key=f"{key}:reply")
        change = TicketChange(state=sample.status)
        return await book.change(made.number, change, by=desk, key=f"{key}:state")
