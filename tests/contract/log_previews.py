"""Contract of the log: what a platform shows of an answer before the answer is there."""

from __future__ import annotations

from core.conversation import Preview
from core.ids import reply_entry_id
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import Talk, turn
from tests.contract.requirements import clause


class PreviewContract:
    """See `log_contract.LogContract`."""

    @clause("send:preview")
    async def test_who_delivers_is_told_what_shows_the_answer(self, rig: LogRig) -> None:
        talk, preview = await _shown(rig)
        claim = await talk.claim()
        done = await rig.log.commit(claim, turn(claim, "It is in Brno."))
        sender = await talk.deliverer()
        for attempt in (1, 2):  # as long as it was not sent
            ticket = await rig.log.begin_send(sender, done.seqs[0])
            assert (ticket.attempt, ticket.preview) == (attempt, preview)
        await rig.log.drop_preview(talk.conversation, "another")
        await rig.log.record_send(sender, done.seqs[0], outcome="sent")
        assert (await rig.log.begin_send(sender, done.seqs[0])).preview == preview
        await rig.log.drop_preview(talk.conversation, preview.id)
        assert (await rig.log.begin_send(sender, done.seqs[0])).preview is None

    @clause("send:preview")
    async def test_a_newer_preview_takes_the_place_of_the_older(self, rig: LogRig) -> None:
        talk, preview = await _shown(rig)
        newer = preview.model_copy(update={"id": "m2"})
        assert await rig.log.note_preview(talk.conversation, preview.entry, 0, newer)
        human = (await talk.human_says("I have it.")).seq
        assert (await rig.log.begin_send(await talk.deliverer(), human)).preview == newer

    @clause("send:preview-late")
    async def test_after_a_take_over_nothing_more_is_shown(self, rig: LogRig) -> None:
        talk, preview = await _shown(rig)
        await talk.act("take")
        epoch = (await rig.log.head(talk.conversation)).epoch
        for known in (0, epoch):
            assert not await rig.log.note_preview(talk.conversation, preview.entry, known)
            assert not await rig.log.note_preview(talk.conversation, preview.entry, known, preview)

    @clause("send:preview-late")
    async def test_once_the_answer_is_on_its_way_nothing_more_is_shown(self, rig: LogRig) -> None:
        talk, preview = await _shown(rig)
        claim = await talk.claim()
        done = await rig.log.commit(claim, turn(claim, "It is in Brno."))
        assert await rig.log.note_preview(talk.conversation, preview.entry, 0)
        await rig.log.begin_send(await talk.deliverer(), done.seqs[0])
        assert not await rig.log.note_preview(talk.conversation, preview.entry, 0)
        following = reply_entry_id(talk.conversation, 9)
        assert await rig.log.note_preview(talk.conversation, following, 0)


async def _shown(rig: LogRig) -> tuple[Talk, Preview]:
    """A conversation whose answer is being made, and shown."""
    talk = await Talk.begin(rig, push=True)
    await talk.say("Where is order 12?")
    entry = reply_entry_id(talk.conversation, 1)
    preview = Preview(entry=entry, to=talk.address, id="m1", epoch=0)
    assert await rig.log.note_preview(talk.conversation, entry, 0)
    assert await rig.log.note_preview(talk.conversation, entry, 0, preview)
    return talk, preview
