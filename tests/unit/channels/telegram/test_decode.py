from __future__ import annotations

from typing import Any

import pytest

from channels.base import Arrival
from channels.telegram.addressed import Me
from channels.telegram.decode import chat_of, decode, read_update
from core.errors import DecodeError
from core.ids import ConversationId
from tests.fakes.telegram.hands import entities_of

ME = Me("123456", "ShopBot")
ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "last_name": "Nová", "language_code": "cs"}
BOT = {"id": 123456, "is_bot": True, "first_name": "Shop", "username": "ShopBot"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Anna"}
GROUP = {"id": -50, "type": "supergroup", "title": "Friends"}
LINKED = ConversationId("cv_01_" + "a" * 22)
FILE = {"file_id": "F1", "file_unique_id": "U1", "file_size": 9}


def message(**content: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "message_id": 5,
        "date": 1_700_000_000,
        "chat": PRIVATE,
        "from": ANNA,
        **content,
    }
    if "text" in made and "entities" not in made:
        made["entities"] = entities_of(made["text"])
    return made


def read(kind: str = "message", **content: Any) -> list[Arrival]:
    raw = {"update_id": 1, kind: message(**content)}
    return decode(read_update(raw), ME, lambda token: LINKED if token == "good" else None)


def press(data: str | None, **changed: Any) -> list[Arrival]:
    query = {"id": "q1", "from": ANNA, "chat_instance": "1", "message": message(**{"from": BOT})}
    return decode(read_update({"update_id": 1, "callback_query": query | {"data": data} | changed}),
                  ME)  # fmt: skip


def test_a_private_message_is_what_was_said_by_whom_and_where() -> None:
    (said,) = read(text="Dobrý den", reply_to_message=message(message_id=4, **{"from": BOT}))
    assert (said.id, said.text, said.kind) == ("telegram:123456:7:5", "Dobrý den", "message")
    assert said.address.model_dump() == {
        "channel": "telegram", "account": "123456", "chat": "7", "thread": None,
    }  # fmt: skip
    assert said.author.name == "Anna Nová"
    assert said.reply_to == "telegram:123456:7:4"
    assert (said.contact, said.level, said.language) == ("telegram:7", 1, "cs")
    assert said.sent_at is not None and said.sent_at.year == 2023


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        ({"photo": [FILE | {"width": 9, "height": 9}, FILE | {"width": 90, "height": 90}]},
         "photo-5.jpg", "image/jpeg"),
        ({"document": FILE | {"file_name": "a.pdf", "mime_type": "application/pdf"}},
         "a.pdf", "application/pdf"),
        ({"document": FILE}, "document-5.bin", "application/octet-stream"),
        ({"voice": FILE | {"duration": 3}}, "voice-5.ogg", "audio/ogg"),
        ({"audio": FILE | {"duration": 3, "mime_type": "audio/flac"}}, "audio-5.mp3", "audio/flac"),
        ({"video": FILE | {"duration": 3, "width": 1, "height": 1}}, "video-5.mp4", "video/mp4"),
        ({"video_note": FILE | {"duration": 3, "length": 1}}, "video_note-5.mp4", "video/mp4"),
        ({"animation": FILE | {"duration": 3, "width": 1, "height": 1}, "document": FILE},
         "animation-5.mp4", "video/mp4"),
    ],
)  # fmt: skip
def test_files_travel_as_attachments(content: Any, name: str, media_type: str) -> None:
    (said,) = read(caption="Look.", **content)
    (file,) = said.attachments
    assert (file.name, file.media_type, file.size, file.ref) == (name, media_type, 9, "F1")
    assert said.text == "Look."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"sticker": FILE | {"type": "regular", "width": 1, "height": 1, "is_animated": False,
                             "is_video": False, "emoji": "👍"}}, "👍"),
        ({"location": {"latitude": 50.1, "longitude": 14.4}}, "📍 50.100000, 14.400000"),
        ({"contact": {"phone_number": "+420 1", "first_name": "Jan"}}, "👤 Jan: +420 1"),
        ({"dice": {"emoji": "🎲", "value": 4}}, "🎲 4"),
        ({"poll": {"id": "1", "question": "Which?", "options": [
            {"persistent_id": "1", "text": "A", "voter_count": 0},
            {"persistent_id": "2", "text": "B", "voter_count": 0}],
            "total_voter_count": 0, "is_closed": False, "is_anonymous": True, "type": "regular",
            "allows_multiple_answers": False, "allows_revoting": False, "members_only": False}},
         "📊 Which?\n• A\n• B"),
        ({"story": {"chat": PRIVATE, "id": 1}}, "[story]"),
    ],
)  # fmt: skip
def test_what_is_neither_text_nor_file_is_told_in_words(content: Any, text: str) -> None:
    (said,) = read(**content)
    assert said.text == text


@pytest.mark.parametrize(
    ("origin", "mark"),
    [
        ({"type": "user", "date": 1, "sender_user": ANNA}, "⤷ Anna Nová:\nHello"),
        ({"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}, "⤷ Somebody:\nHello"),
        ({"type": "channel", "date": 1, "message_id": 3,
          "chat": {"id": -9, "type": "channel", "title": "News"}}, "⤷ News:\nHello"),
        ({"type": "chat", "date": 1, "sender_chat": GROUP}, "⤷ Friends:\nHello"),
    ],
)  # fmt: skip
def test_forwarded_words_are_marked(origin: Any, mark: str) -> None:
    (said,) = read(text="Hello", forward_origin=origin)
    assert said.text == mark


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"text": "Hello all"}, None),
        ({"text": "@shopbot where is my order?"}, "where is my order?"),
        ({"text": "where is it, @ShopBot"}, "where is it"),
        ({"text": "🎉 ask @ShopBot about 🎉"}, "🎉 ask @ShopBot about 🎉"),
        ({"text": "@OtherBot hello"}, None),
        ({"text": "yes", "reply_to_message": message(message_id=4, **{"from": BOT})}, "yes"),
        ({"text": "yes", "reply_to_message": message(message_id=4)}, None),
        ({"text": "/help"}, "/help"),
        ({"text": "/help@ShopBot"}, "/help"),
        ({"text": "/help@OtherBot"}, None),
        ({"text": "Shop, hi", "entities": [
            {"type": "text_mention", "offset": 0, "length": 4, "user": BOT}]}, "hi"),
    ],
)  # fmt: skip
def test_in_a_group_only_what_addresses_us_is_heard(content: Any, text: str | None) -> None:
    said = read(chat=GROUP, **content)
    assert [one.text for one in said] == ([] if text is None else [text])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("message", {"text": "Beep", "from": BOT}),
        ("message", {"text": "No sender", "from": None}),
        ("message", {"new_chat_members": [ANNA]}),
        ("message", {"pinned_message": message(text="x")}),
        ("message", {"chat": GROUP, "migrate_to_chat_id": -100}),
        ("channel_post", {"text": "News", "chat": {"id": -9, "type": "channel", "title": "N"}}),
        ("business_message", {"text": "Hello"}),
        ("edited_message", {"text": "Beep", "from": BOT}),
    ],
)
def test_what_is_not_said_to_us_is_nothing(kind: str, content: Any) -> None:
    assert read(kind, **content) == []


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1},
        {"update_id": 1, "something_new": {"a": 1}},
        {"update_id": -1, "poll_answer": {"poll_id": "1", "option_ids": [], "user": ANNA,
                                          "option_persistent_ids": []}},
        {"update_id": 2**63, "something_new": {}},
    ],
)  # fmt: skip
def test_unknown_kinds_of_updates_are_nothing(raw: Any) -> None:
    assert decode(read_update(raw), ME) == []


@pytest.mark.parametrize(
    "raw", [None, [], "x", {}, {"update_id": "x"}, {"update_id": 1, "message": {"text": ["no"]}}]
)
def test_what_is_no_update_is_refused(raw: Any) -> None:
    with pytest.raises(DecodeError):
        read_update(raw)


def test_half_a_character_does_not_cost_the_message() -> None:
    (said,) = read(text="Hel\ud800lo", entities=[])
    assert said.text == "Hel\ufffdlo"


def test_the_commands_mean_what_they_say() -> None:
    assert [(a.kind, a.action, a.value) for a in read(text="/human")] == [
        ("control", "button", "human")
    ]
    closed, begun = read(text="/new please")
    assert (closed.action, closed.id) == ("close", "telegram:123456:7:5:close:0")
    assert (begun.kind, begun.text, begun.id) == ("message", "/new", "telegram:123456:7:5")
    assert [a.text for a in read(text="/language")] == ["/language"]
    assert [a.text for a in read(text="/unknown 1")] == ["/unknown 1"]


def test_a_start_link_leads_to_its_conversation_and_only_a_good_one() -> None:
    assert [(a.text, a.link) for a in read(text="/start good")] == [("/start", "good")]
    assert [(a.text, a.link) for a in read(text="/start ignore all rules")] == [("/start", None)]


def test_an_edit_names_the_message_it_changes() -> None:
    (said,) = read("edited_message", text="New words", edit_date=1_700_000_100)
    assert (said.kind, said.action, said.value, said.text) == (
        "control", "edit", "telegram:123456:7:5", "New words",
    )  # fmt: skip
    assert said.id == "telegram:123456:7:5:edit:1"


def test_a_press_is_the_value_of_the_button() -> None:
    (said,) = press("topic:1")
    assert (said.kind, said.action, said.value) == ("control", "button", "topic:1")
    assert said.id == "telegram:123456:7:5:press:q1"
    assert press(None) == []
    assert press("human", message=None) == []


def test_a_press_on_a_message_too_old_to_see_still_counts() -> None:
    gone = {"chat": PRIVATE, "message_id": 5, "date": 0}
    (said,) = press("human", message=gone)
    assert said.address.chat == "7"


def test_a_chosen_language_is_the_language_of_the_arrival() -> None:
    assert [a.language for a in press("language:de")] == ["de"]
    assert [a.language for a in press("language:xx")] == ["cs"]


def test_a_group_that_moved_is_known_under_both_numbers() -> None:
    (said,) = read("message", chat=GROUP, migrate_from_chat_id=-5, **{"from": BOT})
    assert said.former is not None and said.former.chat == "-5"
    assert (said.address.chat, said.kind) == ("-50", "note")


def test_a_topic_of_a_forum_is_a_place_of_its_own() -> None:
    (said,) = read(chat=GROUP, text="/help", message_thread_id=8, is_topic_message=True)
    assert said.address.thread == "8"
    (reply,) = read(chat=GROUP, text="/help", message_thread_id=8)
    assert reply.address.thread is None


def test_updates_of_one_chat_are_known_to_be_so() -> None:
    assert chat_of(read_update({"update_id": 1, "message": message(text="a")})) == 7
    assert chat_of(read_update({"update_id": 1, "something_new": {}})) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"text": "Hi.", "forward_origin": {"type": "of_next_year", "date": 1}}, "Hi."),
        ({"text": "Hi.", "reply_to_message": {"message_id": 3}}, "Hi."),
        ({"text": "Hi.", "entities": [{"type": "bold"}]}, "Hi."),
        ({"poll": {"question": "Which one?"}}, "[poll]"),
        ({"photo": [{"file_id": "F1"}], "caption": "It leaks."}, "It leaks.\n[photo]"),
    ],
)
def test_a_part_that_is_not_as_documented_takes_no_words_with_it(content: Any, said: str) -> None:
    (arrival,) = read(**content)
    assert (arrival.text, arrival.id) == (said, "telegram:123456:7:5")


def test_a_press_without_what_nobody_needs_is_a_press() -> None:
    query = {
        "id": "q1",
        "from": ANNA,
        "data": "human",
        "message": message(poll={}, **{"from": BOT}),
    }
    (pressed,) = decode(read_update({"update_id": 1, "callback_query": query}), ME)
    assert (pressed.action, pressed.value) == ("button", "human")


@pytest.mark.parametrize("missing", ["message_id", "date", "chat"])
def test_without_who_and_where_it_is_no_update(missing: str) -> None:
    rest = {key: value for key, value in message(text="Hi.").items() if key != missing}
    with pytest.raises(DecodeError, match=rf"message\.{missing}"):
        read_update({"update_id": 1, "message": rest})


@pytest.mark.parametrize("text", ["/human", "/human@ShopBot", "/HUMAN please"])
def test_a_command_counts_though_its_server_marks_nothing(text: str) -> None:
    (arrival,) = read(text=text, entities=[])
    assert (arrival.action, arrival.value) == ("button", "human")


def test_what_only_begins_with_a_slash_is_no_command() -> None:
    assert [one.text for one in read(text="/human/resources", entities=[])] == ["/human/resources"]


def test_our_name_counts_though_its_server_marks_nothing() -> None:
    (arrival,) = read(text="🙂 hello @shopbot", entities=[], chat=GROUP)
    assert arrival.text == "🙂 hello"
    assert read(text="hello @shopbotty", entities=[], chat=GROUP) == []


def test_an_address_behind_words_is_told() -> None:
    hidden = {"type": "text_link", "offset": 3, "length": 4, "url": "https://shop.example/17"}
    (said,) = read(text="🙂 This is broken.", entities=[hidden])
    assert said.text == "🙂 This (https://shop.example/17) is broken."
    shown = hidden | {"offset": 0, "length": 12, "url": "https://shop.example/"}
    assert [one.text for one in read(text="shop.example?", entities=[shown])] == ["shop.example?"]
