"""Tells the desk, in the log, of acts that a turn has left for a person to approve.

Above: the worker. Below: another `TurnRunner`, `core.approvals`. The note is part of the turn's
commit, so it is there as surely as the turn; the desks show it with its buttons.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from pydantic import ValidationError

from core.approvals.desk import Approvals
from core.approvals.notes import WANTED, describe_wanted, wanted_id
from core.approvals.records import Approval
from core.conversation import Claim, TurnCommit
from core.engine.runner import DeltaSink, TurnRunner
from core.errors import SwitchboardError
from core.messages import Author, EntryBody
from core.ports import StepJournal
from core.specialists.tools.base import ToolRecord
from core.specialists.tools.results import read_action

_log = structlog.get_logger("approvals")


class ApprovingTurn:
    """Implements `TurnRunner` around another one."""

    def __init__(self, turn: TurnRunner, approvals: Approvals) -> None:
        self._turn = turn
        self._approvals = approvals

    @property
    def window(self) -> int:
        """See `TurnRunner`."""
        return self._turn.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        commit = await self._turn.run(claim, deltas, steps)
        notes: list[EntryBody] = []
        for reference in asked_for(commit):
            approval = await self._find(reference)
            if approval is not None and approval.subject.conversation == claim.conversation:
                notes.append(_note(approval))
        if not notes:
            return commit
        return commit.model_copy(update={"entries": (*commit.entries, *notes)})

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        return await self._turn.apologise(claim, error)

    async def _find(self, reference: str) -> Approval | None:
        """What the desk lists anyway: a turn that has acted is not undone for its note."""
        try:
            return await self._approvals.find(reference)
        except SwitchboardError as error:
            _log.warning("approval_not_noted", approval=reference, error=type(error).__name__)
            return None


def asked_for(commit: TurnCommit) -> Iterator[str]:
    """The approvals that the calls of this turn wait for, each once, by their numbers."""
    records: list[dict[str, Any]] = (commit.receipt or {}).get("tools") or []
    seen: set[str] = set()
    for data in records:
        try:
            done = read_action(ToolRecord.model_validate(data))
        except ValidationError:
            continue
        if done is None or done.outcome != "waiting" or done.reference is None:
            continue
        if done.reference not in seen:
            seen.add(done.reference)
            yield done.reference


def _note(approval: Approval) -> EntryBody:
    return EntryBody(
        id=wanted_id(approval),
        kind="note",
        author=Author(role="system", name="engine"),
        text=describe_wanted(approval),
        reason=WANTED,
        value=approval.id,
    )
