"""Proof of who the customer is, over REST: ask for a code by mail, and enter it.

Above: `routes`. Below: `core.identity.verifying`. The answer is the same for every address. What is
said after the proof is open to this token, and to tokens of the time before no more.
"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from pydantic import Field

from channels.auth import Principal
from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from channels.rest.models import Body
from channels.rest.reading import read_model
from channels.rest.shapes import Shape
from channels.rest.table import ONE, Route
from core.bus.log import RedisLog
from core.conversation import ONE_TIME_CODE, Head
from core.errors import Conflict, Forbidden, InputError, NotFound, RateExceeded
from core.identity.verifying import Verifier
from core.ids import ConversationId, is_conversation_id
from core.messages import Address

_ASK, _ENTER = f"{ONE}/verify", f"{ONE}/verify/confirm"
_RETRY_SECONDS = 600.0


class AskForCode(Body):
    """Where the code goes."""

    email: str = Field(min_length=3, max_length=254, examples=["eva@example.org"])
    language: str | None = Field(default=None, max_length=35, description="Of the mail, BCP 47.")


class EnterCode(Body):
    """What the mail says."""

    code: str = Field(min_length=4, max_length=20, examples=["493817"])


class CodeSent(Shape):
    """The same for every address; whether a mail arrives says whether it is one of yours."""

    sent: bool
    minutes: int = Field(description="So long the code is good.")


class Proved(Shape):
    """The conversation's customer is known now."""

    level: int
    email: str


class Verification:
    """Handlers of `/conversations/{id}/verify…`: for the customer alone."""

    def __init__(self, deps: ServerDeps) -> None:
        self._verifier = deps.verifier
        self._log = deps.bus.log

    async def ask(self, request: web.Request) -> web.Response:
        """Mail a code."""
        body = await read_model(request, AskForCode)
        head, verifier = await self._head(request), self._need()
        language = body.language or head.language
        asked = await verifier.ask(head, place_of(head.id), body.email, language=language)
        if asked.outcome == "invalid":
            raise InputError("email: one plain address such as eva@example.org")
        if asked.outcome == "limited":
            raise RateExceeded("too many codes were asked for", retry_after_seconds=_RETRY_SECONDS)
        return web.json_response({"sent": True, "minutes": verifier.minutes}, status=202)

    async def enter(self, request: web.Request) -> web.Response:
        """Enter it."""
        body = await read_model(request, EnterCode)
        head = await self._head(request)
        entered = await self._need().enter(head, place_of(head.id), body.code)
        if entered.outcome == "wrong":
            raise InputError(f"that is not the code; tries left: {entered.left}", code="wrong_code")
        if entered.outcome == "gone":
            raise InputError("there is no code that is still good", code="code_gone")
        return web.json_response({"level": ONE_TIME_CODE, "email": entered.email})

    async def _head(self, request: web.Request) -> Head:
        principal, name = principal_of(request), request.match_info["id"]
        if principal.scope != "customer":
            raise Forbidden("only the customer proves who they are")
        principal.require(name)
        if not is_conversation_id(name):
            raise NotFound("no such conversation")
        return await self._log.head(ConversationId(name))

    def _need(self) -> Verifier:
        if self._verifier is None:
            text = "this gateway sends no mail, so no codes either"
            raise Conflict(text, code="not_configured")
        return self._verifier


def verifying_routes(deps: ServerDeps) -> list[Route]:
    """Both."""
    proof = Verification(deps)
    return [
        Route("POST", _ASK, proof.ask, "customer", "Mail a one-time code",
              takes=AskForCode, gives=CodeSent, answers=202),
        Route("POST", _ENTER, proof.enter, "customer", "Enter the code",
              takes=EnterCode, gives=Proved),
    ]  # fmt: skip


def place_of(conversation: str) -> Address:
    """Where customers of REST write from."""
    return Address(channel="rest", chat=conversation)


def only_if_open(log: RedisLog, route: Route) -> Route:
    """The route, closed to a customer's token of the time before somebody else proved that the
    conversation is theirs. Who proves the same with it, gets in again."""
    if route.path in {_ASK, _ENTER}:
        return route

    async def handle(request: web.Request) -> web.StreamResponse:
        await _check_open(log, principal_of(request))
        return await route.handler(request)

    return replace(route, handler=handle)


async def _check_open(log: RedisLog, principal: Principal) -> None:
    """Raises `NotFound`."""
    name = principal.conversation
    if principal.scope != "customer" or name is None or not is_conversation_id(name):
        return
    try:
        head = await log.head(ConversationId(name))
    except NotFound:
        return
    if head.is_open_to(place_of(name)) or head.sealed_at is None:
        return
    if principal.issued <= head.sealed_at.timestamp():
        raise NotFound("no such conversation")
