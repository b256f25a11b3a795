"""The history of a model cannot hold what a server would refuse."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.ports import ToolCall
from core.specialists.history import History, Noted, Said, ToolRound, merge_said

CALL = ToolCall(id="a", name="find", arguments="{}")


@pytest.mark.parametrize(
    ("calls", "results"),
    [((CALL,), ()), ((), ()), ((CALL,), ("1", "2")), ((CALL, CALL), ("1", "2"))],
)
def test_a_call_without_its_own_result_cannot_be_written_down(
    calls: tuple[ToolCall, ...], results: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError):
        ToolRound(calls=calls, results=results)


ROUNDS = st.integers(1, 4).map(
    lambda size: ToolRound(
        calls=tuple(ToolCall(id=f"c{n}", name="find", arguments="{}") for n in range(size)),
        results=tuple(f"r{n}" for n in range(size)),
    )
)
SAID = st.builds(Said, role=st.sampled_from(["customer", "assistant"]), text=st.text(max_size=20))


@given(st.lists(st.one_of(SAID, ROUNDS), max_size=12))
def test_on_the_wire_every_call_is_followed_by_its_results(items: list[Said | ToolRound]) -> None:
    messages = History(system="s", items=tuple(items)).as_messages()
    assert messages[0] == {"role": "system", "content": "s"}
    waiting: list[str] = []
    for message in messages[1:]:
        if message["role"] == "tool":
            assert waiting.pop(0) == message["tool_call_id"]
        else:
            assert not waiting
            waiting = [call["id"] for call in message.get("tool_calls", [])]
    assert not waiting


@given(st.lists(SAID, max_size=12))
def test_merged_words_alternate_and_lose_nothing(items: list[Said]) -> None:
    merged = merge_said(items)
    roles = [item.role for item in merged]
    assert all(one != two for one, two in pairwise(roles))
    assert "\n".join(i.text for i in merged) == "\n".join(i.text for i in items)


ITEMS = st.lists(st.one_of(SAID, ROUNDS, st.builds(Noted, text=st.text(max_size=20))), max_size=15)


@given(ITEMS, st.integers(0, 200))
def test_cutting_keeps_what_the_customer_said_last_and_every_pair(
    items: list[Said | Noted | ToolRound], tokens: int
) -> None:
    whole = History(system="s", items=tuple(items))
    cut = whole.within(tokens)
    asked = [
        n for n, item in enumerate(items) if isinstance(item, Said) and item.role == "customer"
    ]
    last = asked[-1] if asked else 0
    assert cut.items[len(cut.items) - len(items[last:]) :] == tuple(items[last:])
    rest = [item for item in items if not isinstance(item, Said)]
    assert [item for item in cut.items if not isinstance(item, Said)] == rest
    if whole.tokens <= tokens:
        assert cut == whole


def test_the_same_beginning_stands_for_several_turns() -> None:
    words = "word " * 70  # about a hundred tokens
    said = [Said(role=("customer", "assistant")[n % 2], text=f"{n} {words}") for n in range(60)]
    firsts = [
        History(system="s", items=tuple(said[:turn])).within(2000).items[0]
        for turn in range(25, 60, 2)
    ]
    moves = sum(one != two for one, two in pairwise(firsts))
    assert 4 <= moves <= 9, "it moves on, but not at every turn"
