"""`GET /conversations/{id}/view`: a conversation as one specialist sees it.

Above: `routes`. Below: `ports.ViewDoor`.
"""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from channels.deps import ServerDeps
from channels.rest.shapes import Shape, Time
from channels.rest.system import Absent
from channels.rest.table import ONE, Route
from core.errors import NotFound
from core.ids import ConversationId, is_conversation_id

_LONGEST = 40


class ViewWord(Shape):
    """A message of the conversation."""

    seq: int
    at: str = Time
    role: Literal["customer", "ai", "human_agent", "system"]
    specialist: str | None
    text: str


class ViewTool(Shape):
    """Something that was looked up or done; of what is not the specialist's, its outcome only."""

    seq: int = Field(description="The answer it was done for.")
    tool: str = Field(examples=["get_billing"])
    about: str | None = Field(
        description="The category of its result; null: nothing confidential.", examples=["billing"]
    )
    ok: bool
    result: str = Field(examples=['{"outcome": "found", "hidden": "billing: not yours to see"}'])


class SpecialistView(Shape):
    """What a specialist's prompt holds of a conversation."""

    conversation: str
    specialist: str = Field(examples=["billing"])
    sees: list[str] = Field(
        description="The categories of its file.", examples=[["customer", "billing"]]
    )
    language: str | None
    priority: str | None
    summary: str | None
    customer: dict[str, Any] = Field(
        description="What the company's systems know of the customer.",
        examples=[{"customer": {"name": "Jana", "tier": "gold"}}],
    )
    words: list[ViewWord]
    tools: list[ViewTool]


class Views:
    """The handler."""

    def __init__(self, deps: ServerDeps) -> None:
        self._door = deps.views

    async def show(self, request: web.Request) -> web.Response:
        """Of the specialist that is named, else of the one who has it."""
        if self._door is None:
            raise Absent("no engine", public_text="this process has no specialists")
        name = request.match_info["id"]
        if not is_conversation_id(name):
            raise NotFound("no such conversation")
        specialist = request.query.get("specialist") or None
        if specialist is not None and len(specialist) > _LONGEST:
            raise NotFound("no such specialist")
        return web.json_response(await self._door.view(ConversationId(name), specialist))


def view_routes(deps: ServerDeps) -> list[Route]:
    """All of them."""
    return [
        Route(
            "GET", f"{ONE}/view", Views(deps).show, "desk",
            "A conversation as a specialist sees it", gives=SpecialistView, query=("specialist",),
        ),
    ]  # fmt: skip
