"""The desk's Socket.IO namespace: people watch all conversations and act on them.

Above: `channels.server` mounts it beside the widget's. Below: `guard` (frames), `desk_work` (the
acts), `core.bus`. Needs a token with the scope desk or admin. What is sent to all is encoded once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import structlog

from channels.attaching import FileDesk
from channels.auth import Tokens
from channels.desk_acts import DeskActs
from channels.ingress import Ingress, check_text
from channels.persons import person_of
from channels.rates import Bucket
from channels.settings import WebSettings
from channels.web.desk_frames import (
    NAMESPACE,
    DeskSession,
    conversation_of,
    packet_of,
)
from channels.web.desk_work import DeskWork, Held
from channels.web.guard import Refused
from channels.web.payloads import fields_of
from channels.web.session import encode
from core import telemetry
from core.bus.live import Live, LiveEntry, LiveEvent, LiveState
from core.bus.log import RedisLog
from core.errors import (
    BusUnavailable,
    Forbidden,
    InputError,
    NotFound,
    SwitchboardError,
    Unauthorized,
)
from core.messages import Author
from core.translation.bridge import Bridge

_log = structlog.get_logger("desk")
_MOST_RESUMED = 2_000
_MOST_ASKED = 200
_TYPING_SECONDS = 1.0
_REFUSED = "a token with the scope desk or admin is needed"


class DeskGateway:
    """All desk sockets of this process."""

    namespace = NAMESPACE

    def __init__(
        self, *, log: RedisLog, live: Live, tokens: Tokens, settings: WebSettings,
        files: FileDesk | None = None, bridge: Bridge | None = None,
    ) -> None:  # fmt: skip
        self._link = files.link if files else None
        self._log = log
        self._live = live
        self._tokens = tokens
        self._settings = settings
        desk = DeskActs(log, Ingress(log, channel="desk", turnpike=settings.turnpike), bridge)
        self._work = DeskWork(log, desk, files)
        self._sessions: set[DeskSession] = set()
        self._unwatch: Callable[[], None] | None = None
        self._acts = {
            "watch": self._watch,
            "unwatch": self._leave,
            "typing": self._typing,
            "holders": self._holders,
            **self._work.acts,
        }

    @property
    def events(self) -> frozenset[str]:
        """See `guard.Gateway`."""
        return frozenset(self._acts)

    async def open(
        self, auth: Any, send: Callable[[str], None], hang_up: Callable[[], None]
    ) -> tuple[DeskSession, str]:
        """See `guard.Gateway`: who has no token of the desk gets no socket."""
        fields = cast("dict[str, Any]", auth) if isinstance(auth, dict) else {}
        token, wished = fields.get("token"), fields.get("name")
        if not isinstance(token, str):
            raise Refused("unauthorized", _REFUSED)
        try:
            principal = self._tokens.read(token)
            principal.require_desk()
            principal.require_right("conversations", write=True)
        except (Unauthorized, Forbidden) as error:
            raise Refused(error.code, _REFUSED) from error
        try:
            name = check_text(wished or principal.name or "Support", most=100)
        except InputError as error:
            raise Refused("invalid", "name must be a text of 100 characters at most") from error
        session = DeskSession(
            author=Author(role="human_agent", name=name, id=person_of(principal, name)),
            scope=principal.scope, send=send,
            bucket=Bucket(self._settings.messages_per_second),
        )  # fmt: skip
        self._sessions.add(session)
        session.forget = self._tokens.watch(principal, hang_up)
        if self._unwatch is None:
            self._unwatch = self._live.watch_all(self._show)
        telemetry.SOCKETS.inc()
        return session, session.author.name

    async def greet(self, session: DeskSession, token: str) -> None:
        """The first event: who the desk takes this person for."""
        ready = {"name": token, "scope": session.scope, "id": session.author.id}
        session.send(encode("ready", ready, NAMESPACE))

    def close(self, session: DeskSession) -> None:
        """The socket is gone."""
        self._sessions.discard(session)
        session.forget()
        telemetry.SOCKETS.dec()
        if not self._sessions and self._unwatch is not None:
            self._unwatch()
            self._unwatch = None

    async def act(self, session: DeskSession, name: str, payload: Any) -> dict[str, Any]:
        """See `guard.Gateway`: the acknowledgement, an `error` in it when it cannot be done."""
        try:
            session.bucket.take()
            return await self._acts[name](session, payload)
        except Held as error:
            problem = {"code": error.code, "message": error.public_text, "holder": str(error)}
            return {"error": problem}
        except InputError as error:
            return _error(error.code, error.public_text or "not valid")
        except BusUnavailable:
            return _error("unavailable", "it could not be stored: try again in a moment")
        except SwitchboardError as error:
            _log.error("desk_act_failed", act=name, code=error.code)
            return _error("internal", "something went wrong")

    def _show(self, conversation: str, event: LiveEvent) -> None:
        """Entries and states go to everybody, the rest to those who look at the conversation."""
        packet = packet_of(conversation, event, self._link)
        if packet is None:
            return
        everybody = isinstance(event, LiveEntry | LiveState)
        for session in tuple(self._sessions):
            if everybody or conversation in session.watched:
                session.send(packet)

    async def _watch(self, session: DeskSession, payload: Any) -> dict[str, Any]:
        fields = fields_of(payload, {"conversation", "after"})
        conversation, after = conversation_of(fields), fields.get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 2**53:
            raise InputError("after must be a sequence number from 0")
        how = await self._work.how_it_is(conversation)
        session.watched.add(conversation)
        entries = await self._log.entries(conversation, after=after, limit=_MOST_RESUMED)
        shown = [entry.public(self._link, desk=True) for entry in entries]
        return {"entries": shown, **how}

    async def _leave(self, session: DeskSession, payload: Any) -> dict[str, Any]:
        session.watched.discard(conversation_of(fields_of(payload, {"conversation"})))
        return {}

    async def _typing(self, session: DeskSession, payload: Any) -> dict[str, Any]:
        conversation = conversation_of(fields_of(payload, {"conversation"}))
        now = time.monotonic()
        if now - session.typed_at >= _TYPING_SECONDS:
            session.typed_at = now
            author = session.author.public(None, desk=False)
            await self._live.publish_typing(conversation, author)
        return {}

    async def _holders(self, session: DeskSession, payload: Any) -> dict[str, Any]:
        """Who has each of these conversations."""
        asked: Any = fields_of(payload, {"conversations"}).get("conversations")
        if not isinstance(asked, list) or len(cast("list[Any]", asked)) > _MOST_ASKED:
            raise InputError(f"conversations must be a list of {_MOST_ASKED} at most")
        found: dict[str, str | None] = {}
        for one in cast("list[Any]", asked):
            conversation = conversation_of({"conversation": one})
            try:
                found[conversation] = (await self._work.how_it_is(conversation))["holder"]
            except NotFound:
                continue
        return {"holders": found}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
