"""What a person of the desk does to a conversation over REST, beside words and files.

Above: `routes`. Below: `channels.desk_acts`, the one way a person acts, and `core.returning`. Every
act is an entry of the log with who and when; the answer is the conversation as it is after it.
"""

from __future__ import annotations

from aiohttp import web

from channels.deps import ServerDeps
from channels.desk_acts import DeskActs
from channels.desk_values import read_until, record_of
from channels.drafts import find_draft
from channels.ingress import Ingress, check_text
from channels.persons import person_of
from channels.rest.conversations import principal_of, show_head
from channels.rest.models import (
    Act,
    Assignment,
    DraftWords,
    Escalation,
    Priority,
    Return,
    Snooze,
)
from channels.rest.reading import read_model
from core.errors import NotFound
from core.ids import ConversationId, is_conversation_id
from core.messages import Author, ControlAction


class DeskWork:
    """Handlers of the desk's acts."""

    def __init__(self, deps: ServerDeps) -> None:
        self._log = deps.bus.log
        ingress = Ingress(self._log, channel="rest", turnpike=deps.settings.turnpike)
        self._desk = DeskActs(self._log, ingress, deps.bridge)

    async def take(self, request: web.Request) -> web.Response:
        """A person takes the conversation over; from now on the AI is silent."""
        body = await read_model(request, Act)
        return await self._act(request, "take", body.name, reason=body.reason)

    async def release(self, request: web.Request) -> web.Response:
        """A person gives it back to the AI, and leaves word of what was decided."""
        body = await read_model(request, Return)
        record = record_of(body.decided, body.promised, body.open)
        return await self._act(request, "release", body.name, reason=body.reason, value=record)

    async def assign(self, request: web.Request) -> web.Response:
        """Whose it is from now on; it is taken for them."""
        body = await read_model(request, Assignment)
        to = check_text(body.to, most=100)
        return await self._act(request, "assign", body.name, reason=body.reason, value=to)

    async def snooze(self, request: web.Request) -> web.Response:
        """Let it rest until a time; with none it rests no more."""
        body = await read_model(request, Snooze)
        until = read_until(body.until, body.minutes)
        return await self._act(request, "snooze", body.name, reason=body.reason, value=until)

    async def prioritise(self, request: web.Request) -> web.Response:
        """How much it hurries."""
        body = await read_model(request, Priority)
        return await self._act(
            request, "prioritise", body.name, reason=body.reason, value=body.priority
        )

    async def escalate(self, request: web.Request) -> web.Response:
        """Open a case: from now on it is for people, and the AI is silent."""
        body = await read_model(request, Escalation)
        text = check_text(body.text or "", most=2_000, empty=True)
        return await self._act(request, "escalate", body.name, reason=body.reason, text=text)

    async def send_draft(self, request: web.Request) -> web.Response:
        """Say a draft to the customer, as it is or in other words; once, whoever presses."""
        conversation = _place(request)
        body = await read_model(request, DraftWords)
        draft = await find_draft(self._log, conversation, request.match_info["entry"])
        said = await self._desk.send_draft(
            conversation, draft.id, body.text or draft.text, author=_author(request, body.name),
            in_reply_to=draft.in_reply_to,
        )  # fmt: skip
        return web.json_response({"seq": said.seq}, status=202)

    async def discard_draft(self, request: web.Request) -> web.Response:
        """Nobody wants this draft."""
        body = await read_model(request, Act)
        draft = await find_draft(self._log, _place(request), request.match_info["entry"])
        return await self._act(request, "discard", body.name, reason=body.reason, value=draft.id)

    async def _act(
        self, request: web.Request, action: ControlAction, name: str | None, *,
        reason: str | None = None, value: str | None = None, text: str = "",
    ) -> web.Response:  # fmt: skip
        conversation = _place(request)
        await self._desk.control(
            conversation, action, author=_author(request, name), reason=reason, value=value,
            text=text,
        )  # fmt: skip
        return web.json_response(show_head(await self._log.head(conversation)))


def _place(request: web.Request) -> ConversationId:
    """The conversation in the path; people of the desk may see all. Raises `NotFound`."""
    principal_of(request).require_desk()
    conversation = request.match_info["id"]
    if not is_conversation_id(conversation):
        raise NotFound("no such conversation")
    return ConversationId(conversation)


def _author(request: web.Request, name: str | None) -> Author:
    principal = principal_of(request)
    shown = check_text(name or principal.name or "Support", most=100)
    return Author(role="human_agent", name=shown, id=person_of(principal, shown))
