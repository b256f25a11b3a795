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

from channels.attaching import FileDesk, claim_files
from channels.auth import Tokens
from channels.floods.gate import ChallengeNeeded, FloodGate
from channels.ingress import Ingress, check_text
from channels.rates import Rates
from channels.settings import WebSettings
from channels.web.guard import Refused
from channels.web.payloads import fields_of, refs_of
from channels.web.returning import Returning
from channels.web.session import NAMESPACE, Session, encode
from core import telemetry
from core.bus.live import Live
from core.bus.log import RedisLog
from core.bus.proofs import StoredProofs
from core.bus.unseen import Unseen
from core.changes import as_it_stands
from core.errors import (
    BusUnavailable,
    InputError,
    NotFound,
    RateExceeded,
    SwitchboardError,
    Unauthorized,
)
from core.identity.links import LinkTokens
from core.ids import ConversationId, EventId, client_event_id, is_client_id
from core.messages import Author, InboundEvent
from core.text import clean_text

_log = structlog.get_logger("widget")
_SITE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_MOST_RESUMED = 2_000
_TYPING_SECONDS = 0.5
_LONGEST_NAME = 100


class WidgetGateway:
    """All widget sockets of this process."""

    namespace = NAMESPACE

    def __init__(
        self,
        *,
        log: RedisLog,
        live: Live,
        tokens: Tokens,
        settings: WebSettings,
        files: FileDesk | None = None,
        unseen: Unseen | None = None,
        links: LinkTokens | None = None,
        proofs: StoredProofs | None = None,
        floods: FloodGate | None = None,
    ) -> None:
        self._returning = Returning(log, unseen, links, proofs)
        self._files = files
        self._unseen = unseen
        self._floods = floods
        self._log = log
        self._live = live
        self._tokens = tokens
        self._settings = settings
        # Of a visitor, not of a socket: who opens more of them may not say more.
        self._rates = Rates(settings.messages_per_second)
        self._ingress = Ingress(log, channel="web", turnpike=settings.turnpike)
        self._acts = {
            "message": self._message,
            "resume": self._resume,
            "typing": self._typing,
            "seen": self._seen,
            "rate": self._rate,
            "action": self._action,
            "upload": self._upload,
        }

    @property
    def events(self) -> frozenset[str]:
        """The names a client may send."""
        return frozenset(self._acts)

    async def open(self, auth: Any, send: Any, hang_up: Any) -> tuple[Session, str]:
        """A socket connects: its session, and the visitor token to give back. Raises `Refused`."""
        if not isinstance(auth, dict):
            raise Refused("invalid", "auth with a site is needed")
        fields = cast("dict[str, Any]", auth)
        site = fields.get("site")
        if not isinstance(site, str) or not _SITE.match(site):
            raise Refused("invalid", "auth.site is needed: 1 to 64 of A-Z a-z 0-9 . _ -")
        token = fields.get("visitor")
        visitor = self._tokens.read_visitor(token, site)
        known = visitor is not None
        if visitor is None:
            visitor, token = self._tokens.issue_visitor(site)
        session = Session(
            site=site, visitor=visitor, send=send, bucket=self._rates.of(f"{site}:{visitor}"),
            link=self._files.link if self._files else None,
        )  # fmt: skip
        before = session.home if known else None
        if fields.get("identity") is not None:
            self._identify(session, fields["identity"])
        try:
            found = await self._returning.find(session)
            if before is not None and session.identity is not None:
                found = await self._returning.take_along(session, before, found)
        except BusUnavailable as error:
            raise Refused("unavailable", "try again in a moment") from error
        session.conversation = found
        await self._returning.open(session, fields.get("link"))
        telemetry.SOCKETS.inc()
        return session, cast("str", token)

    async def greet(self, session: Session, token: str) -> None:
        """The first event of a connection."""
        state, last = None, 0
        if session.conversation is not None:
            self._enter(session, ConversationId(session.conversation))
            head = await self._log.head(ConversationId(session.conversation))
            await self._returning.know(session, head)
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
        except ChallengeNeeded as error:
            found = _error(error.code, str(error))
            return {"error": {**found["error"], "challenge": error.challenge}}
        except RateExceeded as error:
            found = _error(error.code, error.public_text or "too many requests")
            return {"error": {**found["error"], "retry_after": error.retry_after_seconds}}
        except InputError as error:
            return _error(error.code, error.public_text or "not valid")
        except BusUnavailable:
            return _error("unavailable", "the message could not be stored: try again in a moment")
        except SwitchboardError as error:
            _log.error("widget_act_failed", act=name, code=error.code)
            return _error("internal", "something went wrong")

    async def _message(self, session: Session, payload: Any) -> dict[str, Any]:
        fields = fields_of(payload, {"client_id", "text", "attachments", "proof"})
        client_id = fields.get("client_id")
        if not isinstance(client_id, str) or not is_client_id(client_id):
            raise InputError("client_id must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        refs = refs_of(fields)
        text = check_text(fields.get("text"), empty=bool(refs))
        session.bucket.take()
        conversation = await self._conversation(session, fields.get("proof"))
        await self._returning.speak(session, conversation)
        files = await claim_files(self._files, conversation, refs)
        event = InboundEvent.model_construct(
            id=client_event_id("web", conversation, client_id),
            conversation=conversation,
            kind="message",
            address=session.home,
            author=session.author,
            text=text,
            attachments=files,
            client_id=client_id,
        )
        accepted = await self._ingress.accept(event)
        return {"seq": accepted.seq, "id": event.id, "conversation": conversation}

    async def _upload(self, session: Session, payload: Any) -> dict[str, Any]:
        """Where this visitor may upload a file, and with which token; REST takes it."""
        proof = fields_of(payload, {"proof"}).get("proof")
        if self._files is None or session.floor is not None:  # its token would open all of it
            raise InputError("attachments are not taken here", code="unsupported")
        session.bucket.take()
        conversation = await self._conversation(session, proof)
        return {
            "url": f"/api/v1/conversations/{conversation}/attachments",
            "token": self._tokens.issue_customer(conversation),
            "max_bytes": self._files.files.settings.max_bytes,
            "conversation": conversation,
        }

    async def _resume(self, session: Session, payload: Any) -> dict[str, Any]:
        after = fields_of(payload, {"after"}).get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 2**53:
            raise InputError("after must be a sequence number from 0")
        if session.conversation is None:
            return {"entries": [], "state": None}
        conversation = ConversationId(session.conversation)
        head = await self._log.head(conversation)
        after = max(after, session.floor or 0)
        entries = await self._log.entries(conversation, after=after, limit=_MOST_RESUMED)
        shown = [entry for entry in as_it_stands(entries) if entry.is_for_customer()]
        return {
            "entries": [entry.public(session.link) for entry in shown],
            "state": {"owner": head.owner, "specialist": head.specialist, "status": head.status},
        }

    async def _typing(self, session: Session, payload: Any) -> dict[str, Any]:
        now = time.monotonic()
        if session.conversation is not None and now - session.typed_at >= _TYPING_SECONDS:
            session.typed_at = now
            conversation = ConversationId(session.conversation)
            await self._log.note_typing(conversation, turnpike=self._settings.turnpike)
            author = session.author.public(None, desk=False)
            await self._live.publish_typing(conversation, author)
        return {}

    async def _seen(self, session: Session, payload: Any) -> dict[str, Any]:
        """What the visitor has before their eyes; told once for a sequence."""
        seq = _seq(fields_of(payload, {"seq"}))
        if self._unseen is not None and session.conversation is not None and seq > session.seen:
            session.seen = seq
            await self._unseen.note_seen(ConversationId(session.conversation), seq)
        return {}

    async def _rate(self, session: Session, payload: Any) -> dict[str, Any]:
        fields = fields_of(payload, {"seq", "value", "comment"})
        comment = fields.get("comment") or ""
        value = _value(fields)
        text = check_text(comment, most=1_000, empty=True)
        conversation, seq = await self._place(session, fields)
        said = await self._log.entries(conversation, after=seq, limit=_MOST_RESUMED)
        given = [one for one in said if one.action == "rate" and one.in_reply_to == seq]
        name = f"web:{conversation}:rate:{seq}:{value}"
        if given and (given[-1].value, given[-1].text) == (value, text):
            name = given[-1].id
        elif given:  # another mind, or the same with a comment: the last one counts
            name = f"{name}:{len(given) + 1}"
        return await self._control(session, "rate", name, seq, value, text)

    async def _action(self, session: Session, payload: Any) -> dict[str, Any]:
        """A button; pressing the same one twice is once."""
        fields = fields_of(payload, {"seq", "value"})
        value = _value(fields)
        conversation, seq = await self._place(session, fields)
        name = f"web:{conversation}:button:{seq}:{value}"
        return await self._control(session, "button", name, seq, value, "")

    async def _place(self, session: Session, fields: dict[str, Any]) -> tuple[ConversationId, int]:
        """Which entry it is about. Raises `NotFound` if there is none."""
        seq = _seq(fields)
        if session.conversation is None:
            raise NotFound("no such conversation")
        session.bucket.take()
        conversation = ConversationId(session.conversation)
        if seq > (await self._log.head(conversation)).seq:
            raise NotFound("no such entry")
        return conversation, seq

    async def _control(
        self, session: Session, action: Any, name: str, seq: int, value: str, text: str
    ) -> dict[str, Any]:
        conversation = ConversationId(cast("str", session.conversation))
        event = InboundEvent.model_construct(
            id=EventId(name),
            conversation=conversation,
            kind="control",
            address=session.home,
            author=session.author,
            text=text,
            action=action,
            value=value,
            in_reply_to=seq,
        )
        accepted = await self._ingress.accept(event)
        return {"seq": accepted.seq, "id": event.id}

    async def _conversation(self, session: Session, proof: Any) -> ConversationId:
        """The session's conversation, made with its first message; two tabs get the same one. In a
        flood, who is nobody's signed-in user must show a proof."""
        if await self._returning.is_out(session):
            session.put_out()
        if session.conversation is None:
            if self._floods is not None and session.identity is None:
                shown = proof if isinstance(proof, str) else None
                await self._floods.admit(session.caller, session.site, shown)
            made = await self._returning.begin(session)
            self._enter(session, made)
            await self._returning.know(session, await self._log.head(made))
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
        session.identity, session.email = identity.subject, identity.email
        name = clean_text(identity.name or "").strip()
        session.author = Author(role="customer", name=name[:_LONGEST_NAME])
        session.visitor = f"user:{identity.subject}"
        session.bucket = self._rates.of(f"{session.site}:{session.visitor}")
        session.home = session.home.model_copy(update={"chat": session.visitor})


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _seq(fields: dict[str, Any]) -> int:
    seq = fields.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq < 2**53:
        raise InputError("seq must be a sequence number")
    return seq


def _value(fields: dict[str, Any]) -> str:
    value = fields.get("value")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InputError("value must be a string or a number")
    return check_text(value, most=200)
