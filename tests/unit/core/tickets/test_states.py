"""Which state of a ticket may follow which."""

from __future__ import annotations

from typing import get_args

import pytest

from core.errors import Conflict
from core.tickets.records import TicketState
from core.tickets.states import DONE, check_move, may_become

STATES: tuple[TicketState, ...] = get_args(TicketState)


@pytest.mark.parametrize("before", ["open", "in_progress", "pending"])
def test_what_is_worked_on_may_become_anything(before: TicketState) -> None:
    assert all(may_become(before, after) for after in STATES)


def test_what_is_done_is_opened_before_anything_else() -> None:
    after_resolved = {after for after in STATES if may_become("resolved", after)}
    assert after_resolved == {"resolved", "open", "in_progress", "closed"}
    assert {after for after in STATES if may_become("closed", after)} == {"closed", "open"}
    assert all(may_become(done, "open") for done in DONE)


def test_a_move_that_there_is_not_names_those_that_there_are() -> None:
    with pytest.raises(Conflict, match="a closed ticket cannot become pending: first make it open"):
        check_move("closed", "pending")
