"""The widget's Socket.IO namespace: connect, talk, resume.

Above: `channels.server` mounts it. Below: `guard` (frames), `session`, ingress, `core.bus`.
Every event of a client is answered by an acknowledgement with a payload; what the log has not
taken is never acknowledged as taken. Fan-out comes from `core.bus.live`: docs/adr/0002.
"""

from __future__ import annotations

import re
import time
from typing import Any, cast

import structlog

from channels.auth import Tokens
from channels.callers import Callers
from channels.ingress import Ingress, check_text
from channels.rates import Bucket
from channels.settings import WebSettings
from channels.web.guard import GuardedServer, Refused
from channels.web.session import Session, encode
from core import telemetry
from core.bus.live import Live
from core.bus.log import RedisLog
from core.errors import BusUnavailable, InputError, NotFound, SwitchboardError, Unauthorized
from core.ids import ConversationId, EventId, client_event_id, is_client_id
from core.messages import Author, InboundEvent

_log = structlog.get_logger("widget")
_SITE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_MOST_RESUMED = 2_000
_TYPING_SECONDS = 0.5
_AUTHOR = Author(role="customer")


class WidgetGateway:
    """All widget sockets of this process."""

    def __init__(self, *, log: RedisLog, live: Live, tokens: Tokens, settings: WebSettings) -> None:
        self._log = log
        self._live = live
        self._tokens = tokens
        self._settings = settings
        self._ingress = Ingress(log, channel="web", turnpike=settings.turnpike)
        self.server = GuardedServer(
            self, sockets_per_address=settings.sockets_per_address,
            callers=Callers(settings.proxies),
        )  # fmt: skip
        self._acts = {
            "message": self._message,
            "resume": self._resume,
            "typing": self._typing,
            "seen": self._seen,
            "rate": self._rate,
            "action": self._action,
        }

    @property
    def events(self) -> frozenset[str]:
        """The names a client may send."""
        return frozenset(self._acts)

    async def open(self, auth: Any, send: Any) -> tuple[Session, str]:
        """A socket connects: its session, and the visitor token to give back. Raises `Refused`."""
        if not isinstance(auth, dict):
            raise Refused("invalid", "auth with a site is needed")
        fields = cast("dict[str, Any]", auth)
        site = fields.get("site")
        if not isinstance(site, str) or not _SITE.match(site):
            raise Refused("invalid", "auth.site is needed: 1 to 64 of A-Z a-z 0-9 . _ -")
        token = fields.get("visitor")
        visitor = self._tokens.read_visitor(token, site)
        if visitor is None:
            visitor, token = self._tokens.issue_visitor(site)
        session = Session(
            site=site, visitor=visitor, send=send,
            bucket=Bucket(self._settings.messages_per_second),
        )  # fmt: skip
        if fields.get("identity") is not None:
            self._identify(session, fields["identity"])
        try:
            found = await self._log.find(session.home)
        except BusUnavailable as error:
            raise Refused("unavailable", "try again in a moment") from error
        session.conversation = found
        telemetry.SOCKETS.inc()
        return session, cast("str", token)

    async def greet(self, session: Session, token: str) -> None:
        """The first event of a connection."""
        state, last = None, 0
        if session.conversation is not None:
            self._enter(session, ConversationId(session.conversation))
            head = await self._log.head(ConversationId(session.conversation))
            state = {"owner": head.owner, "specialist": head.specialist, "status": head.status}
            last = head.seq
        ready = {
            "visitor": token, "conversation": session.conversation, "state": state, "last": last,
        }  # fmt: skip
        session.send(encode("ready", ready))

    def close(self, session: Session) -> None:
        """The socket is gone."""
        session.leave()
        telemetry.SOCKETS.dec()

    async def act(self, session: Session, name: str, payload: Any) -> dict[str, Any]:
        """Do what the client asks; the acknowledgement, an `error` in it when it cannot be done."""
        try:
            return await self._acts[name](session, payload)
        except InputError as error:
            return _error(error.code, error.public_text or "not valid")
        except BusUnavailable:
            return _error("unavailable", "the message could not be stored: try again in a moment")
        except SwitchboardError as error:
            _log.error("widget_act_failed", act=name, code=error.code)
            return _error("internal", "something went wrong")

    async def _message(self, session: Session, payload: Any) -> dict[str, Any]:
        fields = _fields(payload, {"client_id", "text", "attachments"})
        client_id = fields.get("client_id")
        if not isinstance(client_id, str) or not is_client_id(client_id):
            raise InputError("client_id must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        if fields.get("attachments"):
            raise InputError("attachments are not taken here", code="unsupported")
        text = check_text(fields.get("text"))
        session.bucket.take()
        conversation = await self._conversation(session)
        event = InboundEvent.model_construct(
            id=client_event_id("web", conversation, client_id),
            conversation=conversation,
            kind="message",
            address=session.home,
            author=_AUTHOR,
            text=text,
            client_id=client_id,
        )
        accepted = await self._ingress.accept(event)
        return {"seq": accepted.seq, "id": event.id, "conversation": conversation}

    async def _resume(self, session: Session, payload: Any) -> dict[str, Any]:
        after = _fields(payload, {"after"}).get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 2**53:
            raise InputError("after must be a sequence number from 0")
        if session.conversation is None:
            return {"entries": [], "state": None}
        conversation = ConversationId(session.conversation)
        head = await self._log.head(conversation)
        entries = await self._log.entries(conversation, after=after, limit=_MOST_RESUMED)
        return {
            "entries": [entry.public() for entry in entries if entry.is_for_customer()],
            "state": {"owner": head.owner, "specialist": head.specialist, "status": head.status},
        }

    async def _typing(self, session: Session, payload: Any) -> dict[str, Any]:
        now = time.monotonic()
        if session.conversation is not None and now - session.typed_at >= _TYPING_SECONDS:
            session.typed_at = now
            conversation = ConversationId(session.conversation)
            await self._log.note_typing(conversation, turnpike=self._settings.turnpike)
        return {}

    async def _seen(self, session: Session, payload: Any) -> dict[str, Any]:
        _seq(_fields(payload, {"seq"}))
        return {}

    async def _rate(self, session: Session, payload: Any) -> dict[str, Any]:
        fields = _fields(payload, {"seq", "value", "comment"})
        comment = fields.get("comment") or ""
        value = _value(fields)
        text = check_text(comment, most=1_000, empty=True)
        return await self._control(session, "rate", _seq(fields), value, text)

    async def _action(self, session: Session, payload: Any) -> dict[str, Any]:
        fields = _fields(payload, {"seq", "value"})
        return await self._control(session, "button", _seq(fields), _value(fields), "")

    async def _control(
        self, session: Session, action: Any, seq: int, value: str, text: str
    ) -> dict[str, Any]:
        """A button or a rating; pressing the same one twice is once."""
        if session.conversation is None:
            raise NotFound("no such conversation")
        session.bucket.take()
        conversation = ConversationId(session.conversation)
        event = InboundEvent.model_construct(
            id=EventId(f"web:{conversation}:{action}:{seq}:{value}"),
            conversation=conversation,
            kind="control",
            address=session.home,
            author=_AUTHOR,
            text=text,
            action=action,
            value=value,
            in_reply_to=seq,
        )
        accepted = await self._ingress.accept(event)
        return {"seq": accepted.seq, "id": event.id}

    async def _conversation(self, session: Session) -> ConversationId:
        """The session's conversation, made with its first message; two tabs get the same one."""
        if session.conversation is None:
            made = await self._log.create(session.home, contact=session.identity)
            self._enter(session, made)
        return ConversationId(cast("str", session.conversation))

    def _enter(self, session: Session, conversation: ConversationId) -> None:
        session.conversation = conversation
        session.unwatch = self._live.watch(conversation, session.show)

    def _identify(self, session: Session, token: Any) -> None:
        """A signed-in user is the same visitor on every device."""
        try:
            identity = self._tokens.read_identity(token, session.site)
        except Unauthorized as error:
            raise Refused("unauthorized", error.public_text or "") from error
        session.identity = identity.subject
        session.visitor = f"user:{identity.subject}"
        session.home = session.home.model_copy(update={"chat": session.visitor})


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _fields(payload: Any, known: set[str]) -> dict[str, Any]:
    """The payload as an object with known fields only. Raises `InputError`."""
    if not isinstance(payload, dict):
        raise InputError("the payload must be an object")
    fields = cast("dict[str, Any]", payload)
    if unknown := fields.keys() - known:
        raise InputError(f"unknown field: {sorted(unknown)[0][:40]}")
    return fields


def _seq(fields: dict[str, Any]) -> int:
    seq = fields.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq < 2**53:
        raise InputError("seq must be a sequence number")
    return seq


def _value(fields: dict[str, Any]) -> str:
    value = fields.get("value")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return check_text(value, most=200)
