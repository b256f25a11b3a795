from __future__ import annotations

import asyncio
import json
import time

import pytest

from core.errors import PermanentDeliveryError
from tests.fakes.slack import payloads
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SECRET, SlackServer
from tests.fakes.slack.workspace import BOT_USER
from tests.fakes.waiting import until
from tests.unit.channels.slack.conftest import Open, Rig, address


async def test_a_direct_message_arrives_and_is_acknowledged(rig: Rig, slack: SlackServer) -> None:
    async with rig.receiving():
        message = slack.say(slack.direct("U0CUST001"), "Where is my parcel?")
        await until(lambda: not slack.unanswered())
    (arrival,) = rig.store.all
    assert arrival.id == f"slack:T0TEAM001:D0CUST001:{message['ts']}"
    assert arrival.address.chat == "D0CUST001"
    assert arrival.address.thread is None
    assert arrival.contact == "slack:T0TEAM001:U0CUST001"
    assert arrival.level == 1
    assert slack.sockets.strange == []


async def test_two_sockets_are_kept_open(rig: Rig, slack: SlackServer) -> None:
    async with rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)


async def test_nothing_is_acknowledged_before_it_is_stored(rig: Rig, slack: SlackServer) -> None:
    rig.store.gate.clear()
    async with rig.receiving():
        slack.say(slack.direct("U0CUST001"), "hello")
        await until(lambda: rig.store.published == 1)
        assert slack.unanswered()
        rig.store.gate.set()
        await until(lambda: not slack.unanswered())


async def test_an_envelope_comes_again_when_the_store_was_down(
    rig: Rig, slack: SlackServer
) -> None:
    slack.answer_seconds = 1.5
    rig.store.refuse = 2
    async with rig.receiving():
        slack.say(slack.direct("U0CUST001"), "hello")
        await until(lambda: not slack.unanswered())
    assert slack.told[0].answers == ["timeout", "timeout", "ack"]
    assert rig.store.texts == ["hello"]


async def test_messages_of_one_place_are_published_in_order(rig: Rig, slack: SlackServer) -> None:
    async with rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)
        rig.store.gate.clear()
        for number in range(30):
            slack.say(slack.direct("U0CUST001"), f"{number}")
        await until(lambda: rig.store.published == 1)
        rig.store.gate.set()
        await until(lambda: not slack.unanswered())
    assert rig.store.texts == [str(number) for number in range(30)]


async def test_what_waited_for_a_socket_is_not_overtaken_by_new_words(
    rig: Rig, slack: SlackServer
) -> None:
    def say(number: int) -> None:
        slack.say(slack.direct(f"U0CUST{number // 30 % 10:03d}"), f"{number}")

    rig.store.gate.clear()
    for number in range(300):  # thirty by each of ten customers
        say(number)
    async with rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)
        for number in range(300, 600):
            say(number)
        await until(lambda: rig.store.published == 10)
        rig.store.gate.set()
        await until(lambda: not slack.unanswered())
    for customer in range(10):
        numbers = [int(text) for text in rig.store.texts if int(text) // 30 % 10 == customer]
        assert len(numbers) == 60
        assert numbers == sorted(numbers)


async def test_a_socket_that_is_to_end_is_replaced_first_and_loses_nothing(
    rig: Rig, slack: SlackServer
) -> None:
    async with rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)
        await slack.sockets.warn()
        await until(lambda: slack.sockets.opened == 4)
        assert len(slack.sockets.open) == 4  # the old ones still listen
        for number in range(8):
            slack.say(slack.direct("U0CUST001"), f"{number}")
        await until(lambda: not slack.unanswered())
    assert len(rig.store.texts) == 8
    assert all(told.tries == 1 for told in slack.told)


async def test_a_cut_line_is_opened_anew(rig: Rig, slack: SlackServer) -> None:
    async with rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)
        slack.sockets.cut()
        await until(lambda: slack.sockets.opened == 4)
        slack.say(slack.direct("U0CUST001"), "still there?")
        await until(lambda: rig.store.texts == ["still there?"])


async def test_a_socket_that_lives_and_brings_nothing_is_replaced(
    open_rig: Open, slack: SlackServer
) -> None:
    rig = open_rig(silent_seconds=0.3)
    async with rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)
        slack.sockets.silence()
        slack.say(slack.direct("U0CUST001"), "is anybody there?")
        await until(lambda: rig.store.texts == ["is anybody there?"])


async def test_it_comes_back_when_slack_was_away(rig: Rig, slack: SlackServer) -> None:
    slack.faults.plan("apps.connections.open", Fault("break"), 2)
    async with rig.receiving():
        slack.say(slack.direct("U0CUST001"), "hello")
        await until(lambda: rig.store.texts == ["hello"])


async def test_where_sockets_are_turned_away_it_does_not_knock_without_pause(
    open_rig: Open, slack: SlackServer
) -> None:
    slack.sockets.full = True
    began = time.monotonic()
    async with open_rig(sockets=1).receiving():
        await until(lambda: slack.sockets.turned_away == 4)
        assert time.monotonic() - began > 0.6
        slack.sockets.full = False
        await until(lambda: len(slack.sockets.open) == 1)


async def test_a_token_that_is_no_good_ends_the_receiving_and_is_not_shown(
    rig: Rig, slack: SlackServer
) -> None:
    slack.faults.plan("apps.connections.open", Fault("refuse", "invalid_auth"), 9)
    with pytest.raises(PermanentDeliveryError, match="SLACK_APP_TOKEN") as caught:
        await rig.adapter.run(rig.store.publish, asyncio.Event())
    assert "xapp" not in str(caught.value)


async def test_by_socket_and_by_http_and_again_it_is_one_entry(
    rig: Rig, slack: SlackServer
) -> None:
    slack.doors = ("socket", "http")
    slack.faults.duplicate = 4
    slack.answer_seconds = 1.5
    rig.store.refuse = 3
    async with rig.serving(), rig.receiving():
        slack.say(slack.space.channels["C0HELP001"], f"<@{BOT_USER}> help me")
        await until(lambda: not slack.unanswered())
    assert rig.store.texts == ["help me"]
    assert len(slack.told) == 8
    assert rig.store.published == 11


async def test_the_store_is_down_is_503_and_slack_comes_again(rig: Rig, slack: SlackServer) -> None:
    slack.doors = ("http",)
    rig.store.refuse = 1
    async with rig.serving():
        slack.say(slack.direct("U0CUST001"), "hello")
        await until(lambda: not slack.unanswered())
    assert slack.told[0].answers == [503, 200]
    assert rig.store.texts == ["hello"]


async def test_the_address_is_verified_only_when_slack_signed(rig: Rig) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    async with rig.serving():
        assert await rig.deliver(body) == (200, '{"challenge": "abc"}')
        assert (await rig.deliver(body, signed=False))[0] == 401


def _bad_headers(body: bytes) -> list[dict[str, str]]:
    from tests.fakes.slack.telling import HttpDoor

    sign, now = HttpDoor(SECRET).sign, int(time.time())
    good = sign(body)
    signature = good["X-Slack-Signature"]
    return [
        {},
        {"X-Slack-Signature": signature},
        {"X-Slack-Request-Timestamp": str(now)},
        sign(body + b" "),
        sign(body, str(now - 301)),
        sign(body, str(now + 302)),
        sign(body, "abc"),
        sign(body, "9" * 5000),
        good | {"X-Slack-Signature": "v0=ünïcode"},
        good | {"X-Slack-Signature": signature.replace("v0=", "v1=")},
        good | {"X-Slack-Signature": signature.upper()},
        good | {"X-Slack-Signature": signature[:-1]},
    ]


async def test_whoever_is_not_slack_gets_401_and_nothing_is_stored(
    rig: Rig, slack: SlackServer
) -> None:
    channel = slack.direct("U0CUST001")
    message = slack.space.add_message(channel, user="U0CUST001", text="let me in")
    body = json.dumps(payloads.callback(payloads.message_event(channel, message))).encode()
    async with rig.serving():
        for headers in _bad_headers(body):
            status, text = await rig.deliver(body, headers=headers, signed=False)
            assert status == 401, headers
            assert "Traceback" not in text
    assert rig.store.published == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"[" * 200_000, b'{"a": NaN}', b"\xff\xfe", b'{"n": ' + b"9" * 5000],
)
async def test_a_signed_body_that_is_none_is_refused_politely(rig: Rig, body: bytes) -> None:
    async with rig.serving():
        status, text = await rig.deliver(body)
        assert status == (401 if body == b"\xff\xfe" else 400)
        assert "Traceback" not in text


async def test_what_is_too_big_or_packed_is_refused(rig: Rig) -> None:
    async with rig.serving():
        assert (await rig.deliver(b" " * 1_100_000))[0] == 413
        packed = await rig.deliver(b"{}", headers={"Content-Encoding": "gzip"})
        assert packed[0] == 400
        form = "&".join(f"f{n}=1" for n in range(10_000)).encode()
        status, _ = await rig.deliver(form, content_type="application/x-www-form-urlencoded")
        assert status == 413


@pytest.mark.parametrize(
    "change",
    [
        {"event": None}, {"event": []}, {"event": {"type": "message"}}, {"event": {"type": 5}},
        {"team_id": None}, {"authorizations": [None]}, {"authorizations": "x"},
        {"event": {"type": "message", "channel": "D1\ud800", "ts": "1.1", "user": "U1"}},
        {"event": {"type": "message", "channel": "D0CUST001", "ts": "x", "user": "U1"}},
        {"event": {"type": "message", "subtype": "message_changed", "channel": "D0CUST001"}},
        {"type": "block_actions", "actions": []}, {"type": "app_rate_limited"}, {"type": "what"},
    ],
)  # fmt: skip
async def test_a_strange_payload_is_taken_as_done(
    rig: Rig, slack: SlackServer, change: dict[str, object]
) -> None:
    channel = slack.direct("U0CUST001")
    message = slack.space.add_message(channel, user="U0CUST001", text="hi")
    body = payloads.callback(payloads.message_event(channel, message)) | change
    async with rig.serving():
        assert (await rig.deliver(json.dumps(body).encode()))[0] == 200
    assert all(one.text == "hi" for one in rig.store.all)


async def test_a_capture_that_is_replayed_has_no_effect(rig: Rig, slack: SlackServer) -> None:
    channel = slack.direct("U0CUST001")
    message = slack.space.add_message(channel, user="U0CUST001", text="once")
    body = json.dumps(payloads.callback(payloads.message_event(channel, message))).encode()
    stamp = str(int(time.time()) - 60)
    async with rig.serving():
        headers = slack.http.sign(body, stamp)
        answers = await asyncio.gather(
            *(rig.deliver(body, headers=headers, signed=False) for _ in range(50))
        )
    assert {status for status, _ in answers} == {200}
    assert rig.store.texts == ["once"]


async def test_a_command_is_a_message_in_the_direct_messages(rig: Rig, slack: SlackServer) -> None:
    async with rig.receiving():
        slack.command(slack.space.channels["C0ELSE001"], "/support", "my invoice is wrong")
        await until(lambda: not slack.unanswered())
    (arrival,) = rig.store.all
    assert (arrival.text, arrival.address.chat) == ("my invoice is wrong", "D0CUST001")


async def test_a_command_without_words_is_greeted_in_the_direct_messages(
    rig: Rig, slack: SlackServer
) -> None:
    async with rig.receiving():
        slack.command(slack.space.channels["C0ELSE001"], "/support", " ")
        await until(lambda: not slack.unanswered())
    (arrival,) = rig.store.all
    assert (arrival.text, arrival.address.chat) == ("/start", "D0CUST001")


async def test_whatever_happens_to_events_on_their_way_each_arrives_once(
    rig: Rig, slack: SlackServer
) -> None:
    slack.answer_seconds = 3.0
    slack.faults.duplicate, slack.faults.reorder, slack.faults.drop = 5, 3, 4
    slack.faults.delay_seconds = 0.02
    async with rig.receiving():
        for number in range(12):
            slack.say(slack.direct(f"U0CUST{number % 4:03d}"), f"{number}")
        await until(lambda: len(slack.told) == 17 and not slack.unanswered())
    assert sorted(rig.store.texts, key=int) == [str(number) for number in range(12)]
    assert rig.store.published == 17


async def test_an_edit_and_a_removal_arrive(rig: Rig, slack: SlackServer) -> None:
    channel = slack.space.channels["C0HELP001"]
    async with rig.receiving():
        message = slack.say(channel, "my order 1")
        slack.edit(channel, message, "my order 2")
        slack.take_back(channel, message)
        await until(lambda: not slack.unanswered())
    first, edit, removal = rig.store.all
    assert (edit.action, edit.text, edit.value) == ("edit", "my order 2", first.id)
    assert (removal.action, removal.value) == ("delete", first.id)
    assert first.address == edit.address == removal.address


async def test_what_the_app_itself_posts_is_not_heard(rig: Rig, slack: SlackServer) -> None:
    slack.methods.on_posted = lambda channel, message: slack.tell(
        "events_api", payloads.callback(payloads.message_event(channel, message))
    )
    channel = slack.direct("U0CUST001")
    async with rig.receiving():
        await rig.send(address(channel), "an answer")
        await until(lambda: bool(slack.told) and not slack.unanswered())
    assert rig.store.published == 0


async def test_a_process_that_is_stopped_finishes_what_it_began(
    rig: Rig, slack: SlackServer
) -> None:
    rig.store.gate.clear()
    async with rig.receiving():
        slack.say(slack.direct("U0CUST001"), "hello")
        await until(lambda: rig.store.published == 1)
        asyncio.get_running_loop().call_later(0.1, rig.store.gate.set)
    assert rig.store.texts == ["hello"]
    await until(lambda: not slack.unanswered())
