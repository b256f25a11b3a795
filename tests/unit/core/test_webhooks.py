"""What is told to other systems, how it is signed, and when it is told again. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Checker
from standardwebhooks import WebhookVerificationError

from core.bus.journal import JournalRecord
from core.ids import EntryId
from core.messages import Author, Entry
from core.webhooks.events import MOST_TEXT, events_of
from core.webhooks.records import MOST_ATTEMPTS, PAUSES, Webhook, next_due
from core.webhooks.signing import secret_of, signed_headers

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


def record(seq: int = 2, receipt: dict[str, Any] | None = None, **fields: Any) -> JournalRecord:
    """A line of the journal: an entry, or the receipt of a turn."""
    entry = None
    if receipt is None:
        author = Author(role=fields.pop("role", "customer"))
        entry = Entry(id=EntryId("e"), seq=seq, at=NOW, author=author, **fields)
    return JournalRecord(
        "00", "1-0", "turn" if receipt else "entry", "c1", seq, NOW, entry, receipt
    )


@pytest.mark.parametrize(
    ("line", "types"),
    [
        (record(1, text="Hi"), ["conversation.created", "message.created"]),
        (record(text="Hi"), ["message.created"]),
        (record(role="human_agent", kind="note", text="Hm"), ["note.created"]),
        (record(role="ai", kind="draft", text="Maybe"), []),
        (record(role="human_agent", kind="control", action="take"), ["conversation.taken"]),
        (record(role="human_agent", kind="control", action="release"), ["conversation.released"]),
        (record(kind="control", action="close"), ["conversation.closed"]),
        (record(kind="control", action="button", value="x"), []),
        (record(role="system", kind="control", action="escalate"), []),
        (record(receipt={"outcome": "reply"}), []),
        (record(receipt={"case": {"reason": "legal"}}), ["conversation.escalated"]),
    ],
)
def test_a_line_of_the_journal_tells_what_happened(line: JournalRecord, types: list[str]) -> None:
    assert [event.type for event in events_of(line)] == types


def test_the_same_line_read_again_is_the_same_event() -> None:
    first, again = list(events_of(record(1, text="Hi"))), list(events_of(record(1, text="Hi")))
    assert [event.id for event in first] == [event.id for event in again]
    assert len({event.id for event in first}) == 2


def test_long_words_are_cut_and_said_to_be() -> None:
    (event,) = events_of(record(text="x" * 30_000))
    assert (len(event.data["entry"]["text"]), event.data["entry"]["truncated"]) == (MOST_TEXT, True)


def test_what_only_the_desk_may_know_is_not_told() -> None:
    line = record(role="human_agent", kind="control", action="release", value='{"decided": "no"}')
    (event,) = events_of(line)
    assert "decided" not in str(event.data)


def test_the_reference_library_takes_our_signature_and_no_changed_body() -> None:
    secret, body = secret_of("house", "wh_1"), '{"type": "test", "text": "žluť"}'
    headers = signed_headers(secret, "msg_1", datetime.now(UTC), body)
    assert Checker(secret).verify(body, headers)["type"] == "test"
    for wrong in (secret_of("house", "wh_2"), secret_of("other", "wh_1")):
        with pytest.raises(WebhookVerificationError):
            Checker(wrong).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Checker(secret).verify(body.replace("test", "best"), headers)


def test_pauses_grow_to_three_days_and_then_it_is_enough() -> None:
    dues = [next_due(done, NOW, jitter=0) for done in range(1, MOST_ATTEMPTS + 1)]
    assert [due and (due - NOW).total_seconds() for due in dues] == [*PAUSES, None]
    assert timedelta(days=3) < timedelta(seconds=sum(PAUSES)) < timedelta(days=4)


def test_a_receiver_that_asks_for_more_time_gets_it() -> None:
    due = next_due(1, NOW, jitter=0, wait_seconds=60)
    assert due == NOW + timedelta(seconds=60)


def test_a_webhook_is_told_what_it_wants_until_it_is_switched_off() -> None:
    some = Webhook(id="wh_1", url="https://x", events=("message.created",), created_at=NOW)
    assert (some.wants("message.created"), some.wants("note.created")) == (True, False)
    assert some.model_copy(update={"events": ()}).wants("note.created")
    assert not some.model_copy(update={"disabled_at": NOW}).wants("message.created")
