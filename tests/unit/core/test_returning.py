"""The return record: what people leave behind for the AI, read kindly."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.ids import EntryId
from core.messages import Author, Entry
from core.returning import LONGEST, MOST_ITEMS, ReturnRecord, make_return, read_return


def release(value: str | None, reason: str | None = None) -> Entry:
    return Entry(
        id=EntryId("en_1"), seq=7, at=datetime.now(UTC), kind="control", action="release",
        author=Author(role="human_agent", name="Jana"), value=value, reason=reason,
    )  # fmt: skip


def test_what_was_made_is_read_back() -> None:
    made = make_return(decided="Refund approved", promised=["Money in 5 days"], still_open=["Bag"])
    assert read_return(release(made.dump())) == made


@pytest.mark.parametrize("value", [None, "", "{", "[]", '"text"', "12", "decided: yes"])
def test_a_value_that_is_no_record_leaves_the_reason(value: str | None) -> None:
    assert read_return(release(value, "Refund approved")) == ReturnRecord(decided="Refund approved")


def test_wrong_types_and_unknown_fields_are_left_out() -> None:
    value = json.dumps({"decided": 7, "promised": "A call", "open": [None, "x", {}], "more": 1})
    assert read_return(release(value)) == ReturnRecord(promised=("A call",), open=("x",))


def test_words_and_lists_have_bounds() -> None:
    record = read_return(release(json.dumps({"decided": "a" * 9999, "open": ["b"] * 99})))
    assert record is not None
    assert len(record.decided) == LONGEST
    assert len(record.open) == MOST_ITEMS


def test_other_entries_have_no_record() -> None:
    closing = release("{}").model_copy(update={"action": "close"})
    assert read_return(closing) is None
