"""Tools of others on the wire of model servers, which take no full stop in a name."""

from __future__ import annotations

from typing import Any

from core.specialists.completion import Completion
from core.specialists.wire_names import definitions_for_wire, names_for_wire, wire_name

NAME = "parcels.track"


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "id": "c1", "function": {"name": name, "arguments": "{}"}}


def test_definitions_and_calls_go_out_under_a_name_that_servers_take() -> None:
    (sent,) = definitions_for_wire([named(NAME)])
    assert sent["function"]["name"] == "parcels__track"
    words: dict[str, Any] = {"role": "user", "content": "Where is it?"}
    calls: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [named(NAME)]}
    out = names_for_wire([words, calls])
    assert out[0] is words
    assert out[1]["tool_calls"][0]["function"]["name"] == "parcels__track"
    assert calls["tool_calls"][0]["function"]["name"] == NAME  # ours stays as it was


def test_a_call_comes_in_under_the_name_of_the_house() -> None:
    collected = Completion("m", None, {wire_name(NAME): NAME, "handoff": "handoff"})
    for index, name in enumerate(("parcels__track", "handoff", "un__known")):
        call = {"index": index, **named(name)}
        collected.add({"choices": [{"delta": {"tool_calls": [call]}}]})
    collected.add({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    _, chunk = collected.close()
    assert [call.name for call in chunk.calls] == [NAME, "handoff", "un__known"]
