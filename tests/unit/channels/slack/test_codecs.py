from __future__ import annotations

from typing import Any

import pytest

from channels.base import Arrival
from channels.rendering import read_markdown
from channels.slack.decode import Asked, Rules, decode
from channels.slack.encode import Post, encode
from channels.slack.mrkdwn import read_mrkdwn, write_mrkdwn
from core.ids import EntryId
from core.messages import Author, Button, Buttons, Citation, Entry
from tests.fakes.slack import payloads
from tests.fakes.slack.schema import check_blocks
from tests.fakes.slack.workspace import BOT, BOT_USER, Channel
from tests.unit.channels.slack.conftest import NOW

RULES = Rules("T0TEAM001", "T0TEAM001", frozenset({"C0HELP001"}))
HELP, ELSE, DIRECT = (
    Channel("C0HELP001", "channel"),
    Channel("C0ELSE001", "channel"),
    Channel("D0CUST001", "im"),
)


def message(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U0CUST001", "text": text, "ts": "1700000001.000100", **more}


def read(channel: Channel, said: dict[str, Any], **body: Any) -> Arrival | None:
    found = decode(payloads.callback(payloads.message_event(channel, said), **body), RULES)
    assert not isinstance(found, Asked)
    return found


def test_a_thread_is_a_conversation_and_a_message_in_a_channel_begins_one() -> None:
    first = read(HELP, message())
    reply = read(HELP, message(ts="1700000002.000100", thread_ts="1700000001.000100"))
    assert first is not None
    assert reply is not None
    assert first.address == reply.address
    assert first.address.thread == "1700000001.000100"
    assert reply.reply_to == first.id
    assert first.reply_to is None


def test_a_thread_in_direct_messages_is_its_own() -> None:
    found = read(DIRECT, message(ts="1700000002.000100", thread_ts="1700000001.000100"))
    assert found is not None
    assert found.address.thread == "1700000001.000100"


def test_elsewhere_only_mentions_count() -> None:
    assert read(ELSE, message()) is None
    found = read(ELSE, message(f"<@{BOT_USER}> where is my parcel?"))
    assert found is not None
    assert found.text == "where is my parcel?"
    event = payloads.mention_event(ELSE, message(f"hey <@{BOT_USER}>, help"))
    again = decode(payloads.callback(event, authorizations=[]), RULES)
    assert isinstance(again, Arrival)


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": BOT}, {"user": BOT_USER}, {"bot_id": "B0OTHER01", "user": "U0OTHER01"},
        {"subtype": "bot_message"}, {"subtype": "channel_join"}, {"subtype": "message_replied"},
        {"user": "USLACKBOT"}, {"hidden": True}, {"text": ""}, {"user": None},
    ],
)  # fmt: skip
def test_bots_and_notices_are_nobody(more: dict[str, Any]) -> None:
    assert read(DIRECT, message(**more)) is None


def test_a_broadcast_from_a_thread_is_a_message() -> None:
    said = message(subtype="thread_broadcast", thread_ts="1700000000.000100")
    assert read(HELP, said) is not None


def test_a_message_that_is_passed_on_says_who_wrote_it() -> None:
    shared = {"is_share": True, "author_name": "Petr", "text": "It leaks, see <https://a.example>"}
    unfurled = {"text": "A page", "from_url": "https://a.example"}
    alone = read(DIRECT, message("", attachments=[shared, unfurled]))
    assert alone is not None
    assert alone.text == "⤷ Petr:\nIt leaks, see https://a.example"
    asked = read(DIRECT, message("What now?", attachments=[shared]))
    assert asked is not None
    assert asked.text.startswith("What now?\n\n⤷ Petr:")


def test_another_workspace_is_not_ours() -> None:
    other = [{"team_id": "T0OTHER01", "user_id": "U1", "is_bot": True}]
    assert read(DIRECT, message(), authorizations=other) is None
    stranger = read(DIRECT, message(user_team="T0PARTNER1"))  # a guest of a shared channel may ask
    assert stranger is not None


def changed(before: dict[str, Any], now: dict[str, Any], channel: Channel = HELP) -> Any:
    event = payloads.changed_event(channel, now, before, "1700000009.000100")
    return decode(payloads.callback(event), RULES)


def test_an_edit_names_the_message_and_brings_the_new_words() -> None:
    edited = {"user": "U0CUST001", "ts": "1700000008.000100"}
    found = changed(message("old"), message("new", edited=edited))
    assert (found.action, found.text) == ("edit", "new")
    assert found.value == "slack:T0TEAM001:C0HELP001:1700000001.000100"
    assert found.id == f"{found.value}:edit:1700000008.000100"
    assert found.address.thread == "1700000001.000100"


def test_a_change_that_is_none_is_ignored() -> None:
    edited = {"user": "U0CUST001", "ts": "1700000008.000100"}
    assert changed(message("same"), message("same", attachments=[{}])) is None
    assert changed(message("same"), message("same", edited=edited)) is None
    assert changed(message("a", bot_id=BOT), message("b", bot_id=BOT, edited=edited)) is None
    assert changed(message("a"), message("b", edited=edited), ELSE) is None


def test_what_is_taken_back_is_named() -> None:
    for event in (
        payloads.deleted_event(HELP, message(), "1700000009.000100"),
        payloads.changed_event(
            HELP, message(subtype="tombstone", user="USLACKBOT"), message(), "1700000009.000100"
        ),
    ):
        found = decode(payloads.callback(event), RULES)
        assert isinstance(found, Arrival)
        assert found.action == "delete"
        assert found.value == "slack:T0TEAM001:C0HELP001:1700000001.000100"
    own = payloads.deleted_event(HELP, message(bot_id=BOT), "1700000009.000100")
    assert decode(payloads.callback(own), RULES) is None


def test_a_button_that_is_not_ours_is_ignored() -> None:
    element = {"action_id": "a", "value": "v", "text": {"type": "plain_text", "text": "x"}}
    body = payloads.press(
        HELP, message(), {"block_id": "case:1"}, element, user="U1X", ts="1.1", api=""
    )
    assert decode(body, RULES) is None


@pytest.mark.parametrize(
    ("theirs", "plain"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("<@U0OTHER01> and <@U0OTHER02|ann>", "@U0OTHER01 and @ann"),
        ("<#C0HELP001|help>", "#help"),
        ("<!here> <!subteam^S1|@team>", "@here @team"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("<https://a.example|a.example>", "https://a.example"),
        ("<https://evil.example|bank.example>", "bank.example (https://evil.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        (f"<@{BOT_USER}>: hello", "hello"),
    ],
)
def test_their_markup_becomes_plain_words(theirs: str, plain: str) -> None:
    assert read_mrkdwn(theirs, own_user=BOT_USER) == plain


HOSTILE = [
    "<!channel> <!here> <!everyone>", "<@U0OTHER01>", "<https://evil.example|bank.example>",
    "```<!channel>``` & <b>", "<" * 4000, "a\n" * 5000, "&lt;!channel&gt;",
    "[https://bank.example](https://evil.example)", "[x](https://e.example/|y>)", "**<!here>**",
    "`<!channel>`", "[<!channel>](https://a.example)",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_words_can_ping_or_mask_a_link(text: str) -> None:
    for post in posts(text):
        assert check_blocks(post.blocks) is None
        for shown in (post.text, post.blocks[0]["text"]["text"]):
            assert "<!" not in shown
            assert "<@" not in shown
            assert "<#" not in shown
            for mark in shown.split("<")[1:]:
                address, _, label = mark.partition(">")[0].partition("|")
                assert address.startswith(("https://", "mailto:", "tel:"))
                assert "bank.example" not in label or "bank.example" in address


def test_marks_are_slacks_own() -> None:
    rich = read_markdown("**bold** and *it* and `code` and [site](https://a.example/?a=1&b=2)")
    assert write_mrkdwn(rich.text, rich.spans) == (
        "*bold* and _it_ and `code` and <https://a.example/?a=1&amp;b=2|site>"
    )


def posts(text: str, **more: Any) -> list[Post]:
    entry = Entry(
        id=EntryId("cv:1:0"), author=Author(role="ai"), text=text, seq=2, at=NOW, **more
    )  # fmt: skip
    found = encode(entry)
    assert all(isinstance(one, Post) for one in found)
    return [one for one in found if isinstance(one, Post)]


def choices(count: int, label: str = "Label", value: str = "v") -> tuple[Buttons, ...]:
    return (Buttons(buttons=tuple(Button(label=label, value=f"{value}{n}") for n in range(count))),)


@pytest.mark.parametrize("label", ["x" * 200, "&" * 74, "<!channel>", "a\nb"])
def test_buttons_are_within_the_limits(label: str) -> None:
    (post,) = posts("Which?", parts=choices(25, label))
    assert check_blocks(post.blocks) is None
    assert len(post.blocks[1]["elements"]) == 25


def test_what_slack_cannot_press_becomes_numbered_lines() -> None:
    for parts in (choices(26), choices(2, value="x" * 2001)):
        (post,) = posts("Which?", parts=parts)
        assert len(post.blocks) == 1
        assert "2. Label" in post.text


def test_sources_stand_under_the_answer() -> None:
    source = Citation(
        document="returns", title="Returns & refunds", url="https://a.example/r", span="x", score=1
    )
    (post,) = posts("30 days.", citations=(source,))
    assert "<https://a.example/r|Returns &amp; refunds>" in post.blocks[0]["text"]["text"]


def test_the_schema_refuses_what_slack_refuses() -> None:
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}}
    for blocks in (
        "x", [{"type": "section"}, {"type": "nonsense"}], [{"type": "actions"}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}] * 51,
        [{"type": "actions", "elements": [button | {"style": "loud"}]}],
        [{"type": "actions", "elements": [button | {"value": "x" * 2001}]}],
        [{"type": "actions", "elements": [button | {"action_id": f"{n}"} for n in range(26)]}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2999}}] * 5,
    ):  # fmt: skip
        assert check_blocks(blocks) is not None, blocks
