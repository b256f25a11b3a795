"""One visitor of a page: their name, their rate, their ratings, and what they are shown."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from channels.settings import WebSettings
from core.bus.connect import Bus
from core.bus.keys import journal_key
from tests.fakes.frames import Line, open_line
from tests.fakes.gateway import open_doors

AUTH = {"site": "shop"}


@pytest.fixture
async def line(bus: Bus) -> AsyncGenerator[Line]:
    """A connected visitor."""
    async with open_doors(bus) as doors, open_line(doors.url) as opened:
        assert (await opened.connect(AUTH)).startswith("0/widget")
        yield opened


async def say(line: Line, client_id: str, text: str) -> dict[str, Any]:
    return await line.ask("message", {"client_id": client_id, "text": text})


async def test_a_rating_may_change_back_and_get_a_comment_later(line: Line) -> None:
    await say(line, "c1", "rate me.")
    while (await line.event("entry"))["author"]["role"] != "ai":
        pass
    marks = [("up", ""), ("up", ""), ("down", ""), ("up", ""), ("up", "Kind words"), ("up", "")]
    seqs = []
    for value, comment in marks:
        given = await line.ask("rate", {"seq": 2, "value": value, "comment": comment})
        assert "error" not in given, given
        seqs.append(given["seq"])
    assert seqs == [3, 3, 4, 5, 6, 7]
    kept = (await line.ask("resume", {"after": 2}))["entries"]
    assert [entry["value"] for entry in kept] == ["up", "down", "up", "up", "up"]


@pytest.mark.parametrize("act", ["rate", "action"])
async def test_what_is_not_there_is_neither_rated_nor_pressed(line: Line, act: str) -> None:
    await say(line, "c1", "only this.")
    refused = await line.ask(act, {"seq": 9_999, "value": "up"})
    assert refused["error"]["code"] == "not_found"
    assert "value" in (await line.ask(act, {"seq": 1, "value": None}))["error"]["message"]


async def test_a_signed_in_visitor_is_called_what_the_page_calls_them(bus: Bus) -> None:
    secret = "the host site's secret, also long enough for HS256"
    settings = WebSettings(identity_secret=SecretStr(secret), messages_per_second=10_000)
    claims = {"sub": "u-1", "aud": "shop", "exp": time.time() + 60, "name": "Eva\u202e Nová"}
    async with open_doors(bus, settings=settings) as doors, open_line(doors.url) as line:
        await line.connect(AUTH | {"identity": jwt.encode(claims, secret, algorithm="HS256")})
        await say(line, "c1", "Hello there.")
        assert (await line.event("entry"))["author"] == {"role": "customer", "name": "Eva Nová"}


@pytest.mark.usefixtures("full_buckets")
async def test_a_visitor_has_one_rate_over_all_their_sockets(bus: Bus) -> None:
    settings = WebSettings(messages_per_second=0.2)  # a burst of four
    async with open_doors(bus, settings=settings) as doors, open_line(doors.url) as first:
        await first.connect(AUTH)
        visitor = (await first.event("ready"))["visitor"]
        acks = [await say(first, f"a{number}", "one.") for number in range(3)]
        async with open_line(doors.url) as second:
            await second.connect(AUTH | {"visitor": visitor})
            acks += [await say(second, f"b{number}", "two.") for number in range(2)]
        assert ["error" in ack for ack in acks] == [False] * 4 + [True]
        refused: Any = acks[-1]["error"]
        assert (refused["code"], refused["retry_after"] > 0) == ("rate_exceeded", True)


async def test_a_record_that_nobody_can_read_does_not_silence_those_behind_it(
    bus: Bus, line: Line
) -> None:
    conversation = (await say(line, "c1", "first."))["conversation"]
    while (await line.event("entry"))["author"]["role"] != "ai":
        pass
    strange = {
        "c": conversation,
        "k": "entry",
        "s": "9",
        "b": "of a later version",
        "t": "0",
        "e": "0",
    }
    await bus.client.xadd(journal_key(conversation.split("_")[1]), strange)  # pyright: ignore[reportArgumentType]
    await say(line, "c2", "second.")
    assert (await line.event("entry"))["text"] == "second."
