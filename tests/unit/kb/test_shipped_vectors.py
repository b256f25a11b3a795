"""The vectors that come with the product are those of its texts, and of its model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from config.settings import load_settings
from core.archive.database import open_database
from core.engine.open import EngineFiles, open_engine
from kb.embed.local import LocalEmbedder
from kb.embed.shipped import load_shipped, save_shipped
from kb.open import open_knowledge
from kb.settings import EmbeddingSettings

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.mark.slow
async def test_a_first_start_hardly_needs_the_model(
    tmp_path: Path,
) -> None:
    settings = load_settings({}, env_file=None, overrides={"data": tmp_path})
    async with open_database(settings.database_settings) as database:
        await database.migrate()
        async with open_knowledge(settings.knowledge_settings, database) as knowledge:
            embedder = knowledge.embedder
            assert isinstance(embedder, LocalEmbedder)
            await knowledge.ingest([settings.config_dir / "knowledge"])
            files = EngineFiles(settings.config_dir, settings.data)
            async with open_engine(
                settings.engine, settings.model_settings, files,
                embedder=embedder, knowledge=knowledge.searcher,
            ):  # fmt: skip
                # A few are left: a calibration that runs while the knowledge is half read draws
                # another sample. If this fails, texts changed: `make vectors`, commit the file.
                assert embedder.texts_computed <= len(load_shipped(embedder.name)) // 50


async def test_what_is_shipped_is_what_the_model_says() -> None:
    shipped = LocalEmbedder(EmbeddingSettings())
    await shipped.load()
    found = load_shipped(shipped.name)
    assert len(found) > 1_000
    general = tomllib.loads((CONFIG / "specialists" / "general.toml").read_text("utf-8"))
    texts = [general["examples"][language][0] for language in ("en", "cs", "ru")]
    computed = np.array(shipped._encode(texts))
    for text, vector in zip(texts, computed, strict=True):
        kept = found.find(text)
        assert kept is not None, text
        assert float(np.dot(vector, kept)) > 0.9995
    await shipped.close()


def test_the_same_vectors_give_the_same_file_and_are_found_again(tmp_path: Path) -> None:
    one = np.array([1, 0, 0, 0], dtype=np.float32)
    half = np.array([0.5, 0.5, 0.5, 0.5], dtype=np.float32)
    vectors = {"b": half, "a": one}
    first = save_shipped("m/x@1", vectors, tmp_path).read_bytes()
    again = save_shipped("m/x@1", dict(reversed(vectors.items())), tmp_path).read_bytes()
    assert first == again
    found = load_shipped("m/x@1", tmp_path).find("a")
    assert found is not None
    assert found.tolist() == [1, 0, 0, 0]
    assert load_shipped("m/x@1", tmp_path).find("c") is None
    assert load_shipped("other", tmp_path).find("a") is None
