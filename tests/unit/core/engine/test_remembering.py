from __future__ import annotations

from typing import Any

from core.conversation import Claim, Head
from core.engine.remembering import state_before
from core.engine.state import EngineState
from core.ids import new_conversation_id
from core.memory.recall import recall_fact
from core.messages import Author, Entry
from tests.unit.core.memory.long_talks import entry


def claim_of(history: list[Entry], entries: list[Entry], state: dict[str, Any]) -> Claim:
    name = new_conversation_id(2)
    head = Head(id=name, created_at=entries[0].at, updated_at=entries[0].at)
    return Claim(
        conversation=name, reader="engine", token=1, wake="1-0", epoch=0, attempts=1, head=head,
        entries=tuple(entries), history=tuple(history), state=state,
    )  # fmt: skip


def released(seq: int) -> Entry:
    control = {"kind": "control", "action": "release", "author": Author(role="human_agent")}
    return entry(seq, "human_agent", "").model_copy(update=control)


def test_what_the_customer_says_now_is_known_in_this_turn() -> None:
    state = state_before(claim_of([], [entry(1, "customer", "My order is SB-1042")], {}), "en")
    fact = recall_fact(state.memory, "order")
    assert fact is not None and fact.value == "SB-1042"


def test_after_a_return_from_a_person_nothing_open_leaks_into_the_next_turn() -> None:
    before = EngineState(
        offered=True, offer_open=True, unanswered=3, moods=("angry", "angry"), misses=2
    ).with_hops(["billing"], 4)
    told = state_before(
        claim_of([], [entry(1, "customer", "My order is SB-1042")], before.dump()), "en"
    )
    assert told.offered and told.unanswered == 3
    history = [entry(1, "customer", "My order is SB-1042"), released(2)]
    after = state_before(claim_of(history, [entry(3, "customer", "And now?")], told.dump()), "en")
    assert after.memory.episode.number == 2
    assert (after.offered, after.offer_open, after.unanswered) == (False, False, 0)
    assert (after.moods, after.hops, after.pending) == ((), (), None)
    assert after.misses == 2, "failed identifications are counted on"
    fact = recall_fact(after.memory, "order")
    assert fact is not None and fact.value == "SB-1042"


def test_broken_memory_is_forgotten_and_the_turn_goes_on() -> None:
    state = {"unanswered": 1, "memory": {"facts": "no list"}}
    claim = claim_of([], [entry(1, "customer", "My order is SB-1042")], state)
    assert recall_fact(state_before(claim, "en").memory, "order") is not None
