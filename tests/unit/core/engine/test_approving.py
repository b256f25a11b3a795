"""Calls that wait for a person are noted for the desk, word for word, in the turn's own commit."""

from __future__ import annotations

import json
from typing import Any

from core.approvals.records import Approval
from core.conversation import Claim, TurnCommit
from core.customers.records import Subject
from core.engine.approving import ApprovingTurn
from core.engine.runner import DeltaSink
from core.engine.steps import MemorySteps
from core.errors import CustomerSystemError
from core.ports import StepJournal
from tests.fakes.claims import CONVERSATION, NOW, Pieces, Talk


def approval(conversation: str = CONVERSATION) -> Approval:
    return Approval(
        id="AP-1", subject=Subject(conversation=conversation, contact="anna", level=2),
        tool="request_refund", arguments={"number": "A-1", "amount": "1500.00", "reason": 'so "x"'},
        facts={"why": "above_limit"}, key="k", asked_at=NOW,
    )  # fmt: skip


class Turn:
    """A turn whose ledger is given."""

    window = 0

    def __init__(self, *results: dict[str, Any]) -> None:
        self.tools = [
            {"name": "request_refund", "arguments": {}, "result": json.dumps(result), "ok": True,
             "milliseconds": 1.0}
            for result in results
        ]  # fmt: skip

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        return TurnCommit(receipt={"tools": self.tools})

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        raise error


class Store:
    def __init__(self, found: Approval | None = None, *, away: bool = False) -> None:
        self.found, self.away = found, away

    async def find(self, identifier: str) -> Approval | None:
        if self.away:
            raise CustomerSystemError("away")
        return self.found


WAITING = {"outcome": "waiting", "code": "above_limit", "reference": "AP-1", "facts": {}}


async def run(turn: Turn, store: Store) -> TurnCommit:
    claim = Talk().customer("my money back").claim()
    return await ApprovingTurn(turn, store).run(claim, Pieces(), MemorySteps())


async def test_what_waits_is_noted_with_its_exact_arguments_once() -> None:
    commit = await run(Turn(WAITING, WAITING), Store(approval()))
    (note,) = commit.entries
    assert (note.kind, note.reason, note.value) == ("note", "approval_wanted", "AP-1")
    assert note.id == "approval:AP-1:wanted" and note.author.role == "system"
    call = r'request_refund(amount="1500.00", number="A-1", reason="so \"x\"")'
    assert note.text.splitlines()[0] == f"Approval wanted (AP-1): {call}"
    assert "why: above_limit" in note.text
    assert (await run(Turn(WAITING), Store(approval()))).entries == (note,)


async def test_other_outcomes_and_other_conversations_are_not_noted() -> None:
    done = {**WAITING, "outcome": "done"}
    assert (await run(Turn(done, {"rows": []}), Store(approval()))).entries == ()
    other = approval("cv_00_BBBBBBBBBBBBBBBBBBBBBB")
    assert (await run(Turn(WAITING), Store(other))).entries == ()


async def test_a_store_that_is_away_costs_only_the_note() -> None:
    commit = await run(Turn(WAITING), Store(away=True))
    assert commit.entries == () and commit.receipt is not None
