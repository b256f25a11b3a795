"""The part of the table that is about tickets. Above: `desk_routes`. Below: `tickets`, `demo`."""

from __future__ import annotations

from channels.deps import ServerDeps
from channels.rest import ticket_shapes
from channels.rest.demo import Demo, DemoTickets
from channels.rest.table import API, Route
from channels.rest.tickets import LISTED, Tickets

_TICKETS = f"{API}/tickets"


def ticket_routes(deps: ServerDeps) -> list[Route]:
    """All of them; that of demo mode only where it is on."""
    samples = _about_demo(Demo(deps, deps.demo)) if deps.demo else []
    return [*_about_tickets(Tickets(deps)), *samples]


def _about_tickets(desk: Tickets) -> list[Route]:
    one = f"{_TICKETS}/{{ticket}}"
    return [
        Route(
            "POST", _TICKETS, desk.open, "desk", "Open a ticket",
            takes=ticket_shapes.OpenTicket, gives=ticket_shapes.TicketShape, answers=201,
        ),
        Route(
            "GET", _TICKETS, desk.list, "desk", "List and search tickets",
            gives=ticket_shapes.TicketPage, query=LISTED,
        ),
        Route(
            "GET", one, desk.show, "customer", "A ticket with its history",
            gives=ticket_shapes.TicketShape,
        ),
        Route(
            "PATCH", one, desk.change, "desk",
            "Another status, priority, subject, assignee or tags",
            takes=ticket_shapes.TicketPatch, gives=ticket_shapes.TicketShape,
        ),
        Route(
            "POST", f"{one}/replies", desk.reply, "customer",
            "Say something about it; a customer's reply opens a resolved one again",
            takes=ticket_shapes.TicketReply, gives=ticket_shapes.TicketShape, answers=201,
        ),
        *_about_joining(desk, one),
    ]  # fmt: skip


def _about_joining(desk: Tickets, one: str) -> list[Route]:
    return [
        Route(
            "POST", f"{one}/links", desk.link, "desk",
            "Say which other ticket or conversation it has to do with",
            takes=ticket_shapes.TicketLinkTo, gives=ticket_shapes.TicketShape, answers=201,
        ),
        Route(
            "GET", f"{one}/duplicates", desk.duplicates, "desk",
            "Which other tickets may be about the same", gives=ticket_shapes.TicketLikelies,
        ),
        Route(
            "POST", f"{one}/merge", desk.merge, "desk", "It is a duplicate: another stands for it",
            takes=ticket_shapes.TicketMerge, gives=ticket_shapes.TicketShape,
        ),
        Route(
            "POST", f"{one}/unmerge", desk.unmerge, "desk", "It is no duplicate after all",
            takes=ticket_shapes.TicketAct, gives=ticket_shapes.TicketShape,
        ),
    ]  # fmt: skip


def _about_demo(samples: Demo) -> list[Route]:
    return [
        Route(
            "POST", f"{API}/demo/tickets", samples.seed, "admin",
            "Demo mode: open sample tickets in five languages, once",
            gives=DemoTickets, answers=201,
        )
    ]  # fmt: skip
