"""The widget socket, frame by frame: the road of a message, and what a client must not do."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import jwt
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from channels.settings import WebSettings
from channels.web import guard
from core.bus.connect import Bus
from core.ids import ConversationId
from core.ports import Delta
from tests.fakes.frames import Line, open_line
from tests.fakes.gateway import Doors, open_doors

AUTH = {"site": "shop"}


@pytest.fixture
async def doors(bus: Bus) -> AsyncGenerator[Doors]:
    async with open_doors(bus) as opened:
        yield opened


@pytest.fixture
async def line(doors: Doors) -> AsyncGenerator[Line]:
    """A connected visitor."""
    async with open_line(doors.url) as opened:
        assert (await opened.connect(AUTH)).startswith("0/widget")
        yield opened


async def say(line: Line, client_id: str, text: str) -> dict[str, object]:
    return await line.ask("message", {"client_id": client_id, "text": text})


async def test_a_message_is_acknowledged_echoed_and_answered(line: Line) -> None:
    ready = await line.event("ready")
    assert ready["conversation"] is None
    assert ready["visitor"]
    ack = await say(line, "c1", "Hello there.")
    assert ack["seq"] == 1
    mine, answer = await line.event("entry"), await line.event("entry")
    assert (mine["seq"], mine["client_id"], mine["text"]) == (1, "c1", "Hello there.")
    assert (answer["seq"], answer["author"]["role"], answer["text"]) == (2, "ai", "Hello there.")


async def test_a_visitor_who_comes_back_finds_the_conversation(doors: Doors, line: Line) -> None:
    visitor = (await line.event("ready"))["visitor"]
    conversation = (await say(line, "c1", "first."))["conversation"]
    await line.event("entry")
    async with open_line(doors.url) as other:
        await other.connect({"site": "shop", "visitor": visitor})
        ready = await other.event("ready")
        assert ready["conversation"] == conversation
        resumed = await other.ask("resume", {"after": 0})
        assert [entry["text"] for entry in resumed["entries"]][:1] == ["first."]
        await say(other, "c2", "second.")
    while (await line.event("entry"))["text"] != "second.":
        pass


async def test_a_message_sent_again_is_one_entry_and_other_words_are_refused(line: Line) -> None:
    first = await say(line, "c1", "once.")
    assert await say(line, "c1", "once.") == first
    again = await say(line, "c1", "something else.")
    assert again["error"]["code"] == "id_reused"  # type: ignore[index]
    entries = (await line.ask("resume", {"after": 0}))["entries"]
    assert [entry["text"] for entry in entries if entry["author"]["role"] == "customer"] == [
        "once."
    ]


async def test_two_tabs_that_speak_first_share_one_conversation(doors: Doors, line: Line) -> None:
    visitor = (await line.event("ready"))["visitor"]
    async with open_line(doors.url) as other:
        await other.connect({"site": "shop", "visitor": visitor})
        one, two = await asyncio.gather(say(line, "a", "one."), say(other, "b", "two."))
    assert one["conversation"] == two["conversation"]


async def test_foreign_and_forged_visitors_get_a_new_start(doors: Doors, line: Line) -> None:
    conversation = (await say(line, "c1", "mine."))["conversation"]
    other_site, token = doors.tokens.issue_visitor("other-shop")
    assert other_site
    for auth in (
        {"site": "shop", "visitor": token},
        {"site": "shop", "visitor": "x.y.z"},
        {"site": "shop", "conversation": conversation},
        {"site": "shop", "visitor": {"$ne": 1}},
    ):
        async with open_line(doors.url) as stranger:
            assert (await stranger.connect(auth)).startswith("0")
            assert (await stranger.event("ready"))["conversation"] is None
            assert (await stranger.ask("resume", {"after": 0}))["entries"] == []


@pytest.mark.parametrize(
    "auth",
    [None, [], "shop", 5, {}, {"site": 5}, {"site": "../x"}, {"site": "a" * 100},
     {"site": "shop", "identity": "eyJhbGciOiJub25lIn0.e30."}, {"site": "shop", "identity": 7}],
)  # fmt: skip
async def test_a_connection_without_sound_credentials_is_refused(
    doors: Doors, auth: object
) -> None:
    async with open_line(doors.url) as stranger:
        answer = await stranger.connect(auth)
    assert answer.startswith("4/widget")
    assert json.loads(answer.partition(",")[2])["data"]["code"] in {"invalid", "unauthorized"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_foreign_origins_cannot_open_a_socket(doors: Doors, origin: str) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with open_line(doors.url, headers={"Origin": origin}):
                    pass
            assert refused.value.status == 403
    told = [line for line in logs if line["event"] == "origin_refused"]
    assert [(line["origin"], "WIDGET_ALLOWED_ORIGINS" in line["mend"]) for line in told] == [
        (origin, True)
    ]


async def test_a_signed_in_user_is_one_visitor_on_every_device(bus: Bus) -> None:
    secret = "the host site's own secret for its users"
    settings = WebSettings(identity_secret=SecretStr(secret))
    claims = {"sub": "u1", "aud": "shop", "exp": time.time() + 60}
    identity = jwt.encode(claims, secret, algorithm="HS256")
    async with open_doors(bus, settings=settings) as doors, open_line(doors.url) as phone:
        await phone.connect({"site": "shop", "identity": identity})
        conversation = (await say(phone, "c1", "From my phone."))["conversation"]
        assert (await bus.log.head(ConversationId(str(conversation)))).contact == "u1"
        async with open_line(doors.url) as laptop:
            await laptop.connect({"site": "shop", "identity": identity})
            ready = await laptop.event("ready")
            assert ready["conversation"] == conversation
        async with open_line(doors.url) as logged_out:
            await logged_out.connect({"site": "shop", "visitor": ready["visitor"]})
            assert (await logged_out.event("ready"))["conversation"] is None
        async with open_line(doors.url) as elsewhere:
            refusal = await elsewhere.connect({"site": "bank", "identity": identity})
            assert "unauthorized" in refusal


BAD_FRAMES: dict[str, str | bytes] = {
    "event named disconnect": '42/widget,["disconnect","x"]',
    "event named connect": '42/widget,["connect",{"site":"shop"}]',
    "event named connect with ack": '42/widget,7["connect","sid",{}]',
    "unknown event": '42/widget,["explode",{}]',
    "reserved name": '42/widget,["__class__",{}]',
    "object payload": '42/widget,{"message":1}',
    "empty list": "42/widget,[]",
    "object as name": '42/widget,[{"a":1},{}]',
    "number as name": "42/widget,[5]",
    "three items": '42/widget,["message",{},{}]',
    "broken json": '42/widget,["message",',
    "deep": "42/widget," + "[" * 40_000,
    "nan": '42/widget,["message",NaN]',
    "lone surrogate": '42/widget,["message",{"client_id":"a","text":"\\ud800"}]',
    "no data": "42/widget,",
    "second connect": '40/widget,{"site":"shop"}',
    "connect error": '44/widget,{"message":"no"}',
    "stray ack": "43/widget,12[]",
    "binary event without parts": '451-/widget,["message",{"_placeholder":true,"num":0}]',
    "binary frame": b"\x00\x01\x02",
    "many attachments": '4599999999999-/widget,["message"]',
    "long id": "42/widget," + "9" * 200 + '["typing",{}]',
    "unknown type": "49/widget,[]",
    "other namespace": '42/admin,["message",{}]',
    "event without acknowledgement": '42/widget,["message",{"client_id":5}]',
    "no packet at all": "x",
    "empty frame": "",
    "unknown engine packet": "9",
    "engine ping": "2probe",
    "engine upgrade": "5",
    "engine open": "0{}",
    "base64 that is none": "b!!!",
    "message without packet": "4",
    "huge packet type": "4" + "2" * 1_000,
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_a_bad_frame_is_a_typed_error_and_the_line_goes_on(
    line: Line, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await say(line, "before", "before.")
    await line.raw(BAD_FRAMES[name])
    assert (await line.event("error"))["code"] == "invalid"
    ack = await say(line, "after", "after.")
    assert ack["seq"]
    output = capfd.readouterr()
    assert "Traceback" not in output.err + output.out


BAD_PAYLOADS: dict[str, tuple[str, object]] = {
    "no text": ("message", {"client_id": "a"}),
    "no client id": ("message", {"text": "a"}),
    "empty text": ("message", {"client_id": "a", "text": " \u200b "}),
    "long text": ("message", {"client_id": "a", "text": "x" * 4_001}),
    "text as number": ("message", {"client_id": "a", "text": 5}),
    "bad client id": ("message", {"client_id": "a b", "text": "x"}),
    "long client id": ("message", {"client_id": "a" * 65, "text": "x"}),
    "unknown field": ("message", {"client_id": "a", "text": "x", "role": "ai"}),
    "attachment": ("message", {"client_id": "a", "text": "x", "attachments": [{"name": "f"}]}),
    "payload as list": ("message", [1, 2]),
    "payload as null": ("message", None),
    "negative offset": ("resume", {"after": -1}),
    "huge offset": ("resume", {"after": 2**60}),
    "offset as text": ("resume", {"after": "0"}),
    "offset as bool": ("resume", {"after": True}),
    "rating without conversation": ("rate", {"seq": 1, "value": 1}),
    "action without value": ("action", {"seq": 1}),
    "seen of text": ("seen", {"seq": "x"}),
}


@pytest.mark.parametrize("name", BAD_PAYLOADS)
async def test_a_bad_payload_is_answered_with_a_typed_error(line: Line, name: str) -> None:
    event, payload = BAD_PAYLOADS[name]
    answer = await line.ask(event, payload)
    assert answer["error"]["code"]
    assert (await say(line, "after", "after."))["seq"] == 1


async def test_invisible_characters_and_nul_are_taken_out_of_what_is_stored(line: Line) -> None:
    await say(line, "c1", "a\u0000b\u202ec\U000e0041d\u200be.")
    assert (await line.event("entry"))["text"] == "abcde."


async def test_ten_bad_frames_close_the_line_and_nobody_elses(doors: Doors, line: Line) -> None:
    async with open_line(doors.url) as bad:
        await bad.connect(AUTH)
        for _ in range(10):
            await bad.raw('42/widget,["explode"]')
        assert await bad.ended()
    assert (await say(line, "c1", "still here."))["seq"] == 1


async def test_a_client_that_ignores_goodbye_is_cut_off_all_the_same(doors: Doors) -> None:
    async with open_line(doors.url) as bad:
        await bad.connect(AUTH)
        for _ in range(10):
            await bad.raw('42/widget,["explode"]')
        async with asyncio.timeout(20):
            while (await bad.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass


async def test_events_before_the_connection_close_the_line(doors: Doors) -> None:
    async with open_line(doors.url) as early:
        await early.raw('42/widget,["message",{"client_id":"a","text":"x"}]')
        assert await early.ended()


async def test_a_client_that_says_goodbye_is_let_go(line: Line) -> None:
    await line.raw("1")
    assert await line.ended()


async def test_a_socket_that_never_says_who_it_is_is_closed(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_CONNECT_SECONDS", 0.1)
    async with open_line(doors.url) as silent:
        assert await silent.ended()
    monkeypatch.setattr(guard, "_CONNECT_SECONDS", 1.5)
    async with open_line(doors.url) as polite:
        await polite.connect(AUTH)
        assert not await polite.ended(1.8)


async def test_a_reader_who_does_not_read_is_hung_up_on_and_finds_everything_later(
    doors: Doors, line: Line, capfd: pytest.CaptureFixture[str]
) -> None:
    visitor = (await line.event("ready"))["visitor"]
    conversation = ConversationId(
        str((await say(line, "c1", "Tell me everything."))["conversation"])
    )
    stuck = aiohttp.TCPConnector(socket_factory=small_socket)
    async with open_line(doors.url, connector=stuck) as reader:
        await reader.connect({"site": "shop", "visitor": visitor})
        for part in range(2_500):
            await doors.bus.live.publish_delta(
                Delta(conversation=conversation, id="x", attempt=1, part=part, text="y" * 8_000)
            )
            if part % 100 == 0:  # the other tab does read
                while (await line.event("delta"))["part"] != part:
                    pass
        async with asyncio.timeout(20):
            while "widget_hung_up" not in "".join(capfd.readouterr()):
                await asyncio.sleep(0.05)
    async with open_line(doors.url) as again:
        await again.connect({"site": "shop", "visitor": visitor})
        entries = (await again.ask("resume", {"after": 0}))["entries"]
        assert [entry["seq"] for entry in entries] == [1, 2]


def small_socket(address: Any) -> socket.socket:
    """One whose kernel takes little for a reader who does not come."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.setblocking(False)
    return made


async def test_a_frame_of_a_megabyte_closes_the_line_and_nobody_elses(
    doors: Doors, line: Line
) -> None:
    async with open_line(doors.url) as big:
        await big.connect(AUTH)
        await big.raw('42/widget,["message",{"client_id":"a","text":"' + "x" * 1_100_000 + '"}]')
        assert await big.ended()
    assert (await say(line, "c1", "still here."))["seq"] == 1


async def test_polling_is_not_offered(doors: Doors) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{doors.url}/socket.io/?EIO=4&transport=polling") as response,
    ):
        assert response.status == 400


@pytest.mark.usefixtures("full_buckets")
async def test_a_flood_is_told_to_slow_down_and_loses_nothing_it_was_promised(bus: Bus) -> None:
    slow = WebSettings(messages_per_second=1)
    async with open_doors(bus, settings=slow) as doors, open_line(doors.url) as line:
        await line.connect(AUTH)
        answers = [await say(line, f"c{number}", f"m{number}.") for number in range(25)]
        stored = [answer["seq"] for answer in answers if "seq" in answer]
        refused = [answer for answer in answers if "error" in answer]
        assert refused
        assert refused[0]["error"]["code"] == "rate_exceeded"  # type: ignore[index]
        entries = (await line.ask("resume", {"after": 0}))["entries"]
        assert set(stored) <= {entry["seq"] for entry in entries}


async def test_sockets_of_one_address_are_limited(bus: Bus) -> None:
    few = WebSettings(sockets_per_address=1)
    async with open_doors(bus, settings=few) as doors, open_line(doors.url) as one:
        assert (await one.connect(AUTH)).startswith("0")
        async with open_line(doors.url) as two:
            assert "too_many_sockets" in await two.connect(AUTH)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with open_line(doors.url):
                    pass
        elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
        async with open_line(doors.url, connector=elsewhere) as three:
            assert (await three.connect(AUTH)).startswith("0")
    async with open_doors(bus, settings=few) as doors:
        for _ in range(3):  # one after the other is no crowd
            async with open_line(doors.url) as line:
                assert (await line.connect(AUTH)).startswith("0")
                await line.raw("1")
                assert await line.ended()


async def test_while_the_store_is_away_nothing_is_acknowledged_and_nothing_is_lost(
    bus: Bus, line: Line
) -> None:
    await say(line, "c1", "before.")
    embedded = bus.embedded
    assert embedded is not None
    await embedded.close()
    answer = await say(line, "c2", "during.")
    assert answer["error"]["code"] == "unavailable"  # type: ignore[index]
    await embedded.start()
    again = await say(line, "c2", "during.")
    assert again["seq"]
    entries = (await line.ask("resume", {"after": 0}))["entries"]
    said = [entry["text"] for entry in entries if entry["author"]["role"] == "customer"]
    assert said == ["before.", "during."]
