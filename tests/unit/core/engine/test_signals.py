"""What a turn tells the escalation policy."""

from __future__ import annotations

from core.customers.records import ActionResult
from core.engine.signals import was_refused
from core.specialists.tools.base import ToolRecord
from core.specialists.tools.results import give_action


def record(result: str) -> ToolRecord:
    return ToolRecord(name="cancel_order", arguments={}, result=result, ok=True, milliseconds=1.0)


def test_a_write_that_the_system_would_not_do_is_a_refusal() -> None:
    refused = give_action(ActionResult(outcome="refused", code="already_sent"))
    assert was_refused(record(refused))
    assert not was_refused(record(give_action(ActionResult(outcome="done", code="ok"))))
    assert not was_refused(record('{"error": "no such order"}'))
    assert not was_refused(record("[]"))
