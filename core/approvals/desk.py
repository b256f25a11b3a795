"""Where people decide about acts that wait: decided once, carried out once, told once.

Above: REST, commands, the role `archive`. Below: `store`, the customer system, the log.

Three steps, each of which may be repeated without harm: the decision is marked (the first one
counts), the stored call is carried out (idempotent by its id), the conversation is told (an event
with a derived id). Whoever dies in between is followed by `resume`, which does what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from core.approvals.notes import DECIDED, decided_id, describe_decided
from core.approvals.records import Approval, Decision
from core.approvals.store import ApprovalStore
from core.conversation import Head
from core.customers.records import ActionResult
from core.errors import Conflict, InputError, NotFound, SwitchboardError
from core.ids import ConversationId, EventId
from core.messages import Address, Author, ControlAction, InboundEvent
from core.ports import Log
from core.runtime import sleep_until

Settle = Callable[[Approval], Awaitable[ActionResult]]
_log = structlog.get_logger("approvals")
_COMMENT = 500
_LOOK_SECONDS = 20.0


class Approvals(Protocol):
    """What a turn and the doors need of the desk."""

    async def find(self, identifier: str) -> Approval | None:
        """One of them, or None."""
        ...


class ApprovalDesk:
    """`settle` carries out what was decided, by the name of the tool."""

    def __init__(
        self,
        store: ApprovalStore,
        log: Log,
        settle: Mapping[str, Settle],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._bus_log = log
        self._settle = settle
        self._now = now

    async def list(self, *, status: str | None = "waiting", limit: int = 50) -> Sequence[Approval]:
        """Those of a status (None: all), the longest waiting first."""
        return await self._store.list(status, limit=limit)

    async def decide(
        self, identifier: str, decision: Decision, *, by: str, comment: str | None = None
    ) -> Approval:
        """Decide, carry out and tell. Saying the same again changes nothing; saying the contrary
        raises `Conflict`. Raises `NotFound`, and `CustomerSystemError` if it cannot be done now:
        it is decided then, and done as soon as it can be."""
        if comment is not None and len(comment) > _COMMENT:
            raise InputError(f"comment: at most {_COMMENT} characters", code="too_long")
        await self._store.decide(identifier, decision, by=by, comment=comment, at=self._now())
        approval = await self._store.find(identifier)
        if approval is None:
            raise NotFound("no such approval")
        if approval.decision != decision:
            raise Conflict(f"it was decided before: {approval.decision}", code="decided")
        return await self.finish(approval)

    async def finish(self, approval: Approval) -> Approval:
        """Whatever of a decided approval is missing."""
        if approval.status != "settled":
            result = await self._carry_out(approval)
            await self._store.settle(approval.id, result)
            _log.info("approval_settled", approval=approval.id, outcome=result.outcome)
        if approval.announced_at is None:
            await self._announce(await self._store.find(approval.id) or approval)
        return await self._store.find(approval.id) or approval

    async def resume(self) -> int:
        """Finish what was cut short; how many were."""
        done = 0
        for approval in await self._store.unfinished():
            try:
                await self.finish(approval)
                done += 1
            except SwitchboardError as error:
                _log.warning("approval_unfinished", approval=approval.id, error=str(error))
        return done

    async def _carry_out(self, approval: Approval) -> ActionResult:
        settle = self._settle.get(approval.tool)
        if settle is None:
            _log.error("approval_of_unknown_tool", approval=approval.id, tool=approval.tool)
            return ActionResult(outcome="refused", code="unknown_tool", facts=approval.facts)
        return await settle(approval)

    async def _announce(self, approval: Approval) -> None:
        """Wake the engine, which tells the customer in their language."""
        action: ControlAction = approval.decision or "reject"
        try:
            head = await self._bus_log.head(ConversationId(approval.subject.conversation))
        except NotFound:
            _log.info("approval_without_conversation", approval=approval.id)
        else:
            if head.address is not None:
                await self._bus_log.accept(_note(approval, head))
                await self._bus_log.accept(
                    InboundEvent(
                        id=EventId(f"approval:{approval.id}:{action}"),
                        conversation=head.id,
                        kind="control",
                        address=head.address,
                        author=Author(role="system", name="approvals"),
                        action=action,
                        value=approval.id,
                    )
                )
        await self._store.mark_announced(approval.id, self._now())


def _note(approval: Approval, head: Head) -> InboundEvent:
    """For the people at the desk: who decided, and what came of it."""
    return InboundEvent(
        id=decided_id(approval),
        conversation=head.id,
        kind="note",
        address=head.address or Address(channel="rest", chat=head.id),
        author=Author(role="system", name="approvals"),
        text=describe_decided(approval),
        reason=DECIDED,
        value=approval.id,
    )


class ApprovalKeeper:
    """Service: finishes decided approvals that somebody died over."""

    name = "approvals"

    def __init__(self, desk: ApprovalDesk, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._desk = desk
        self._look_seconds = look_seconds

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while True:
            try:
                await self._desk.resume()
            except Exception as error:  # noqa: BLE001 -- the database is away: look again later
                _log.warning("approvals_not_looked_at", error=repr(error))
            if await sleep_until(stop, self._look_seconds):
                return
