"""Several model servers over the wire: who is asked, who is left alone, how tools reach them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import ModelError, ModelRefused
from core.ports import ModelChunk
from core.specialists.model import OpenAIModel
from core.specialists.settings import ModelSettings, ProviderSettings
from tests.fakes.chat_server import ChatServer, Respond, Served, chat_server

HELLO = Served(pieces=("Hel", "lo."))
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": "find", "description": "Finds.",
                                      "parameters": {"type": "object", "properties": {}}}}
]  # fmt: skip
MESSAGES = [{"role": "system", "content": "s"}, {"role": "user", "content": "Hi"}]


class Clock:
    """The clock of the breakers, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def model_of(*responds: Respond, **settings: Any) -> AsyncGenerator[Any]:
    """A model over servers named `a`, `b`, …"""
    per_server, clock = settings.pop("server", {}), settings.pop("clock", None)
    async with _all(responds) as servers:
        providers = tuple(
            ProviderSettings(name="abc"[n], base_url=server.url, model=f"m{n}", **per_server)
            for n, server in enumerate(servers)
        )
        whole = {"retry_seconds": 0.01, "first_chunk_seconds": 15, "next_chunk_seconds": 15}
        model = OpenAIModel(
            ModelSettings.model_validate({**whole, **settings, "providers": providers}),
            clock=clock or time.monotonic,
        )
        try:
            yield model, servers
        finally:
            await model.close()


@asynccontextmanager
async def _all(responds: tuple[Respond, ...]) -> AsyncGenerator[list[ChatServer]]:
    if not responds:
        yield []
        return
    async with chat_server(responds[0]) as first, _all(responds[1:]) as rest:
        yield [first, *rest]


def always(served: Served) -> Respond:
    return lambda body: served


def in_turn(*served: Served) -> Respond:
    answers: Iterator[Served] = iter(served)
    return lambda body: next(answers, served[-1])


async def ask(model: OpenAIModel, *, tools: bool = False, **more: Any) -> tuple[str, ModelChunk]:
    """All text, and the last chunk."""
    words: list[str] = []
    last = ModelChunk()
    given = {"tools": TOOLS} if tools else {}
    async for chunk in model.stream(MESSAGES, deadline_seconds=20, **given, **more):
        words.append(chunk.text)
        last = chunk if chunk.done else last
    return "".join(words), last


@pytest.mark.parametrize(
    "fault",
    [
        Served(status=500),
        Served(status=503),
        Served(status=429, headers={"Retry-After": "60"}),
        Served(status=401),
        Served(status=400),
        Served(status=404),
        Served(finish=None),
        Served(pause=60.0, pieces=("late",)),
        Served(calls=(("find", '{"a": 1}'),), cut_after=2),
        Served(refusal="I cannot help with that."),
    ],
    ids=["500", "503", "429", "401", "400", "404", "cut", "silent", "cut-in-a-call", "refusal"],
)
async def test_the_next_server_answers_when_the_first_fails(fault: Served) -> None:
    limits = {"first_chunk_seconds": 1.5} if fault.pause else {}
    async with model_of(always(fault), always(HELLO), **limits) as (model, _):
        text, last = await ask(model)
        assert text == "Hello." and last.model == "m1"
        assert (last.tokens_in, last.tokens_out) == (11, 7)


async def test_after_the_first_piece_no_other_server_is_asked() -> None:
    cut = Served(pieces=("Well, ", "and"), finish=None, cut_after=1)
    async with model_of(always(cut), always(HELLO)) as (model, servers):
        with pytest.raises(ModelError):
            await ask(model)
        assert not servers[1].requests


async def test_a_server_over_its_limit_rests_as_long_as_it_asks() -> None:
    limited = in_turn(Served(status=429, headers={"Retry-After": "0.4"}), HELLO)
    clock = Clock()
    async with model_of(limited, always(HELLO), clock=clock) as (model, servers):
        assert (await ask(model))[1].model == "m1"
        assert model.health()["a"]["state"] == "open" and model.health()["a"]["failures"] == 0
        assert (await ask(model))[1].model == "m1"
        clock.seconds += 0.45
        assert (await ask(model))[1].model == "m0"
        assert len(servers[0].requests) == 2


async def test_the_only_server_is_waited_for_when_it_says_how_long() -> None:
    limited = in_turn(Served(status=429, headers={"Retry-After": "0.2"}), HELLO)
    async with model_of(limited) as (model, _):
        began = time.monotonic()
        assert (await ask(model))[0] == "Hello." and time.monotonic() - began >= 0.2
    too_long = in_turn(Served(status=429, headers={"Retry-After": "30"}), HELLO)
    async with model_of(too_long) as (model, _):
        began = time.monotonic()
        with pytest.raises(ModelError):
            await ask(model)
        assert time.monotonic() - began < 10


async def test_half_open_one_try_decides() -> None:
    sick = in_turn(Served(status=500), Served(status=500), Served(status=500), HELLO)
    clock = Clock()
    settings = {"breaker_failures": 2, "breaker_seconds": 15, "clock": clock}
    async with model_of(sick, **settings) as (model, servers):
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(ModelError):
                await ask(model)
        assert time.monotonic() - began < 10, "a sick server is not waited for"
        assert len(servers[0].requests) == 2 and model.health()["a"]["state"] == "open"
        clock.seconds += 31
        assert model.health()["a"]["state"] == "half_open"
        with pytest.raises(ModelError):  # the one try fails: open again at once
            await ask(model)
        assert len(servers[0].requests) == 3 and model.health()["a"]["state"] == "open"
        clock.seconds += 31
        assert (await ask(model))[0] == "Hello."
        assert model.health()["a"]["state"] == "closed"


async def test_half_open_the_others_do_not_pile_up() -> None:
    slow = in_turn(Served(status=500), Served(status=500), Served(pieces=("Hello.",), pause=0.2))
    clock = Clock()
    settings = {"breaker_failures": 2, "breaker_seconds": 30, "clock": clock}
    async with model_of(slow, **settings) as (model, servers):
        with pytest.raises(ModelError):
            await ask(model)
        clock.seconds += 31
        probe = model.stream(MESSAGES, deadline_seconds=20)
        first = await anext(probe)
        with pytest.raises(ModelError) as refused:
            await ask(model)
        assert first.text == "Hello." and refused.value.code == "model_unavailable"
        assert [chunk.done async for chunk in probe] == [True]
        assert len(servers[0].requests) == 3


async def test_a_bad_key_is_not_tried_again_and_a_bad_request_is_no_illness() -> None:
    async with model_of(always(Served(status=401))) as (model, servers):
        for _ in range(2):
            with pytest.raises(ModelError):
                await ask(model)
        assert len(servers[0].requests) == 1 and model.health()["a"]["state"] == "open"
    async with model_of(always(Served(status=404))) as (model, servers):
        for _ in range(5):
            with pytest.raises(ModelRefused):
                await ask(model)
        assert len(servers[0].requests) == 5 and model.health()["a"]["state"] == "closed"


async def test_a_request_too_long_is_told_as_that() -> None:
    long = Served(status=400, error="This model's maximum context length is 4096 tokens")
    async with model_of(always(long)) as (model, _):
        with pytest.raises(ModelRefused) as refused:
            await ask(model, tools=True)
        assert refused.value.code == "model_too_long"


async def test_native_tools_come_in_pieces() -> None:
    served = Served(calls=(("find", '{"query": "card"}'), ("find", '{"query": "pin"}')))
    async with model_of(always(served)) as (model, servers):
        text, last = await ask(model, tools=True)
        assert text == "" and [call.arguments for call in last.calls] == [
            '{"query": "card"}', '{"query": "pin"}',
        ]  # fmt: skip
        assert servers[0].requests[0]["tools"] == TOOLS


ENVELOPE = Served(pieces=('{"calls": [{"na', 'me": "find", "arguments": {"q": 1}}]}'))


def without_tools(body: dict[str, Any]) -> Served:
    """A server that knows no tools."""
    if "tools" in body or any(message["role"] == "tool" for message in body["messages"]):
        return Served(status=400, error="unsupported parameter: tools")
    return ENVELOPE if "find" in body["messages"][0]["content"] else HELLO


async def test_a_server_that_rejects_tools_gets_them_as_text_from_then_on() -> None:
    async with model_of(without_tools) as (model, servers):
        text, last = await ask(model, tools=True)
        assert text == "" and last.calls[0].name == "find"
        await ask(model, tools=True)
        assert len(servers[0].requests) == 3 and "tools" not in servers[0].requests[2]
        assert model.health()["a"]["tools"] == "envelope"
        assert model.health()["a"]["failures"] == 0


async def test_one_refusal_of_tools_is_enough_also_when_the_answer_is_plain() -> None:
    def respond(body: dict[str, Any]) -> Served:
        return Served(status=400, error="no tools") if "tools" in body else HELLO

    async with model_of(respond) as (model, servers):
        for _ in range(2):
            assert (await ask(model, tools=True))[0] == "Hello."
        assert ["tools" in request for request in servers[0].requests] == [True, False, False]


@pytest.mark.parametrize("text", ["[1] says: choose Reset.", "Choose:\n[Reset] or\n`Stop`", "{x}"])
async def test_text_that_looked_like_a_call_arrives_whole(text: str) -> None:
    served = Served(pieces=tuple(text[n : n + 3] for n in range(0, len(text), 3)))
    async with model_of(always(served)) as (model, _):
        found, last = await ask(model, tools=True)
        assert found == text and not last.calls


async def test_a_server_that_writes_calls_as_text_is_understood_and_nothing_is_shown() -> None:
    async with model_of(always(ENVELOPE)) as (model, servers):
        text, last = await ask(model, tools=True)
        assert text == "" and last.calls[0].arguments == '{"q": 1}'
        await ask(model, tools=True)
        assert "tools" in servers[0].requests[0] and "tools" not in servers[0].requests[1]


async def test_the_settings_may_say_how_tools_are_called() -> None:
    async with model_of(always(HELLO), server={"tools": "envelope"}) as (model, servers):
        assert (await ask(model, tools=True))[0] == "Hello."
        assert "tools" not in servers[0].requests[0]
    async with model_of(without_tools, server={"tools": "native"}) as (model, servers):
        with pytest.raises(ModelRefused):
            await ask(model, tools=True)
        assert len(servers[0].requests) == 1


async def test_a_schema_goes_out_as_response_format_and_a_cut_answer_says_so() -> None:
    async with model_of(always(Served(pieces=("{}",), finish="length"))) as (model, servers):
        _, last = await ask(model, shape={"type": "object"})
        assert last.cut
        asked = servers[0].requests[0]["response_format"]
        assert asked["json_schema"]["schema"] == {"type": "object"}


def _choice(finish: str | None = None, **said: Any) -> dict[str, Any]:
    kind = "message" if "role" in said else "delta"
    return {"choices": [{"index": 0, kind: said, "finish_reason": finish}]}


def _call(arguments: Any, **more: Any) -> dict[str, Any]:
    return {**more, "type": "function", "function": {"name": "find", "arguments": arguments}}


_WHOLE = _choice("stop", role="assistant", content="Hello.")
_END = _choice("tool_calls")


@pytest.mark.parametrize(
    "served",
    [
        Served(raw=({**_WHOLE, "usage": {"prompt_tokens": 11, "completion_tokens": 7}},),
               whole=True),
        Served(raw=(_WHOLE,)),
        Served(raw=(_choice(content="Hel"), _choice(content="lo."))),
        Served(raw=(_choice("stop", content=[{"type": "text", "text": "Hello."}]),)),
        Served(pieces=("Hello.",), stays=True),
    ],
    ids=["does-not-stream", "message", "tells-no-reason", "parts", "stays-open"],
)  # fmt: skip
async def test_answers_that_are_whole_are_understood_whatever_shape_a_server_gives_them(
    served: Served,
) -> None:
    async with model_of(always(served)) as (model, servers):
        assert (await ask(model))[0] == "Hello."
        assert len(servers[0].requests) == 1


@pytest.mark.parametrize(
    "calls",
    [
        [_call('{"q": 1}', id="a"), _call('{"q": 2}', id="b")],
        [_call('{"q": 1}', id="a", index=0), _call('{"q": 2}', id="b", index=0)],
        [_call({"q": 1}, id="a", index=0), _call({"q": 2}, id="b", index=1)],
    ],
    ids=["unnumbered", "numbered-alike", "objects"],
)
@pytest.mark.parametrize("together", [True, False])
async def test_calls_side_by_side_are_told_apart(calls: list[Any], together: bool) -> None:
    pieces = [calls] if together else [[call] for call in calls]
    raw = (*(_choice(tool_calls=piece) for piece in pieces), _END)
    async with model_of(always(Served(raw=raw))) as (model, _):
        _, last = await ask(model, tools=True)
        assert [call.arguments for call in last.calls] == ['{"q": 1}', '{"q": 2}']


async def test_a_call_whose_pieces_have_an_id_each_stays_one_call() -> None:
    rest = {"id": "z", "index": 0, "function": {"arguments": ": 1}"}}
    raw = (_choice(tool_calls=[_call('{"q"', id="a", index=0)]), _choice(tool_calls=[rest]), _END)
    async with model_of(always(Served(raw=raw))) as (model, _):
        assert [call.arguments for call in (await ask(model, tools=True))[1].calls] == ['{"q": 1}']


@pytest.mark.parametrize("tools", [True, False])
async def test_a_field_that_a_server_does_not_take_is_left_out_from_then_on(tools: bool) -> None:
    def picky(body: dict[str, Any]) -> Served:
        for field in ("max_tokens", "temperature", "stream_options"):
            if field in body:
                return Served(status=400, error=f"Unsupported parameter: '{field}'")
        return HELLO

    async with model_of(picky) as (model, servers):
        assert [(await ask(model, tools=tools))[0] for _ in range(2)] == ["Hello."] * 2
        *_, fourth, fifth = servers[0].requests
        assert len(servers[0].requests) == 5 and fourth == fifth
        assert fourth["max_completion_tokens"] == 800 and ("tools" in fourth) is tools
