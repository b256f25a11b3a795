"""Corrections of triage: proposed, reviewed, learned from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.archive.corrections import SqlCorrections
from core.archive.database import Database, open_database
from core.archive.settings import DatabaseSettings
from core.engine.corrections import NewCorrection
from core.engine.open import EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.errors import Conflict, InputError, NotFound
from core.specialists.settings import ModelSettings
from switchboard.corrections import CorrectionDoor
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder

TEXT = "the parrot in the hall is loud"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        yield database


@pytest.fixture
def book(database: Database) -> SqlCorrections:
    return SqlCorrections(database)


def proposal(**fields: str) -> NewCorrection:
    base = {"text": TEXT, "language": "en", "kind": "intent", "specialist": "general"}
    return NewCorrection.model_validate({**base, **fields})


async def test_a_proposal_is_learned_from_only_once_it_is_accepted(book: SqlCorrections) -> None:
    made = await book.propose(proposal(priority="high"), by="Ada")
    before = await book.revision()
    assert (made.status, made.proposed_by) == ("proposed", "Ada")
    assert await book.accepted() == ()
    done = await book.review(made.id, "accepted", by="Bo")
    assert (done.status, done.reviewed_by) == ("accepted", "Bo") and done.reviewed_at
    assert await book.accepted() == (done,)
    assert await book.revision() != before
    assert await book.list(status="proposed", limit=9) == []
    assert [item.id for item in await book.list(status=None, limit=9)] == [made.id]


async def test_a_review_is_final(book: SqlCorrections) -> None:
    made = await book.propose(proposal(), by="Ada")
    first = await book.review(made.id, "rejected", by="Bo")
    assert await book.review(made.id, "rejected", by="Cy") == first
    with pytest.raises(Conflict):
        await book.review(made.id, "accepted", by="Cy")
    with pytest.raises(NotFound):
        await book.review("cor_none", "accepted", by="Cy")


async def test_an_accepted_correction_routes_the_same_words_anew(
    book: SqlCorrections, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "config")
    engine = await build_engine(
        EngineSettings(), ModelSettings(), EngineFiles(config, tmp_path / "data"),
        embedder=WordEmbedder(), knowledge=FakeKnowledge(), corrections=book,
    )  # fmt: skip
    assert not await engine.refresher.refresh(), "it was just trained with all that was accepted"
    door = CorrectionDoor(book, engine)
    assert (await engine.triage.decide(TEXT)).evidence[0].text != TEXT
    fields = {"text": TEXT, "specialist": "technical", "intent": "noise", "sentiment": "negative"}
    made = await door.propose(fields, by="Ada")
    assert (made["kind"], made["language"], made["status"]) == ("intent", "en", "proposed")
    assert not await engine.refresher.refresh()
    await door.review(made["id"], "accepted", by="Bo")
    assert await engine.refresher.refresh()
    decision = await engine.triage.decide(TEXT)
    assert decision.evidence[0].label == "intent/technical/noise"
    assert decision.specialist == "technical"
    assert not await engine.refresher.refresh()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "one of"),
        ({"specialist": "ghost"}, "no ghost"),
        ({"kind": "intent"}, "specialist"),
        ({"kind": "out_of_scope", "specialist": "billing"}, "specialist"),
        ({"specialist": "billing", "intent": "Two Words"}, "intent"),
        ({"kind": "smalltalk", "intent": "gossip"}, "smalltalk"),
        ({"priority": "yesterday"}, "priority"),
        ({"sentiment": "so so"}, "sentiment"),
        ({"text": " \u200b ", "priority": "low"}, "text"),
    ],
)
async def test_what_nothing_could_be_learned_from_is_refused(
    book: SqlCorrections, tmp_path: Path, fields: dict[str, str], expected: str
) -> None:
    config = write_config(tmp_path / "config")
    engine = await build_engine(
        EngineSettings(), ModelSettings(), EngineFiles(config, tmp_path / "data"),
        embedder=WordEmbedder(), knowledge=FakeKnowledge(),
    )  # fmt: skip
    with pytest.raises(InputError, match=expected):
        await CorrectionDoor(book, engine).propose({"text": TEXT, **fields}, by="Ada")
