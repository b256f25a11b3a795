"""The conversations in Redis or Valkey: `core.ports.Log` over the Lua scripts.

Above: ingress, engine worker, delivery, web doors. Below: `calls`, `keys`, `records`, `scripts`.
Every method is one atomic step of one script, or a read; the order of a conversation, who owns it
and who may write it are decided there and nowhere else (docs/adr/0001-one-log.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import orjson

from core.bus import scripts
from core.bus.addresses import lead
from core.bus.asking import last_word, place_of, wakes_engine
from core.bus.bygone import trace_of, turn_away
from core.bus.calls import Arg, Calls
from core.bus.claims import parse_claim
from core.bus.keys import (
    ConversationKeys,
    address_key,
    alarms_key,
    dead_key,
    journal_key,
    ready_key,
    scheduled_key,
    unseen_key,
)
from core.bus.records import (
    body_json,
    event_digest,
    event_json,
    head_fields,
    parse_entries,
    parse_head,
    window_ms,
)
from core.conversation import (
    Accepted,
    Claim,
    Committed,
    Head,
    NotClaimed,
    Preview,
    SendTicket,
    TurnCommit,
    Turnpike,
)
from core.errors import NotFound
from core.ids import ConversationId, is_conversation_id, new_conversation_id
from core.messages import CHANGES, Address, Entry, InboundEvent

DEFAULT_TURNPIKE = Turnpike()
# A claim shows so many unread entries at most; more are the next turn's.
_MOST_ENTRIES = 200
# Customers of these channels read the log themselves: the commit is the delivery.
PULL_CHANNELS = frozenset({"web", "rest"})
# Before the ids that platforms gave to what we sent, among the ids that were seen.
SENT = "sent:"


class RedisLog:
    """`core.ports.Log` on one server or a cluster."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self._shards = shards
        self._nonce = secrets.token_hex(6)
        self._count = 0
        self._followers = ""
        self._minds = False

    def follow_with(self, readers: Sequence[str]) -> None:
        """Which readers follow conversations whole once people came in (`case`, `desk`)."""
        self._followers = ",".join(readers)

    def mind_unseen(self) -> None:
        """From now on it is noted what customers of a page have not seen (`core.bus.unseen`)."""
        self._minds = True

    async def create(
        self, address: Address, *, contact: str | None = None, language: str | None = None,
        level: int = 0,
    ) -> ConversationId:  # fmt: skip
        """An empty conversation; with an address that has one already, that one."""
        if address.chat and (found := await self.find(address)) is not None:
            return found
        conversation = new_conversation_id(self._shards)
        own = address if address.chat else address.model_copy(update={"chat": conversation})
        fields: list[Arg] = ["addr", own.model_dump_json(exclude_defaults=True), "ch", own.channel]
        for name, value in (("contact", contact), ("language", language)):
            if value is not None:
                fields += [name, value]
        if level:
            fields += ["level", level]
        keys = ConversationKeys.of(conversation)
        await self._calls.script(scripts.CREATE, [keys.head], [conversation, *fields])
        return await self._bind(own, conversation)

    async def find(self, address: Address) -> ConversationId | None:
        """The conversation at this address, if there is one."""
        raw = await self._calls.command("GET", address_key(address, self._shards))
        return ConversationId(raw.decode()) if raw else None

    async def rebind(self, address: Address, conversation: ConversationId) -> None:
        """Let the address lead to this conversation from now on."""
        await lead(self._calls, address_key(address, self._shards), conversation, anyway=True)

    async def _bind(self, address: Address, conversation: ConversationId) -> ConversationId:
        """Whoever binds an address first wins; the others use that conversation."""
        before = await lead(self._calls, address_key(address, self._shards), conversation)
        if not before or before == conversation:  # the latter: our own, asked again
            return conversation
        await self._calls.command("DEL", ConversationKeys.of(conversation).head)
        return ConversationId(before)

    async def accept(
        self, event: InboundEvent, *, turnpike: Turnpike | None = None, finished: bool = True,
        only_at: int | None = None,
    ) -> Accepted:  # fmt: skip
        """See `core.ports.Log.accept`."""
        keys = _keys(event.conversation)
        pike = turnpike or DEFAULT_TURNPIKE
        delivers = event.author.role != "customer" and event.kind == "message"
        delivers = delivers or (event.author.role == "human_agent" and event.action in CHANGES)
        place = place_of(event)
        result = await self._calls.script(
            scripts.ACCEPT, [
                keys.head, keys.log, keys.seen, journal_key(keys.shard),
                ready_key(keys.shard, "engine"), ready_key(keys.shard, "deliver:"),
                scheduled_key(keys.shard), ready_key(keys.shard, ""), unseen_key(keys.shard),
                keys.bygone,
            ],
            [
                event.conversation, event.id, event_digest(event), event_json(event),
                event.author.role, event.kind, event.action or "", int(wakes_engine(event)),
                int(delivers), window_ms(pike, finished=finished), int(pike.cap_seconds * 1000),
                int(pike.policy == "each"),
                place.json, place.channel, f",{','.join(sorted(PULL_CHANNELS))},",
                self._followers, event.value or "", int(self._minds),
                "" if only_at is None else only_at, trace_of(event.id), place.name,
            ],
        )  # fmt: skip
        match result[0]:
            case b"ok":
                return Accepted(seq=result[1])
            case b"moved":
                return Accepted(seq=result[1], moved=True)
            case b"dup":
                return Accepted(seq=result[1], duplicate=True, conflict=bool(result[2]))
            case b"bygone":
                return await turn_away(self._calls, self._shards, event, is_new=bool(result[1]))
            case _:
                raise NotFound("no such conversation")

    async def note_typing(self, conversation: ConversationId, *, turnpike: Turnpike) -> None:
        """See `core.ports.Log.note_typing`."""
        args = [int(turnpike.window_seconds * 1000), int(turnpike.cap_seconds * 1000)]
        await self._calls.script(scripts.TYPING, [_keys(conversation).head], args)

    async def claim(
        self, reader: str, conversation: ConversationId, wake: str, *, lease_ms: int,
        window: int = 50, stream: str | None = None, force: bool = False,
    ) -> Claim | NotClaimed:  # fmt: skip
        """See `core.ports.Log.claim`.

        `stream` names the ready stream (default: the reader's). `force` takes a lease that still
        runs, for who knows that its holder is dead; a holder that lives is fenced off.
        """
        keys = _keys(conversation)
        self._count += 1
        result = await self._calls.script(
            scripts.CLAIM, [
                keys.head, keys.log, keys.state, ready_key(keys.shard, stream or reader),
                scheduled_key(keys.shard),
            ],
            [
                reader, conversation, wake, lease_ms, window, f"{self._nonce}:{self._count}",
                _MOST_ENTRIES, int(force),
            ],
        )  # fmt: skip
        match result[0]:
            case b"ok":
                return parse_claim(reader, conversation, wake, result)
            case b"busy":
                return NotClaimed(reason="busy", retry_ms=result[1])
            case b"early":
                return NotClaimed(reason="early", retry_ms=result[1])
            case _:
                return NotClaimed(reason="done")

    async def extend(
        self, claim: Claim, *, lease_ms: int, stream: str | None = None, consumer: str = "-"
    ) -> bool:
        """See `core.ports.Log.extend`."""
        keys = _keys(claim.conversation)
        return bool(
            await self._calls.script(
                scripts.EXTEND,
                [keys.head, ready_key(keys.shard, stream or _stream_of(claim))],
                [claim.reader, claim.token, lease_ms, claim.wake, consumer],
            )
        )

    async def commit(self, claim: Claim, turn: TurnCommit) -> Committed:
        """See `core.ports.Log.commit`."""
        keys = _keys(claim.conversation)
        channel = claim.head.address.channel if claim.head.address else "web"
        head = head_fields(turn.head)
        entries: list[Arg] = []
        for body in turn.entries:
            entries += [body.author.role, body_json(body)]
        result = await self._calls.script(
            scripts.COMMIT,
            [
                keys.head, keys.log, keys.state, keys.turns, journal_key(keys.shard),
                ready_key(keys.shard, "engine"), ready_key(keys.shard, f"deliver:{channel}"),
                scheduled_key(keys.shard), keys.steps, ready_key(keys.shard, ""),
                unseen_key(keys.shard),
            ],
            [
                claim.conversation, claim.token, claim.epoch,
                claim.seen if turn.seen is None else turn.seen, claim.wake,
                _knew(claim) if turn.merge and not turn.acted and not claim.head.each else -1,
                int(channel not in PULL_CHANNELS),
                _json(turn.state) if turn.state else "",
                _json(turn.receipt) if turn.receipt is not None else "",
                turn.tokens_used, turn.cost or 0, len(head) // 2, len(turn.entries),
                self._followers, last_word(turn) if self._minds and channel == "web" else 0,
                *head, *entries,
            ],
        )  # fmt: skip
        outcome: Any = result[0].decode()
        return Committed(outcome=outcome, seqs=tuple(result[1:]))

    async def note_step(self, claim: Claim, step: dict[str, Any]) -> bool:
        """See `core.ports.Log.note_step`."""
        keys = _keys(claim.conversation)
        count = await self._calls.script(
            scripts.NOTE_STEP, [keys.head, keys.steps], [claim.token, _json(step)]
        )
        return count > 0

    async def steps(self, conversation: ConversationId) -> list[dict[str, Any]]:
        """See `core.ports.Log.steps`."""
        raw = await self._calls.command("LRANGE", _keys(conversation).steps, 0, -1)
        return [orjson.loads(item) for item in raw or ()]

    async def begin_send(self, claim: Claim, seq: int) -> SendTicket:
        """See `core.ports.Log.begin_send`."""
        keys = _keys(claim.conversation)
        entry = next((entry.id for entry in claim.entries if entry.seq == seq), "")
        entry = entry if claim.reader == "customer" else ""  # the desk shows no previews
        result = await self._calls.script(
            scripts.BEGIN_SEND, [keys.head, keys.log, keys.sends],
            [claim.reader, claim.token, seq, entry],
        )  # fmt: skip
        if result[0] == b"send":
            detail: Any = orjson.loads(result[3]) if result[3] else {}
            return SendTicket(
                outcome="send", attempt=result[1], unsure=bool(result[2]),
                platform_ids=tuple(detail.get("ids") or ()), preview=_parse_preview(result[4]),
            )  # fmt: skip
        outcome: Any = result[0].decode()
        shown = _parse_preview(result[1]) if len(result) > 1 else None
        return SendTicket(outcome=outcome, preview=shown)

    async def use_once(
        self, conversation: ConversationId, name: str, *, by: str, seconds: int
    ) -> bool:
        """Take something of this conversation that is good for one use. Whoever took it may ask
        again."""
        key = f"{_keys(conversation).head}:once:{name}"
        before = await self._calls.script(scripts.KEEP, [key], [by, seconds])
        return not before or before.decode() == by

    async def note_preview(
        self, conversation: ConversationId, entry: str, epoch: int, preview: Preview | None = None
    ) -> bool:
        """See `core.ports.Log.note_preview`."""
        keys = _keys(conversation)
        value = preview.model_dump_json() if preview is not None else ""
        args: list[Arg] = [entry, epoch, value]
        return bool(await self._calls.script(scripts.NOTE_PREVIEW, [keys.head, keys.sends], args))

    async def drop_preview(self, conversation: ConversationId, preview: str) -> None:
        """See `core.ports.Log.drop_preview`."""
        await self._calls.script(scripts.DROP_PREVIEW, [_keys(conversation).sends], [preview])

    async def record_send(
        self, claim: Claim, seq: int, *,
        outcome: Literal["sent", "withheld", "failed", "retry", "part"],
        platform_ids: Sequence[str] = (), reason: str | None = None,
    ) -> bool:  # fmt: skip
        """See `core.ports.Log.record_send`."""
        keys = _keys(claim.conversation)
        detail = _json({"ids": list(platform_ids), "reason": reason})
        args: list[Arg] = [claim.reader, claim.token, seq, outcome, detail, *platform_ids]
        where = [keys.head, keys.sends, keys.seen]
        return bool(await self._calls.script(scripts.RECORD_SEND, where, args))

    async def seq_of(self, conversation: ConversationId, name: str) -> int | None:
        """See `core.ports.Log.seq_of`."""
        raw = await self._calls.command("HMGET", _keys(conversation).seen, name, f"{SENT}{name}")
        found = next((item for item in raw if item), None)
        return int(found.split(b":", 1)[0]) if found else None

    async def finish(
        self, claim: Claim, *, retry_ms: int = 0, stream: str | None = None,
        seen: int | None = None, alarm: datetime | Literal["keep"] | None = "keep",
    ) -> bool:  # fmt: skip
        """See `core.ports.Log.finish`."""
        keys = _keys(claim.conversation)
        ready = ready_key(keys.shard, stream or _stream_of(claim))
        due = -1 if alarm == "keep" else int(alarm.timestamp() * 1000) if alarm else 0
        done = await self._calls.script(
            scripts.FINISH,
            [keys.head, ready, scheduled_key(keys.shard), alarms_key(keys.shard)],
            [
                claim.reader, claim.conversation, claim.token, claim.wake, retry_ms,
                -1 if seen is None else seen, due,
            ],
        )  # fmt: skip
        return bool(done)

    async def anchor(self, claim: Claim, anchor: str) -> bool:
        """Remember where the reader `desk` shows this conversation's case (its own JSON, up to
        2,000 characters; `Head.desk`). False: stale lease."""
        head = _keys(claim.conversation).head
        return bool(await self._calls.script(scripts.ANCHOR, [head], [claim.token, anchor]))

    async def bury(self, claim: Claim, error: str, *, seq: int | None = None) -> bool:
        """Note a dead letter: what these entries (or entry `seq`) caused could not be done.

        False: the lease is stale.
        """
        keys = _keys(claim.conversation)
        first, last = (claim.entries[0].seq, claim.seen) if seq is None else (seq, seq)
        done = await self._calls.script(
            scripts.BURY,
            [keys.head, dead_key(keys.shard)],
            [
                claim.reader, claim.conversation, claim.token, first - 1, last, error[:500],
                _stream_of(claim),
            ],
        )  # fmt: skip
        return bool(done)

    async def head(self, conversation: ConversationId) -> Head:
        """See `core.ports.Log.head`."""
        raw = await self._calls.command("HGETALL", _keys(conversation).head)
        if not raw:
            raise NotFound("no such conversation")
        return parse_head(conversation, raw)

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 500
    ) -> list[Entry]:
        """See `core.ports.Log.entries`."""
        raw = await self._calls.command(
            "XRANGE", _keys(conversation).log, f"{max(after, 0) + 1}-0", "+", "COUNT", limit
        )
        return parse_entries(raw or ())

    async def receipt(self, conversation: ConversationId, seq: int) -> dict[str, Any] | None:
        """See `core.ports.Log.receipt`."""
        raw = await self._calls.command("HGET", _keys(conversation).turns, seq)
        return orjson.loads(raw) if raw else None


def _keys(conversation: str) -> ConversationKeys:
    if not is_conversation_id(conversation):
        raise NotFound("no such conversation")
    return ConversationKeys.of(conversation)


def _parse_preview(raw: bytes) -> Preview | None:
    return Preview.model_validate_json(raw) if raw else None


def _knew(claim: Claim) -> int:
    """The newest customer entry that was there when the turn began."""
    return max(claim.seen, claim.head.last_customer_seq)


def _stream_of(claim: Claim) -> str:
    """The ready stream that this claim's wake-up lies on."""
    if claim.reader != "customer":
        return claim.reader
    return f"deliver:{claim.head.address.channel if claim.head.address else 'web'}"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
