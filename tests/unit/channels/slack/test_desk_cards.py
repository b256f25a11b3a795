"""What the desk shows, and that nobody's words can do anything in it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.slack.desk.anchor import Anchor, read_anchor
from channels.slack.desk.asking import draw_approval
from channels.slack.desk.blocks import Post
from channels.slack.desk.card import digest_of, draw_card
from channels.slack.desk.ids import read_value
from channels.slack.desk.lines import Share, draw, draw_change, draw_draft
from channels.slack.desk.routes import Routes
from channels.slack.desk.transcript import draw_transcript
from channels.slack.desk.view import View, name_of
from core.approvals.records import Approval
from core.conversation import Head
from core.customers.records import Subject
from core.escalation.clocks import Clock, Clocks
from core.escalation.desk_rules import DeskRoute
from core.escalation.standing import standing_of
from core.ids import ConversationId, EntryId
from core.messages import Address, Attachment, Author, Citation, Entry
from tests.fakes.slack.schema import check_blocks
from tests.integration.desk_rig import buttons, make_case, raw, read

CONVERSATION = ConversationId("cv_00_AAAAAAAAAAAAAAAAAAAAAA")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CUSTOMER = Author(role="customer", name="Anna")
AI = Author(role="ai", name="AI", specialist="billing")
MIRA = Author(role="human_agent", name="Mira", id="slack:T1:U1", avatar="fl_AAAAAAAAAAAAAAAAAAAAAA")
# Everything that calls somebody, masks a link, or breaks out of a block.
EVIL = [
    "<!channel> <!here> <!everyone> <!subteam^S1>", "<@U0ANN0001> <#C1|general>",
    "<https://evil.example|https://bank.example>", "```break``` `out` *bold* _it_ ~no~",
    "a & b &lt;!channel&gt; <b>", "> quote\n>>> all\n" * 200, "x" * 9000, "\n" * 5000 + "end",
    "<!date^0^{date}|now>", "🙂" * 4000,
]  # fmt: skip


def entry(text: str = "", author: Author = CUSTOMER, **fields: Any) -> Entry:
    return Entry.model_validate(
        {"id": EntryId("e1"), "author": author, "text": text, "seq": 7, "at": NOW,
         "address": Address(channel="web", chat="c")} | fields
    )  # fmt: skip


def view(*entries: Entry, **fields: Any) -> View:
    head = Head(
        id=CONVERSATION, owner="human", case=5, created_at=NOW, updated_at=NOW, language="en",
        address=Address(channel="telegram", chat="1"), level=2,
    )  # fmt: skip
    case = fields.pop("case", make_case(CONVERSATION))
    standing = standing_of(entries, case, start=5)
    made = View(head=head, case=case, standing=standing, now=NOW, customer="Anna")
    return replace(made, **fields)


def posts(pieces: list[Any]) -> list[Post]:
    return [piece for piece in pieces if isinstance(piece, Post)]


def message(post: Post) -> dict[str, Any]:
    return {"text": post.text, "blocks": list(post.blocks)}


def unmarked(text: str) -> str:
    """Without what we write ourselves between angle brackets: times, and links to files."""
    return re.sub(r"<(!date\^\d{6,}\^[^<>]*|https://files\.example/[^<>]*)>", "", text)


@pytest.mark.parametrize("evil", EVIL)
def test_nobodys_words_can_call_anybody_or_mask_a_link(evil: str) -> None:
    case = make_case(
        CONVERSATION, span=evil, summary=evil, facts=(evil,), promises=(evil,), reason=evil[:60],
        tried=({"what": evil, "result": evil},),
        suggestion={"text": evil, "score": 0.5, "sources": ({"document": "d", "title": evil},)},
    )  # fmt: skip
    cite = Citation(document="d", title=evil[:300], span=evil, score=0.5)
    odd = Author(role="customer", name=evil[:200])
    shown = [draw_card(view(case=case, customer=evil))]
    shown += posts(draw(entry(evil, odd), view()))
    shown += posts(draw(entry(evil, Author(role="system", name=evil), kind="note"), view()))
    shown += posts(draw(entry("", MIRA, kind="control", action="close", reason=evil), view()))
    shown += posts(draw(entry("", odd, kind="control", action="rate", value=evil), view()))
    shown += [draw_draft(entry(evil, AI, kind="draft", citations=(cite,)), view())]
    shown += [draw_change(entry("old"), ["old", evil], view(), gone=False, by=evil)]
    shown += draw_transcript([entry(evil, odd), entry(evil, AI)], view())
    for post in shown:
        assert check_blocks(list(post.blocks)) is None, post
        assert "<" not in unmarked(raw(message(post)))
        assert len(post.face.name) <= 80 and "\n" not in post.face.name


@pytest.mark.parametrize("evil", EVIL[:5])
def test_words_of_the_ai_may_link_only_where_the_link_says_it_leads(evil: str) -> None:
    (post,) = posts(draw(entry(evil, AI), view()))
    assert check_blocks(list(post.blocks)) is None
    for mark in ("<!", "<@", "<#"):
        assert mark not in raw(message(post))


def test_an_address_behind_another_address_is_shown() -> None:
    (post,) = posts(draw(entry("[https://bank.example](https://evil.example)", AI), view()))
    assert "|https://bank.example>" not in raw(message(post))


def test_the_words_of_a_customer_are_shown_as_they_typed_them() -> None:
    text = "see *this* <b> & `that`\n  indented"
    (post,) = posts(draw(entry(text, language="de"), view()))
    assert read(message(post)) == f"{text}\nweb · de"
    assert (post.face.name, post.face.emoji) == ("Anna (customer)", ":globe_with_meridians:")


@pytest.mark.parametrize("word", ["word", "<&>"])
def test_long_words_are_shown_whole(word: str) -> None:
    text = " ".join(f"{word}{number}" for number in range(1000))
    made = posts(draw(entry(text), view()))
    assert all(check_blocks(list(post.blocks)) is None for post in made)
    assert " ".join(read(message(post)) for post in made).split()[:1000] == text.split()


def test_a_picture_is_shown_only_from_a_public_address() -> None:
    def link(file: Attachment) -> str:
        return f"https://files.example/{file.id}"

    (post,) = posts(draw(entry("Hi", MIRA), view(link=link)))
    assert post.face.picture == "https://files.example/fl_AAAAAAAAAAAAAAAAAAAAAA"
    (post,) = posts(draw(entry("Hi", MIRA), view(link=lambda _: "http://10.0.0.1/x")))
    assert (post.face.picture, post.face.emoji) == (None, ":bust_in_silhouette:")


def test_both_languages_are_shown_where_words_were_translated() -> None:
    said = entry("I am here", original="Jsem tady", original_language="cs", language="en")
    (post,) = posts(draw(said, view()))
    assert read(message(post)).splitlines() == ["I am here", "in cs:", "Jsem tady", "web · en"]
    answer = said.model_copy(update={"author": MIRA})
    assert "Jsem tady" in "".join(read(message(one)) for one in posts(draw(answer, view())))


@pytest.mark.parametrize(
    ("reason", "words"),
    [("sla_soon", "about to break"), ("promise_due", "due"), ("nobody_there", "Nobody"),
     ("desk_unreachable", "Slack"), ("something", "Note")],
)  # fmt: skip
def test_what_the_house_tells_people_is_marked_as_internal(reason: str, words: str) -> None:
    house = Author(role="system", name="Switchboard")
    (post,) = posts(draw(entry("Look.", house, kind="note", reason=reason), view()))
    assert words in read(message(post)) and "internal" in read(message(post))


def test_files_come_behind_the_words_each_under_a_title_of_its_own() -> None:
    file = Attachment(name="a.png", media_type="image/png", size=3, id="fl_1")
    said, first, second = draw(entry("two", attachments=(file, file)), view())
    assert isinstance(said, Post) and isinstance(first, Share) and isinstance(second, Share)
    assert (first.title, second.title) == ("a.png · 7/1", "a.png · 7/2")


def test_a_draft_carries_its_buttons_and_then_its_outcome() -> None:
    draft = entry("Try this.", AI, kind="draft", id="cv:draft:1")
    post = draw_draft(draft, view())
    assert buttons(message(post)) == ["desk.draft_send", "desk.draft_edit", "desk.draft_discard"]
    value = post.blocks[-1]["elements"][0]["value"]
    assert read_value(value) == {"c": CONVERSATION, "draft": "cv:draft:1"}
    done = draw_draft(draft, view(), "sent by Mira", "Try that.")
    assert buttons(message(done)) == [] and "Try that." in read(message(done))


def test_a_call_that_waits_shows_its_exact_arguments() -> None:
    approval = Approval(
        id="RF-1", subject=Subject(conversation=CONVERSATION), tool="request_refund", key="k",
        arguments={"number": "A-1", "amount": "1250.00", "reason": "<!channel>"}, asked_at=NOW,
        facts={"order": "A-1"},
    )  # fmt: skip
    shown = message(draw_approval(approval))
    assert '"amount": "1250.00"' in read(shown) and "<!channel>" not in raw(shown)
    assert buttons(shown) == ["desk.approve", "desk.reject"]
    assert buttons(message(draw_approval(approval, "approved"))) == []


def test_withdrawn_words_are_kept_for_people_only_where_they_may_be() -> None:
    kept = draw_change(entry("secret"), ["secret"], view(), gone=True, by="Anna")
    gone = draw_change(
        entry("secret"), ["secret"], view(keep_withdrawn=False), gone=True, by="Anna"
    )
    assert "secret" in raw(message(kept)) and "secret" not in raw(message(gone))


def test_the_card_tells_how_the_clock_stands() -> None:
    hour = timedelta(hours=1)
    running = Clock(due=NOW + hour, soon_at=NOW + hour / 2, minutes=60)
    broken = Clock(due=NOW - hour, soon_at=NOW - hour / 2, minutes=60)
    handed = entry("One moment.", AI, seq=5)
    late = read(message(draw_card(view(handed, clocks=Clocks(first_reply=broken)))))
    soon = read(message(draw_card(view(handed, clocks=Clocks(first_reply=running)))))
    assert "was due" in late and ":stopwatch: *first reply by" in soon


def test_a_case_without_a_hand_over_has_a_card_too() -> None:
    card = message(draw_card(view(case=None)))
    assert check_blocks(card["blocks"]) is None
    assert "a person is wanted" in read(card) and "level 2" in read(card)


def test_the_same_case_is_the_same_card() -> None:
    taken = entry("", MIRA, kind="control", action="take")
    assert digest_of(draw_card(view())) == digest_of(draw_card(view()))
    assert digest_of(draw_card(view())) != digest_of(draw_card(view(taken)))


def test_the_first_rule_that_fits_names_the_channel() -> None:
    routes = Routes(
        default="C0DESK001", fallback=("C0LAST001",),
        routes=(
            DeskRoute(channel="C0GOLD001", tier=("gold",), priority=("urgent",)),
            DeskRoute(channel="C0GERMAN1", language=("de", "cs")),
            DeskRoute(channel="C0REST001", specialist=("billing",)),
        ),
    )  # fmt: skip
    german = {"language": "de-AT", "tier": "gold", "priority": "low", "specialist": "billing"}
    assert routes.choices(german) == ["C0GERMAN1", "C0DESK001", "C0LAST001"]
    assert routes.choices({**german, "priority": "urgent"})[0] == "C0GOLD001"
    assert routes.choices({"language": "en"}) == ["C0DESK001", "C0LAST001"]
    assert view().traits()["tier"] == "gold"


def test_where_a_case_is_shown_is_kept_and_read_again() -> None:
    anchor = Anchor(case=5, chat="C1", ts="1.2", asked={"RF-1": "1.3"}, tried=("C0",))
    assert read_anchor(anchor.dump()) == anchor
    assert read_anchor('{"case": "x"}') is read_anchor(None) is None
    asked = {f"RF-ABCDEFG{number}": "1700000000.000100" for number in range(12)}
    assert len(anchor.model_copy(update={"asked": asked}).dump()) < 2000


def test_a_rest_is_told_in_the_readers_own_zone() -> None:
    act = entry("", MIRA, kind="control", action="snooze", value="2026-03-03T07:00:00.000Z")
    shown = posts(draw(act, view()))[0]
    assert "Mira lets it rest until <!date^1772521200^" in str(shown.blocks)
    assert "07:00:00.000Z" not in str(shown.blocks)


def test_the_ai_is_called_so_when_it_calls_people() -> None:
    author = Author(role="system", name="engine")
    act = entry("", author, kind="control", action="escalate", reason="request")
    assert posts(draw(act, view()))[0].text == "The AI called people in: request"


@pytest.mark.parametrize(
    ("contact", "called"),
    [("Jörg  Größe", "Jörg Größe"), ("anna@example.org", "anna@example.org"),
     *((number, "Customer (rest)") for number in ("telegram:123456", "ct_abc", None, " "))],
)  # fmt: skip
def test_a_customer_who_has_no_name_in_the_talk_is_called_as_the_head_knows_them(
    contact: str | None, called: str
) -> None:
    head = Head(
        id=CONVERSATION, owner="human", created_at=NOW, updated_at=NOW, contact=contact,
        address=Address(channel="rest", chat=""),
    )  # fmt: skip
    assert name_of([entry("hello", Author(role="customer", name=""))], head) == called
    assert name_of([entry("hello")], head) == "Anna"
