"""What an older version of the product left in the database does no harm."""

from __future__ import annotations

from pathlib import Path

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from kb.open import open_knowledge
from kb.settings import KnowledgeSettings
from kb.truth import Truth
from tests.fakes.knowledge import WordEmbedder


async def test_a_calibration_of_another_version_is_made_anew(tmp_path: Path) -> None:
    settings = KnowledgeSettings.model_validate({"exemplars_dir": tmp_path})
    embedder = WordEmbedder()
    async with open_database(DatabaseSettings.model_validate({"data_dir": tmp_path})) as database:
        await database.migrate()
        async with open_knowledge(settings, database, embedder=embedder) as knowledge:
            await knowledge.add_document(title="Opening hours", text="We open at nine.", id="hours")
        truth = Truth(database)
        old = {
            "frame": {},
            "calibration": {"weights": [1.0, 2.0], "sure_cut": 0.5, "unsure_cut": 0.1},
        }
        await truth.save_calibration(embedder.name, old)
        async with open_knowledge(settings, database, embedder=embedder) as knowledge:
            await knowledge.build()
            found = await knowledge.searcher.search("opening hours")
            assert [passage.document for passage in found.passages] == ["hours"]
        stored = await truth.calibration(embedder.name)
        assert stored is not None
        assert stored.data["calibration"] != old["calibration"]
