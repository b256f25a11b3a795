"""What the desk reads out of Slack's payloads and texts; and that the emulator is as strict."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.slack.desk.emoji import write_emoji
from channels.slack.desk.inbox_reading import Said, read_deed
from channels.slack.desk.inbox_text import read_typed
from channels.slack.desk.pictures import is_picture_host
from core.errors import DecodeError
from tests.fakes.slack.views import check_view

_PIECES = st.sampled_from(
    ["<@U0ANN0001>", "<@W0ANN0001|ann>", "<!subteam^S0OPS0001|@ops>", "<!subteam^S0OPS0001>",
     "<#C0DESK001|desk>", "<#C0DESK001>", "<!here>", "<!channel|x>", "<https://a.example|b>", "*",
     "_", "`", "```", "~", " ", "\n", "a", "<", ">", "&lt;", "|", ":tada:", "\U0001f389", ")", "]"]
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(_PIECES, max_size=12).map("".join))
async def test_no_id_of_the_workspace_leaves_whatever_is_typed(text: str) -> None:
    async def name(user: str) -> str | None:
        return "Ann" if user.startswith("U") else None

    read = await read_typed(text, name, own_user="U0BOT0001")
    for secret in ("U0ANN0001", "W0ANN0001", "S0OPS0001", "C0DESK001"):
        assert secret not in read


def test_emoji_are_signs_and_times_stay_times() -> None:
    text = "ok :+1::skin-tone-3: at 10:30:00 :our_logo: a:tada:b"
    assert write_emoji(text) == "ok 👍 at 10:30:00 :our_logo: a:tada:b"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel": "C0DESK001", "ts": "1.2", "user": "U1", "subtype": sub}
        for sub in ("channel_join", "channel_topic", "reminder_add", "bot_message")
    ]
    + [
        {"type": "message", "channel": "C0DESK001", "ts": "1.2", "user": "U1", "text": "root"},
        {"type": "message", "channel": "C0DESK001", "ts": "1.2", "thread_ts": "1.2", "user": "U1"},
        {"type": "message", "channel": "C0DESK001", "ts": "1.3", "thread_ts": "1.2", "user": "U1",
         "hidden": True},
        {"type": "app_home_opened", "user": "U1", "tab": "messages"},
        {"type": "reaction_added", "user": "U1", "item": {"type": "file"}},
        {"type": "team_join"},
    ],
)  # fmt: skip
def test_what_nobody_said_in_a_thread_is_nothing(event: dict[str, Any]) -> None:
    assert read_deed({"type": "event_callback", "event": event}) is None


@pytest.mark.parametrize(
    "body",
    [
        {"type": "event_callback", "event": {"type": "message", "channel": 5}},
        {"type": "event_callback", "event": {"type": "message", "channel": "C1", "user": "U1",
                                             "ts": "x", "thread_ts": "1.2"}},
        {"type": "event_callback", "event": {"type": "reaction_added", "user": "../..",
                                             "item": {"type": "message", "channel": "C1"}}},
        {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "desk.take"}]},
        {"type": "block_actions", "actions": []},
        {"type": "view_submission", "user": {"id": "U1"},
         "view": {"callback_id": "desk.form.take", "id": "<script>"}},
    ],
)  # fmt: skip
def test_a_payload_of_another_shape_is_said_to_be_one(body: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        read_deed(body)


def test_a_message_that_was_taken_back_while_others_answered_it_is_a_removal() -> None:
    before = {"ts": "2.1", "thread_ts": "1.1", "user": "U0ANN0001", "text": "oops"}
    event = {
        "type": "message", "subtype": "message_changed", "channel": "C0DESK001", "ts": "3.1",
        "message": {"subtype": "tombstone", "ts": "2.1", "thread_ts": "1.1"},
        "previous_message": before,
    }  # fmt: skip
    deed = read_deed({"type": "event_callback", "event": event})
    assert isinstance(deed, Said)
    assert (deed.removed, deed.user, deed.ts) == (True, "U0ANN0001", "2.1")


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://avatars.slack-edge.com/a.png", True),
        ("https://secure.gravatar.com/avatar/x.jpg", True),
        ("http://avatars.slack-edge.com/a.png", False),
        ("https://slack-edge.com.evil.example/a.png", False),
        ("https://evilslack-edge.com/a.png", False),
        ("https://u:p@avatars.slack-edge.com/a.png", False),
        ("https://avatars.slack-edge.com:8443/a.png", False),
        ("http://169.254.169.254/latest", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_pictures_are_fetched_from_where_slack_keeps_them_only(address: str, good: bool) -> None:
    assert is_picture_host(address, "https://slack.com/api/") is good


def field(element: dict[str, Any]) -> dict[str, Any]:
    label = {"type": "plain_text", "text": "Label"}
    return {"type": "input", "block_id": "b", "label": label, "element": element}


def view(**changes: Any) -> dict[str, Any]:
    text = {"type": "plain_text", "text": "Title"}
    return {
        "type": "modal", "title": text, "submit": text,
        "blocks": [field({"type": "plain_text_input", "action_id": "it"})], **changes,
    }  # fmt: skip


_OPTION = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}


@pytest.mark.parametrize(
    "bad",
    [
        view(title={"type": "plain_text", "text": "x" * 25}),
        view(submit={"type": "mrkdwn", "text": "Send"}),
        {k: v for k, v in view().items() if k != "submit"},
        view(blocks=[]),
        view(blocks=[{"type": "divider"}] * 101),
        view(private_metadata="x" * 3_001),
        view(callback_id="x" * 256),
        view(more=1),
        view(type="tab"),
        view(blocks=[field({"type": "plain_text_input", "action_id": "it", "max_length": 5,
                            "initial_value": "123456"})]),
        view(blocks=[field({"type": "radio_buttons", "action_id": "it",
                            "options": [_OPTION] * 11})]),
        view(blocks=[field({"type": "static_select", "action_id": "it",
                            "options": [{**_OPTION, "value": "x" * 151}]})]),
        view(blocks=[field({"type": "no_such_thing", "action_id": "it"})]),
    ],
)  # fmt: skip
def test_the_emulator_refuses_views_that_slack_would(bad: dict[str, Any]) -> None:
    assert check_view(view()) is None
    assert check_view(bad) is not None
