"""Edits of what a case's thread in Slack shows, wherever the words were changed."""

from __future__ import annotations

from tests.integration.desk_rig import (
    CUSTOMER,
    MIRA,
    DeskRig,
    read,
    rig,
    slack,
)

__all__ = ["rig", "slack"]


async def test_an_edit_changes_the_message_and_keeps_the_old_words(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        said = await rig.says(talk, "My order is A-1", CUSTOMER)
        target = (await rig.bus.log.entries(talk.conversation, after=said.seq - 1))[0]
        await rig.settled(talk)
        await rig.says(
            talk, "My order is A-2", CUSTOMER, kind="control", action="edit", value=target.id
        )
        await rig.settled(talk)
        shown = rig.thread(talk)[2]
        assert read(shown).startswith("My order is A-2") and "My order is A-1" in read(shown)
        assert "edited by Anna" in read(shown)
        await rig.acts(talk, "delete", CUSTOMER, value=target.id)
        await rig.settled(talk)
    assert "withdrawn by Anna" in read(shown) and "My order is A-2" in read(shown)
    assert [read(one) for one in rig.thread(talk)[3:]] == [
        ":pencil2: Anna changed a message", ":pencil2: Anna took back a message",
    ]  # fmt: skip


async def test_an_edit_of_words_from_before_the_case_is_told_with_the_new_words(
    rig: DeskRig,
) -> None:
    async with rig.running():
        talk = await rig.escalate("My order is A-1")
        await rig.settled(talk)
        target = (await rig.bus.log.entries(talk.conversation))[0]
        await rig.says(
            talk, "My order is A-2", CUSTOMER, kind="control", action="edit", value=target.id
        )
        await rig.settled(talk)
    assert rig.words(talk)[-1] == ":pencil2: Anna changed a message\nMy order is A-2"


async def test_words_of_the_console_follow_their_edit_there(rig: DeskRig) -> None:
    async with rig.running():
        talk = await rig.escalate()
        await rig.says(talk, "Come on Munday", MIRA, id="desk:console:1")
        await rig.settled(talk)
        change = {"kind": "control", "action": "edit", "value": "desk:console:1"}
        await rig.says(talk, "Come on Monday", MIRA, **change)
        await rig.settled(talk)
    shown, told = rig.words(talk)[2:]
    assert shown.startswith("Come on Monday\n:pencil2: edited by Mira; before:")
    assert "Munday" in shown and told == ":pencil2: Mira changed a message"
