"""What was done before a person took over is told to that person, and to nobody else."""

from __future__ import annotations

from core.engine.aftermath import notes_of_acts
from core.engine.steps import MemorySteps
from core.ports import ToolCall
from core.specialists.journal import Intent, Left, Record, Round
from core.specialists.task import Spent
from core.specialists.tools.base import ToolRecord
from tests.fakes.claims import Pieces, Talk
from tests.unit.core.engine.conftest import BuildEngine

CALL = ToolCall(id="c", name="request_refund", arguments='{"order": "A-1"}')
INTENT = Intent(seen=1, step=1, by="billing", calls=(CALL,))


def done(*, acted: bool = True) -> Round:
    """The round of that intent."""
    record = ToolRecord(
        name="request_refund", arguments={"order": "A-1"}, result='{"ok": true}', ok=True,
        milliseconds=1,
    )  # fmt: skip
    return Round(
        seen=1, step=1, by="billing", calls=(CALL,), records=(record,), left=Left(acted=acted),
        spent=Spent(steps=1),
    )  # fmt: skip


def note(*past: Record) -> str:
    """The text of the note about these records."""
    notes = notes_of_acts(Talk().customer("Refund it").claim(), past)
    return notes[0].text if notes else ""


def test_an_act_that_was_recorded_is_told_with_its_result() -> None:
    assert note(INTENT, done()) == 'Done: request_refund(order=A-1) → {"ok": true}'


def test_an_act_that_was_only_begun_is_told_as_a_doubt() -> None:
    assert note(INTENT).startswith("Begun, may have taken effect: request_refund")


def test_a_turn_that_never_acted_leaves_no_note() -> None:
    assert note(done(acted=False)) == ""


async def test_a_take_over_during_an_act_leaves_the_person_a_note(build: BuildEngine) -> None:
    engine = await build()
    talk = Talk().customer("Refund it").human("I take over").owned_by("human")
    steps = MemorySteps([INTENT.model_dump(mode="json"), done().model_dump(mode="json")])
    commit = await engine.turn.run(talk.claim(), Pieces(), steps)
    (entry,) = commit.entries
    assert (entry.kind, entry.author.role) == ("note", "system")
    assert "request_refund" in entry.text
