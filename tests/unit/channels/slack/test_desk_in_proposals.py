"""What the house proposes and people decide in Slack: drafts, articles, translations, calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.approvals.records import Approval
from core.conversation import Head, TurnCommit
from core.customers.records import Subject
from core.ids import reply_entry_id
from core.messages import Author, Entry, EntryBody
from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.desk_fixtures import desk, desk_bus, shared_valkey
from tests.unit.channels.slack.desk_rig import ANN, BEN, Desk, DeskRig, modal, now

__all__ = ["desk", "desk_bus", "shared_valkey"]


async def draft(case: Desk, text: str = "You get it on Monday.") -> str:
    """A suggestion of the AI in the log, for the customer's last words."""
    log, asked = case.rig.log, (await case.entries("message"))[-1]
    if (await log.head(case.conversation)).engine_cursor >= asked.seq:
        await case.rig.say(case.conversation, "Hm?")
        asked = (await case.entries("message"))[-1]
    claim = await case.rig.claim("engine", case.conversation)
    body = EntryBody(
        id=reply_entry_id(case.conversation, claim.seen), kind="draft", text=text,
        author=Author(role="ai", name="Billing"), in_reply_to=asked.seq,
    )  # fmt: skip
    assert (await log.commit(claim, TurnCommit(entries=(body,)))).outcome == "ok"
    return body.id


async def test_a_draft_is_sent_once_whoever_presses(desk: DeskRig, slack: SlackServer) -> None:
    async with desk.open():
        case = await desk.case()
        name = await draft(case)
        post = case.post("desk.draft_send", draft=name)
        for user in (ANN, BEN, ANN):
            slack.work.press(case.channel, post, "desk.draft_send", user=user)
        await desk.settled()
        (said,) = [one for one in await case.entries("message") if one.author.role != "customer"]
    assert said.text == "You get it on Monday."
    assert said.id.endswith(f":draft:{name}")
    assert said.author.role == "human_agent"


async def test_a_draft_is_edited_before_it_goes_out(desk: DeskRig, slack: SlackServer) -> None:
    async with desk.open():
        case = await desk.case()
        name = await draft(case)
        await case.press_on(case.post("desk.draft_edit", draft=name), "desk.draft_edit")
        shown = modal(slack)["blocks"][0]["element"]["initial_value"]
        await case.submit(text="You get it on Tuesday.")
        await case.press_on(case.post("desk.draft_send", draft=name), "desk.draft_send")
    assert shown == "You get it on Monday."
    assert await case.said() == ["You get it on Tuesday."]


async def test_a_draft_that_nobody_wants_or_that_is_old_is_not_sent(desk: DeskRig) -> None:
    async with desk.open():
        case = await desk.case()
        name = await draft(case)
        await case.press_on(case.post("desk.draft_discard", draft=name), "desk.draft_discard")
        await case.press_on(case.post("desk.draft_send", draft=name), "desk.draft_send")
        assert await case.acts() == [("discard", name, "Ann")]
        older = await draft(case)
        await desk.say(case.conversation, "Never mind, it came!")
        await case.press_on(case.post("desk.draft_send", draft=older), "desk.draft_send")
    assert await case.said() == []
    assert "faster" in desk.whispers()[-1]


async def test_an_article_is_put_forward_from_the_last_question_and_answer(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case("How do I return it?")
        await case.write("With the label in the box.")
        await case.press("desk.save")
        question, answer, *_ = [b.get("element", {}) for b in modal(slack)["blocks"]]
        short = await case.submit(answer="?")
        done = await case.submit(category="returns", language="de")
        ((conversation, article, author),) = desk.saved
        *_, act = await case.acts()
    assert question["initial_value"] == "How do I return it?"
    assert answer["initial_value"] == "With the label in the box."
    assert short.response is not None
    assert set(short.response["errors"]) == {"answer"}
    assert done.response is not None
    assert "reviewed" in str(done.response)
    assert conversation == case.conversation
    assert (article.question, article.answer, article.category, article.language) == (
        "How do I return it?", "With the label in the box.", "returns", "de",
    )  # fmt: skip
    assert author.name == "Ann"
    assert act == ("save", "entry-of-the-answer", "Ann")


async def test_an_article_can_be_made_of_a_case_that_is_over(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        await desk.act(case.conversation, "close")
        await case.press("desk.save")
    assert modal(slack)["callback_id"] == "desk.form.save"


async def test_a_translation_is_shown_or_the_language_where_nobody_translates(
    desk: DeskRig,
) -> None:
    async def translate(head: Head, entry: Entry, language: str) -> str | None:
        return f"[{language}] {entry.text}"

    async with desk.open():
        case = await desk.case("Wo ist mein Paket?")
        await desk.say(case.conversation, "Es eilt", language="de")
        await case.press("desk.translate")
        assert "Language: *de*" in desk.whispers()[-1]
        assert await case.acts() == []
        backing = replace(desk.backing, translate=translate)
        desk.adapter.open_desk(backing)
        await case.press("desk.translate")
    assert "> [en] Es eilt" in desk.whispers()[-1]


def approval(conversation: str) -> Approval:
    return Approval(
        id="RF-AAAA", subject=Subject(conversation=conversation, contact="c", level=2),
        tool="request_refund", arguments={"order": "A-1", "amount": 250.5},
        facts={"Customer": "Eva"}, key="k", asked_at=now(),
    )  # fmt: skip


@pytest.mark.parametrize("do", ["approve", "reject"])
async def test_a_tools_write_is_decided_with_its_exact_arguments_in_sight(
    desk: DeskRig, slack: SlackServer, do: str
) -> None:
    async with desk.open():
        case = await desk.case()
        desk.approvals.held["RF-AAAA"] = approval(case.conversation)
        post = case.post(f"desk.{do}", approval="RF-AAAA")
        await case.press_on(post, f"desk.{do}")
        shown = " ".join(b["text"]["text"] for b in modal(slack)["blocks"] if "text" in b)
        assert desk.approvals.decided == []
        await case.submit(comment="fine")
        await case.press_on(post, f"desk.{do}", user=BEN)
    assert '"amount": 250.5' in shown
    assert '"order": "A-1"' in shown
    by = f"Ann (slack:T0TEAM001:{ANN})"
    assert desk.approvals.decided == [("RF-AAAA", do, by, "fine")]
    assert "decided before" in desk.whispers(BEN)[-1]


async def test_nothing_is_decided_from_another_conversation(desk: DeskRig) -> None:
    async with desk.open():
        case, other = await desk.case(), await desk.case("Other")
        desk.approvals.held["RF-AAAA"] = approval(other.conversation)
        await case.press_on(case.post("desk.approve", approval="RF-AAAA"), "desk.approve")
        assert desk.slack.desk.views.open == []
    assert desk.approvals.decided == []


async def test_every_window_is_within_slacks_limits_with_the_longest_words(
    desk: DeskRig, slack: SlackServer
) -> None:
    long = "Ω<&>*`" * 900
    async with desk.open():
        case = await desk.case(long)
        await case.write(long)
        desk.approvals.held["RF-AAAA"] = approval(case.conversation).model_copy(
            update={"arguments": {"why": long}, "facts": {long: long}}
        )
        name = await draft(case, "y" * 2_999)
        for action in ("desk.release", "desk.snooze", "desk.priority", "desk.resolve", "desk.save"):
            await case.press(action)
        for action in ("desk.approve", "desk.draft_edit"):
            post = case.post(action, approval="RF-AAAA", draft=name)
            await case.press_on(post, action)
    assert len(slack.desk.views.open) == 7
