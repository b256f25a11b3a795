"""The part of the table that is for people of the desk: acts on cases, duty, statistics, tickets.

Above: `routes`. Below: the handlers.
"""

from __future__ import annotations

from channels.deps import ServerDeps
from channels.rest import desk_shapes, models, shapes
from channels.rest.conversations import Conversations
from channels.rest.deskwork import DeskWork
from channels.rest.duty import DutyRoutes
from channels.rest.forecast_shapes import ForecastShown
from channels.rest.statistics import Statistics
from channels.rest.table import API, ONE, Route
from channels.rest.ticket_routes import ticket_routes
from channels.rest.views import view_routes

_DRAFT = f"{ONE}/drafts/{{entry}}"


def desk_routes(deps: ServerDeps, talk: Conversations) -> list[Route]:
    """All of them."""
    return [
        *_about_acting(talk, DeskWork(deps)),
        *_about_the_desk(DutyRoutes(deps), Statistics(deps)),
        *view_routes(deps),
        *ticket_routes(deps),
    ]


def _about_acting(talk: Conversations, desk: DeskWork) -> list[Route]:
    acts = {
        "take": (desk.take, models.Act, "A person takes over"),
        "release": (desk.release, models.Return, "Back to the AI, with word of what was decided"),
        "assign": (desk.assign, models.Assignment, "Whose it is from now on"),
        "snooze": (desk.snooze, models.Snooze, "Let it rest until a time"),
        "priority": (desk.prioritise, models.Priority, "How much it hurries"),
        "escalate": (desk.escalate, models.Escalation, "Open a case for people"),
    }
    return [
        *(
            Route(
                "POST", f"{ONE}/{name}", handler, "desk", summary,
                takes=takes, gives=shapes.Conversation,
            )
            for name, (handler, takes, summary) in acts.items()
        ),
        Route(
            "POST", f"{ONE}/replies", talk.reply, "desk", "A person answers",
            takes=models.Words, gives=shapes.Said, answers=202,
        ),
        Route(
            "POST", f"{ONE}/notes", talk.note, "desk", "An internal note",
            takes=models.Words, gives=shapes.Said, answers=202,
        ),
        Route(
            "POST", f"{ONE}/drafts", talk.draft, "desk", "An answer for a person to look at first",
            takes=models.Words, gives=shapes.Said, answers=202,
        ),
        Route(
            "POST", f"{_DRAFT}/send", desk.send_draft, "desk",
            "Say a draft to the customer, as it is or in other words",
            takes=models.DraftWords, gives=shapes.Said, answers=202,
        ),
        Route(
            "POST", f"{_DRAFT}/discard", desk.discard_draft, "desk", "Nobody wants this draft",
            takes=models.Act, gives=shapes.Conversation,
        ),
    ]  # fmt: skip


def _about_the_desk(duty: DutyRoutes, statistics: Statistics) -> list[Route]:
    return [
        Route(
            "GET", f"{API}/duty", duty.list, "desk", "Who is at the desk now",
            gives=desk_shapes.People,
        ),
        Route(
            "PUT", f"{API}/duty", duty.switch, "desk", "Be on duty, or off it",
            takes=models.Duty, gives=desk_shapes.People,
        ),
        Route(
            "GET", f"{API}/stats", statistics.read, "desk",
            "What happened: of the last 30 days, or between two times",
            gives=desk_shapes.Statistics, query=("from", "to"),
        ),
        Route(
            "GET", f"{API}/stats/forecast", statistics.forecast, "desk",
            "What is to come in the next hours, with the error of past forecasts",
            gives=ForecastShown, query=("hours", "of"),
        ),
    ]  # fmt: skip
