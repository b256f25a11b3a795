"""A stored conversation runs again: the same files give the same answers, others show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.rehearsal.conversation import Rehearsal
from core.rehearsal.replay import Stored, replay, story_of
from core.rehearsal.story import read_stories
from tests.fakes.knowledge import FakeKnowledge, passage
from tests.unit.core.engine.conftest import BuildEngine


async def record(rehearsal: Rehearsal, question: str = "How do I reset my password?") -> Stored:
    """A conversation with a question, a person, and a wish; as the archive has it."""
    receipts: dict[int, dict[str, object]] = {}

    async def turn() -> None:
        turned = await rehearsal.turn()
        if turned.entries:
            receipts[turned.entries[0].seq] = turned.receipt

    rehearsal.say(question)
    await turn()
    rehearsal.human("I looked into it for you.")
    rehearsal.act("release")
    await turn()
    rehearsal.say("talk to a human please")
    await turn()
    return Stored(
        id=rehearsal.id, language="en", channel="web", contact=None, level=0,
        entries=rehearsal.entries, receipts=receipts,
    )  # fmt: skip


async def test_on_the_same_files_nothing_differs(build: BuildEngine) -> None:
    engine = await build()
    found = await replay(await record(Rehearsal(engine.turn)), engine.turn)
    assert (found.turns, found.differences) == (2, ())


async def test_what_hangs_on_the_hour_is_no_difference(build: BuildEngine) -> None:
    engine = await build()
    stored = await record(Rehearsal(engine.turn))
    *before, last = [e for e in stored.entries if e.kind == "message" and e.author.role == "ai"]
    late = last.model_copy(update={"text": f"{last.text} We are back on Monday."})
    entries = [late if entry.seq == last.seq else entry for entry in stored.entries]
    found = await replay(
        replace(stored, entries=entries), engine.turn, fleeting=("We are back on Monday.",)
    )
    assert before and found.differences == ()
    found = await replay(replace(stored, entries=entries), engine.turn)
    assert [item.field for item in found.differences] == ["answer"]


async def test_other_knowledge_shows_where_and_how(
    build: BuildEngine, knowledge: FakeKnowledge
) -> None:
    engine = await build()
    stored = await record(Rehearsal(engine.turn), "Why does my login fail with an error?")
    knowledge.knows("login", passage("login", "Ask the porter for a new key."))
    found = await replay(stored, engine.turn)
    by_field = {item.field: item for item in found.differences}
    assert {item.seq for item in found.differences} == {2}
    assert (by_field["outcome"].was, by_field["outcome"].now) == ("offer", "reply")
    assert "porter" in by_field["answer"].now
    assert by_field["sources"].now == "Login"
    assert by_field["answer"].asked == "Why does my login fail with an error?"


async def test_a_conversation_becomes_a_story_that_expects_what_happened(
    build: BuildEngine, tmp_path: Path
) -> None:
    engine = await build()
    stored = await record(Rehearsal(engine.turn))
    (tmp_path / "s.yaml").write_text(story_of(stored), encoding="utf-8")
    (story,) = read_stories([tmp_path / "s.yaml"])
    first, human, act, last = story.turns
    assert first.customer == ("How do I reset my password?",)
    assert first.expect.cites == ("Password",)
    assert (human.human, act.act) == ("I looked into it for you.", "release")
    assert last.expect.escalates == "request"
