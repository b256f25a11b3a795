"""What people of the desk do over their socket: say, take, give back, assign, let rest, undo.

Above: `desk`, which calls an act by the event's name. Below: `channels.desk_acts`, the one way a
person acts. Each answer tells how the conversation stands afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from channels.attaching import FileDesk, claim_files
from channels.desk_acts import DeskActs
from channels.desk_values import read_until, record_of
from channels.drafts import find_draft
from channels.ingress import check_text
from channels.standing import read_standing
from channels.web.desk_frames import (
    DeskSession,
    client_id_of,
    conversation_of,
    state_of,
    text_of,
    texts_of,
)
from channels.web.payloads import fields_of, refs_of
from core.bus.log import RedisLog
from core.errors import Conflict, Forbidden, InputError, NotFound
from core.escalation.folding import PRIORITIES
from core.ids import ConversationId
from core.messages import ControlAction, Entry

Answer = dict[str, Any]
Act = Callable[[DeskSession, Any], Awaitable[Answer]]
# So long words that went out can be put right or taken back by whoever said them.
CHANGE_WITHIN = timedelta(minutes=15)
_LOOKED_BACK = 500


class Held(Conflict):
    """Another person has it."""

    code = "held"


class DeskWork:
    """The acts, by the name of their event."""

    def __init__(self, log: RedisLog, desk: DeskActs, files: FileDesk | None) -> None:
        self._log = log
        self._desk = desk
        self._files = files

    @property
    def acts(self) -> Mapping[str, Act]:
        """All of them."""
        return {
            "take": self._take, "release": self._release, "close": self._close,
            "assign": self._assign, "snooze": self._snooze, "prioritise": self._prioritise,
            "escalate": self._escalate, "inside": self._inside, "reply": self._reply,
            "note": self._note, "draft_send": self._send_draft,
            "draft_discard": self._discard_draft, "edit": self._edit, "delete": self._delete,
            "save": self._save, "translate": self._translate,
        }  # fmt: skip

    async def how_it_is(self, conversation: ConversationId) -> Answer:
        """State, holder and standing."""
        head = await self._log.head(conversation)
        standing = await read_standing(self._log, head)
        holder = standing.holder if head.owner == "human" else None
        return {
            "state": state_of(head), "holder": holder, "standing": standing.public(),
            "seen": head.seen,
        }  # fmt: skip

    async def _take(self, session: DeskSession, payload: Any) -> Answer:
        """Take it over; from another person only with `force`."""
        fields = fields_of(payload, {"conversation", "reason", "force"})
        holder = (await self.how_it_is(conversation_of(fields)))["holder"]
        if holder not in {None, session.author.name} and fields.get("force") is not True:
            raise Held(holder or "", public_text="another person has this conversation")
        return await self._control(session, "take", fields)

    async def _release(self, session: DeskSession, payload: Any) -> Answer:
        """Back to the AI, with word of what was decided, promised and is open."""
        known = {"conversation", "reason", "decided", "promised", "open"}
        fields = fields_of(payload, known)
        decided = fields.get("decided")
        if decided is not None and not isinstance(decided, str):
            raise InputError("decided must be a text")
        record = record_of(
            decided, texts_of(fields, "promised", most=8), texts_of(fields, "open", most=8)
        )
        return await self._control(session, "release", fields, value=record)

    async def _close(self, session: DeskSession, payload: Any) -> Answer:
        fields = fields_of(payload, {"conversation", "reason"})
        return await self._control(session, "close", fields)

    async def _assign(self, session: DeskSession, payload: Any) -> Answer:
        fields = fields_of(payload, {"conversation", "reason", "to"})
        to = check_text(text_of(fields, "to"), most=100)
        return await self._control(session, "assign", fields, value=to)

    async def _snooze(self, session: DeskSession, payload: Any) -> Answer:
        fields = fields_of(payload, {"conversation", "reason", "until", "minutes"})
        minutes, until = fields.get("minutes"), fields.get("until")
        if minutes is not None and (type(minutes) is not int or not 1 <= minutes <= 129_600):
            raise InputError("minutes must be a whole number from 1 to 129600")
        if until is not None and not isinstance(until, str):
            raise InputError("until must be a time such as 2030-01-31T09:30:00Z")
        return await self._control(session, "snooze", fields, value=read_until(until, minutes))

    async def _prioritise(self, session: DeskSession, payload: Any) -> Answer:
        fields = fields_of(payload, {"conversation", "reason", "priority"})
        if (priority := fields.get("priority")) not in PRIORITIES:
            raise InputError(f"priority must be one of {', '.join(PRIORITIES)}")
        return await self._control(session, "prioritise", fields, value=str(priority))

    async def _escalate(self, session: DeskSession, payload: Any) -> Answer:
        """Make a case of it: for people, and nobody's yet."""
        fields = fields_of(payload, {"conversation", "reason", "text"})
        text = check_text(fields.get("text") or "", most=2_000, empty=True)
        text_of(fields, "reason")
        return await self._control(session, "escalate", fields, text=text)

    async def _inside(self, session: DeskSession, payload: Any) -> Answer:
        """From now on plain words stay inside, or go to the customer again."""
        fields = fields_of(payload, {"conversation", "on"})
        if not isinstance(on := fields.get("on"), bool):
            raise InputError("on must be true or false")
        conversation = conversation_of(fields)
        await self._desk.keep_inside(conversation, on, author=session.author)
        return await self.how_it_is(conversation)

    async def _control(
        self, session: DeskSession, action: ControlAction, fields: dict[str, Any], *,
        value: str | None = None, text: str = "",
    ) -> Answer:  # fmt: skip
        conversation, reason = conversation_of(fields), fields.get("reason")
        reason = check_text(reason, most=500, empty=True) if reason is not None else None
        await self._desk.control(
            conversation, action, author=session.author, reason=reason, value=value, text=text
        )
        return await self.how_it_is(conversation)

    async def _reply(self, session: DeskSession, payload: Any) -> Answer:
        return await self._say(session, "message", payload)

    async def _note(self, session: DeskSession, payload: Any) -> Answer:
        return await self._say(session, "note", payload)

    async def _say(
        self, session: DeskSession, kind: Literal["message", "note"], payload: Any
    ) -> Answer:
        fields = fields_of(payload, {"conversation", "text", "client_id", "attachments"})
        conversation, client_id = conversation_of(fields), client_id_of(fields)
        files = await claim_files(self._files, conversation, refs_of(fields))
        accepted = await self._desk.say(
            conversation, kind, fields.get("text"), author=session.author, client_id=client_id,
            attachments=files,
        )  # fmt: skip
        return {"seq": accepted.seq}

    async def _send_draft(self, session: DeskSession, payload: Any) -> Answer:
        """Say a draft, as it is or in other words: once, whoever presses."""
        fields = fields_of(payload, {"conversation", "draft", "text"})
        conversation = conversation_of(fields)
        draft = await find_draft(self._log, conversation, text_of(fields, "draft"))
        accepted = await self._desk.send_draft(
            conversation, draft.id, fields.get("text") or draft.text, author=session.author,
            in_reply_to=draft.in_reply_to,
        )  # fmt: skip
        return {"seq": accepted.seq}

    async def _discard_draft(self, session: DeskSession, payload: Any) -> Answer:
        fields = fields_of(payload, {"conversation", "reason", "draft"})
        draft = await find_draft(self._log, conversation_of(fields), text_of(fields, "draft"))
        return await self._control(session, "discard", fields, value=draft.id)

    async def _edit(self, session: DeskSession, payload: Any) -> Answer:
        """Put words of one's own right."""
        fields = fields_of(payload, {"conversation", "entry", "text"})
        entry = await self._own(session, fields)
        text = check_text(fields.get("text"))
        return await self._control(session, "edit", fields, value=entry.id, text=text)

    async def _delete(self, session: DeskSession, payload: Any) -> Answer:
        """Take words of one's own back."""
        fields = fields_of(payload, {"conversation", "entry"})
        entry = await self._own(session, fields)
        return await self._control(session, "delete", fields, value=entry.id)

    async def _save(self, session: DeskSession, payload: Any) -> Answer:
        """Put an answer forward for the knowledge base."""
        fields = fields_of(payload, {"conversation", "reason", "entry"})
        entry = await self._message(fields)
        return await self._control(session, "save", fields, value=entry.id)

    async def _translate(self, session: DeskSession, payload: Any) -> Answer:
        """A message in the desk's language, as a note that everybody there sees."""
        fields = fields_of(payload, {"conversation", "seq"})
        seq = fields.get("seq")
        if not isinstance(seq, int) or isinstance(seq, bool) or seq < 1:
            raise InputError("seq must be a sequence number")
        note = await self._desk.translate(conversation_of(fields), seq)
        return {"seq": note.seq if note else None}

    async def _own(self, session: DeskSession, fields: dict[str, Any]) -> Entry:
        """The message to change. Raises `NotFound`, `Forbidden` for those of others, `Conflict`
        when it is too late."""
        found = await self._message(fields)
        mine = (found.author.role, found.author.name) == ("human_agent", session.author.name)
        if not mine or found.author.id not in {None, session.author.id}:
            raise Forbidden("only whoever said it can change it")
        if datetime.now(UTC) - found.at > CHANGE_WITHIN:
            raise Conflict("it is too late to change this message", code="too_late")
        return found

    async def _message(self, fields: dict[str, Any]) -> Entry:
        """The message that is meant, if it was said lately. Raises `NotFound`."""
        head = await self._log.head(conversation_of(fields))
        after, wanted = max(0, head.seq - _LOOKED_BACK), text_of(fields, "entry")
        entries = await self._log.entries(head.id, after=after, limit=_LOOKED_BACK)
        found = next((entry for entry in entries if entry.id == wanted), None)
        if found is None or found.kind != "message":
            raise NotFound("no such message")
        return found
