"""What is left of a flow that is done."""

from __future__ import annotations

from core.engine.flows.state import FlowState


def test_an_order_is_meant_for_two_turns_more_however_hard_it_was_to_find() -> None:
    done = FlowState(name="order_status", number="A-1042", attempts=2, done=True)
    once = done.rested()
    assert once is not None and once.number == "A-1042"
    twice = once.rested()
    assert twice is not None and twice.rested() is None


def test_of_a_flow_that_was_left_open_nothing_is_left() -> None:
    assert FlowState(name="order_status", number="A-1042").rested() is None
