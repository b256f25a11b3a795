"""Notes for the desk about acts that wait for a person, with the exact arguments; and who decided.

Above: `core.engine.approving`, `desk`. Below: `records`. Pure.
"""

from __future__ import annotations

import json

from core.approvals.records import Approval
from core.ids import EntryId, EventId

WANTED, DECIDED = "approval_wanted", "approval_decided"
_LONGEST = 3000


def wanted_id(approval: Approval) -> EntryId:
    """The same for the same approval: it is noted once."""
    return EntryId(f"approval:{approval.id}:wanted")


def decided_id(approval: Approval) -> EventId:
    """See `wanted_id`."""
    return EventId(f"approval:{approval.id}:decided")


def describe_wanted(approval: Approval) -> str:
    """What would be done, word for word, and what is known."""
    known = ", ".join(f"{name}: {value}" for name, value in approval.facts.items())
    lines = [f"Approval wanted ({approval.id}): {describe_call(approval)}"]
    return "\n".join([*lines, *([f"Known: {known}"] if known else [])])[:_LONGEST]


def describe_decided(approval: Approval) -> str:
    """Who decided what, and what came of it."""
    verb = "approved" if approval.decision == "approve" else "rejected"
    text = f"{approval.decided_by or 'Somebody'} {verb} {approval.id}: {describe_call(approval)}"
    if approval.result is not None and approval.decision == "approve":
        text += f" → {approval.result.outcome}"
        text += f" ({approval.result.reference})" if approval.result.reference else ""
    if approval.comment:
        text += f"\nComment: {approval.comment}"
    return text[:_LONGEST]


def describe_call(approval: Approval) -> str:
    """`request_refund(amount="10.00", number="A-1")`."""
    given = ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in sorted(approval.arguments.items())
    )
    return f"{approval.tool}({given})"
