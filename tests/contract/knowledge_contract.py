"""The sentences that every knowledge base must make true.

Above: `test_knowledge`, one small class for each kind of index. Below: `requirements` (the ids).
"""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from core.errors import NotFound
from core.ports import Passage
from core.runtime import running
from kb.index import PassageIndex, Point
from kb.open import Knowledge
from tests.contract.knowledge_rig import KnowledgeRig
from tests.contract.requirements import clause
from tests.fakes.knowledge import WordEmbedder

RETURNS = """---
id: returns
title: Returning a parcel
category: returns
language: en
url: https://help.example.com/returns
---
You can return any parcel within thirty days of delivery, and we pay the postage.
"""
E14 = (
    "---\nid: e14\ntitle: Error E14\ncategory: technical\nlanguage: en\n---\nError E14: no water.\n"
)
E15 = (
    "---\nid: e15\ntitle: Error E15\ncategory: technical\nlanguage: en\n---\nError E15: no power.\n"
)
FAQ = "question,answer,category\nWhere is my invoice?,Open Billing and choose Invoices.,billing\n"
ARTICLES = {"returns.md": RETURNS, "e14.md": E14, "e15.md": E15, "faq.csv": FAQ}


async def found(knowledge: Knowledge, query: str, **more: object) -> tuple[Passage, ...]:
    """The passages of a search, best first."""
    return (await knowledge.searcher.search(query, **more)).passages  # type: ignore[arg-type]


async def names(knowledge: Knowledge, query: str) -> list[str]:
    """The documents of a search, best first."""
    return [passage.document for passage in await found(knowledge, query, language="en")]


class KnowledgeContract:
    """Inherit, and give a fixture `rig`."""

    async def fill(self, rig: KnowledgeRig, knowledge: Knowledge) -> None:
        """Four small documents."""
        for name, text in ARTICLES.items():
            rig.write(name, text)
        report = await knowledge.ingest([rig.folder / "docs"], language="en")
        assert report.failed == []

    @clause("find:right", "find:span")
    async def test_a_question_finds_its_document_with_its_source(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            best = (await found(knowledge, "can I return a parcel after delivery", language="en"))[
                0
            ]
        assert (best.document, best.title, best.category, best.language, best.url) == (
            "returns", "Returning a parcel", "returns", "en", "https://help.example.com/returns",
        )  # fmt: skip
        assert best.text.startswith("You can return any parcel within thirty days")
        assert best.span
        assert best.span in best.text
        assert 0 <= best.score <= 1
        assert best.similarity > 0.3

    @clause("find:category")
    async def test_categories_hold_everything_else_back(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            query = "can I return a parcel after delivery, error E14"
            passages = await found(knowledge, query, categories=["billing", "technical"])
        assert {passage.category for passage in passages} == {"billing", "technical"}

    @clause("find:limit")
    async def test_no_more_comes_than_was_asked_for(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            counts = [len(await found(knowledge, "parcel", limit=limit)) for limit in (0, 1, 3)]
        assert counts == [0, 1, 3]

    @clause("find:language")
    @pytest.mark.parametrize("language", ["en", "de"])
    async def test_a_translation_stands_in_for_its_original(
        self, rig: KnowledgeRig, language: str
    ) -> None:
        german = RETURNS.replace("id: returns", "id: returns-de\ntranslation_of: returns")
        rig.write("de.md", german.replace("language: en", "language: de"))
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            passages = await found(knowledge, "return any parcel", language=language)
        of_it = [passage for passage in passages if passage.document.startswith("returns")]
        assert [passage.language for passage in of_it] == [language]
        assert passages[0] == of_it[0]

    @clause("find:code")
    @pytest.mark.parametrize("written", ["error E14", "error e14?", "my display says E 14"])
    async def test_a_code_is_told_from_its_neighbour(self, rig: KnowledgeRig, written: str) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            assert (await names(knowledge, written))[0] == "e14"
            known = (await found(knowledge, "error E14", language="en"))[0]
            unknown = (await found(knowledge, "error E99", language="en"))[0]
        assert unknown.score < known.score / 2

    @clause("find:vector")
    async def test_a_given_vector_spares_the_embedding(self, rig: KnowledgeRig) -> None:
        embedder = WordEmbedder()
        async with rig.process(embedder) as knowledge:
            await self.fill(rig, knowledge)
            vector = (await embedder.embed(["return a parcel"]))[0]
            embedder.calls.clear()
            given = await found(knowledge, "return a parcel", vector=vector, language="en")
            assert embedder.calls == []
            assert given == await found(knowledge, "return a parcel", language="en")

    @clause("find:verdict")
    async def test_the_verdict_follows_the_cuts(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            for query in ("return any parcel within thirty days", "parcel", "tigers and weather"):
                result = await knowledge.searcher.search(query, language="en")
                best = max(passage.score for passage in result.passages)
                assert 0 <= result.unsure_cut <= result.sure_cut <= 1
                sure, unsure = best >= result.sure_cut, best >= result.unsure_cut
                assert result.verdict == ("sure" if sure else "unsure" if unsure else "none")

    @clause("find:nothing")
    async def test_empty_knowledge_finds_nothing(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            result = await knowledge.searcher.search("return a parcel")
        assert (result.passages, result.verdict) == ((), "none")

    @clause("find:odd")
    @pytest.mark.parametrize(
        "query",
        [
            "",
            " \n ",
            "\x00",
            "a\x00b",
            "\ud800 lone",
            "🦊" * 50,
            "word " * 40_000,
            "‮abc",
            "%' OR 1=1",
        ],
        ids=["empty", "blank", "nul", "nul-inside", "surrogate", "emoji", "endless", "rtl", "sql"],
    )
    async def test_any_text_may_be_asked(self, rig: KnowledgeRig, query: str) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            result = await knowledge.searcher.search(query, limit=2)
        assert len(result.passages) <= 2

    @clause("change:seen", "change:remove")
    async def test_one_process_finds_what_another_writes_and_removes(
        self, rig: KnowledgeRig
    ) -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        async with rig.process() as writer, rig.process() as reader:
            async with running(reader.refresher.run(stop, ready), name="refresher"):
                await self.fill(rig, writer)
                await until_found(reader, "return a parcel", "returns", there=True)
                await writer.remove("returns")
                await until_found(reader, "return a parcel", "returns", there=False)
            with pytest.raises(NotFound):
                await writer.remove("returns")
            for knowledge in (writer, reader):
                assert await in_index(knowledge) == await in_truth(knowledge)

    @clause("change:replace")
    async def test_a_changed_document_is_found_in_its_new_words(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            path = rig.write("returns.md", RETURNS.replace("thirty days", "sixty weeks"))
            report = await knowledge.ingest([path])
            best = (await found(knowledge, "return a parcel", language="en"))[0]
            listed = {document.id: document for document in await knowledge.list()}
            path = rig.write("returns.md", RETURNS + "\n## More\n\nMore words on parcels.\n")
            await knowledge.ingest([path])
            await knowledge.ingest([rig.write("returns.md", RETURNS)])
            assert await in_index(knowledge) == await in_truth(knowledge)
        assert (report.added, report.changed) == ([], ["returns"])
        assert "sixty weeks" in best.text
        assert listed["returns"].version == 2

    @clause("change:whole")
    async def test_no_search_sees_a_part_of_a_change(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            for word in ("amber", "green", "violet"):
                text = "\n\n".join(f"## Part {part}\n\nlamp {word}" for part in range(12))
                path = rig.write("lamp.md", f"---\nid: lamp\nlanguage: en\n---\n# Lamp\n\n{text}\n")
                await self.search_while(knowledge, path)

    async def search_while(self, knowledge: Knowledge, path: object) -> None:
        """Search all the time that the file is being taken in."""
        done = asyncio.Event()

        async def take_in() -> None:
            await knowledge.ingest([path])  # type: ignore[list-item]
            done.set()

        async with running(take_in(), name="ingest"):
            while not done.is_set():
                texts = {p.text for p in await found(knowledge, "lamp", limit=30, language="en")}
                assert len(texts) <= 1

    @clause("change:unchanged")
    async def test_what_has_not_changed_is_not_embedded_again(self, rig: KnowledgeRig) -> None:
        embedder = WordEmbedder()
        async with rig.process(embedder) as knowledge:
            await self.fill(rig, knowledge)
            version = (await knowledge.status())["version"]
            embedder.calls.clear()
            report = await knowledge.ingest([rig.folder / "docs"], language="en")
            assert (report.unchanged, report.added, report.changed) == (4, [], [])
            assert embedder.calls == []
            assert (await knowledge.status())["version"] == version

    @clause("change:restart")
    async def test_a_restart_finds_all_and_embeds_nothing(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            before = await names(knowledge, "where is my invoice")
        embedder = WordEmbedder()
        async with rig.process(embedder) as knowledge:
            assert await names(knowledge, "where is my invoice") == before
        assert embedder.calls == [["where is my invoice"]]

    @clause("change:model")
    async def test_two_models_live_side_by_side(self, rig: KnowledgeRig) -> None:
        class OtherEmbedder(WordEmbedder):
            name = "words-2"

            def _vector(self, text: str) -> list[float]:
                return super()._vector(text)[::-1]  # as far from the first model's as can be

        async with rig.process() as first, rig.process(OtherEmbedder()) as second:
            assert collection(first._index) != collection(second._index)
            await self.fill(rig, first)
            await second.refresh()
            for knowledge in (first, second):
                assert (await names(knowledge, "return a parcel"))[0] == "returns"
            await second.add_document(title="Gift cards", text="A gift card is valid for a year.")
            await first.refresh()
            assert (await names(first, "gift card valid"))[0].startswith("gift-cards")

    @clause("index:lost", "index:stray")
    async def test_a_lost_index_comes_back_from_the_truth(self, rig: KnowledgeRig) -> None:
        async with rig.process() as knowledge:
            await self.fill(rig, knowledge)
            expected = await names(knowledge, "return a parcel")
            rig.lose_index()
        async with rig.process() as knowledge:
            assert await names(knowledge, "return a parcel") == expected
            await knowledge.remove("returns")
        async with rig.process() as knowledge:
            assert "returns" not in await names(knowledge, "return a parcel")
            await self.leave_behind(knowledge)
        async with rig.process() as knowledge:
            assert await in_index(knowledge) == await in_truth(knowledge)

    async def leave_behind(self, knowledge: Knowledge) -> None:
        """A passage in the index that the truth does not know, as after a crash half way."""
        if not knowledge._index.shared:
            return  # a process that searches its own memory has no index to leave it in
        vector = np.ones(knowledge.embedder.size, dtype=np.float32)
        await knowledge._index.replace([], [Point("stray#0", 1, vector)])


def collection(index: PassageIndex) -> str:
    """Where an index keeps its points."""
    return index._collection


async def in_index(knowledge: Knowledge) -> list[str]:
    """The passages that a search can find: those of the shared index, or of the memory."""
    if not knowledge._index.shared:
        return sorted(knowledge._synchroniser.snapshot.rows)
    return sorted(await knowledge._index.stamps())


async def in_truth(knowledge: Knowledge) -> list[str]:
    """The passages that it should hold."""
    listed = await knowledge.list()
    return sorted(f"{item.id}#{n}" for item in listed for n in range(item.passages))


async def until_found(knowledge: Knowledge, query: str, document: str, *, there: bool) -> None:
    """Return once a search finds the document (or no longer finds it)."""
    async with asyncio.timeout(10):
        while (document in await names(knowledge, query)) != there:
            await asyncio.sleep(0.01)
