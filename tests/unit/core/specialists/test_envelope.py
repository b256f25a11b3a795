"""Tools for servers that know none: JSON in the text, and nothing of it is ever shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports import ToolCall
from core.specialists.envelope import EnvelopeReader, calls_in_text, to_envelope
from core.specialists.history import History, Noted, Said, ToolRound

TOOLS = ["search_knowledge", "handoff"]
CALL = '{"name": "search_knowledge", "arguments": {"query": "card"}}'
WRITTEN = [
    CALL,
    f'{{"calls": [{CALL}]}}',
    f"[{CALL}]",
    f"```json\n{CALL}\n```",
    f"```tool_code\n{CALL}",
    f"<tool_call>{CALL}</tool_call>",
    f"<|tool_call|>{CALL}",
    '{"tool": "search_knowledge", "parameters": {"query": "card"}}',
    '{"tool_calls": [{"type": "function", "function": '
    '{"name": "search_knowledge", "arguments": "{\\"query\\": \\"card\\"}"}}]}',
    f"  \n{CALL}\nThat is what I will look up.",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_call_is_read_in_every_shape_that_models_write(text: str) -> None:
    (call,) = calls_in_text(text, TOOLS)
    assert call.name == "search_knowledge" and json.loads(call.arguments) == {"query": "card"}


@pytest.mark.parametrize(
    "text",
    ["Choose Reset.", '{"name": "launch"}', '{"status": "ok"}', "[1] says so.", "{", '{"name": 3}'],
)
def test_other_text_is_no_call(text: str) -> None:
    assert calls_in_text(text, TOOLS) == ()


def test_several_calls_keep_their_order() -> None:
    other = '{"name": "handoff", "arguments": {"to": "sales"}}'
    found = calls_in_text(f'{{"calls": [{CALL}, {other}]}}', TOOLS)
    assert [call.name for call in found] == ["search_knowledge", "handoff"]
    assert len({call.id for call in found}) == 2


def read(pieces: list[str]) -> tuple[str, str, tuple[ToolCall, ...]]:
    reader = EnvelopeReader(TOOLS)
    shown = "".join(reader.feed(piece) for piece in pieces)
    rest, calls = reader.finish()
    return shown, rest, calls


@pytest.mark.parametrize("text", WRITTEN)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize("before", ["", "Let me look that up.\n"])
def test_however_it_is_cut_nothing_of_a_call_is_shown(text: str, size: int, before: str) -> None:
    whole = before + text
    shown, rest, calls = read([whole[n : n + size] for n in range(0, len(whole), size)])
    assert [call.name for call in calls] == ["search_knowledge"] and rest == ""
    assert before.strip().startswith(shown.strip())


@given(
    st.lists(st.sampled_from(["Hello. ", "a < b ", "`x` ", "\n", "\n- one", "[1]", "5 {x} "])),
    st.integers(1, 9),
)
def test_text_arrives_whole_in_the_end(words: list[str], size: int) -> None:
    whole = "".join(words)
    shown, rest, calls = read([whole[n : n + size] for n in range(0, len(whole), size)])
    assert calls == () and (shown + rest).strip() == whole.strip()


def test_plain_text_streams_on_at_once() -> None:
    reader = EnvelopeReader(TOOLS)
    assert reader.feed("Choose ") == "Choose " and reader.feed("Reset.") == "Reset."


def test_a_request_becomes_one_that_any_server_understands() -> None:
    round_ = ToolRound(
        calls=(ToolCall(id="a", name="search_knowledge", arguments='{"query": "x"}'),),
        results=('{"results": []}',),
    )
    items = (Said(role="customer", text="Hi"), Noted(text="note"), round_, Noted(text="later"))
    tools: list[dict[str, Any]] = [
        {"type": "function", "function": {"name": "search_knowledge", "description": "Looks.",
                                          "parameters": {"type": "object"}}}
    ]  # fmt: skip
    told = to_envelope(History(system="You are s.", items=items).as_messages(), tools)
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
    assert told[0]["content"].startswith("You are s.") and "search_knowledge" in told[0]["content"]
    assert json.loads(told[2]["content"])["calls"][0]["arguments"] == {"query": "x"}
    assert '{"results": []}' in told[3]["content"] and told[3]["content"].endswith("later")
    assert all(set(message) == {"role", "content"} for message in told)
