"""Questions that people answer for now: handed over honestly, with a draft beside."""

from __future__ import annotations

from pathlib import Path

from core.conversation import Head
from core.engine.drafting import DraftingTurn
from core.engine.open import Engine, EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.steps import MemorySteps
from core.ids import ConversationId
from core.learning.autonomy import Mode
from core.specialists.settings import ModelSettings
from tests.fakes.claims import Pieces, Talk
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder

QUESTION = "How do I reset my password?"


class Modes:
    """Autonomy in which one intent is for people."""

    def __init__(self, *drafted: str) -> None:
        self.drafted = drafted
        self.asked: list[str] = []

    async def mode_of(self, intent: str) -> Mode:
        self.asked.append(intent)
        return "draft" if intent in self.drafted else "auto"


async def make(folder: Path, knowledge: FakeKnowledge, modes: Modes) -> Engine:
    return await build_engine(
        EngineSettings(), ModelSettings(), EngineFiles(folder / "config", folder / "data"),
        embedder=WordEmbedder(), knowledge=knowledge, autonomy=modes,
    )  # fmt: skip


async def test_the_customer_is_told_at_once_and_the_draft_comes_behind(
    shared_folder: Path, knowledge: FakeKnowledge
) -> None:
    modes = Modes("technical.general")
    engine = await make(shared_folder, knowledge, modes)
    talk = Talk().customer("hello").customer(QUESTION)

    async def look(conversation: ConversationId) -> Head:
        return talk.head

    turn = DraftingTurn(engine.turn, engine.drafter, look)
    pieces = Pieces()
    commit = await turn.run(talk.claim(), pieces, MemorySteps())
    assert commit.seen == 0 and pieces.shown == []
    said = talk.apply(commit)
    assert [(e.kind, e.action) for e in said] == [("message", None), ("control", "escalate")]
    assert said[0].text.startswith("en:left_to_people") and talk.head.owner == "human"
    assert commit.receipt is not None and commit.receipt["case"]["reason"] == "may_not_act"
    talk.cursor = 0  # the commit did not move it past the question
    talk.head = talk.head.model_copy(update={"last_customer_seq": 2})
    behind = await turn.run(talk.claim(), pieces, MemorySteps())
    (draft,) = talk.apply(behind)
    assert draft.kind == "draft" and draft.in_reply_to == 2
    assert draft.text == "Open Settings and choose Reset. It takes 5 minutes."
    assert behind.seen is None and pieces.shown == []


async def test_other_questions_and_small_talk_are_answered(
    shared_folder: Path, knowledge: FakeKnowledge
) -> None:
    modes = Modes("billing.general")
    engine = await make(shared_folder, knowledge, modes)
    commit = await engine.turn.run(Talk().customer(QUESTION).claim(), Pieces(), MemorySteps())
    assert commit.head.owner is None and modes.asked == ["technical.general"]
    await engine.turn.run(Talk().customer("hello there").claim(), Pieces(), MemorySteps())
    assert len(modes.asked) == 1
