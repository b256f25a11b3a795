"""A real model server goes wrong in every way; the customer gets one sound reply in time."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from core.conversation import TurnCommit
from core.engine.open import Engine, EngineFiles, open_engine
from core.engine.settings import EngineSettings
from core.engine.steps import MemorySteps
from core.messages import Entry
from core.specialists.model import OpenAIModel
from core.specialists.settings import ModelSettings, ProviderSettings
from tests.fakes.claims import Pieces, Talk
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.model_server import ANSWER, missing_parts, model_server
from tests.fakes.raw_model import piece, raw_model

PASSAGE = "Open Settings and choose Reset. It takes 5 minutes."
# Long enough for the slowest of machines; only who falls silent is left after a second.
TURN_SECONDS, PATIENT, SHORT = 20.0, 15.0, 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    if (reason := missing_parts()) is not None:
        pytest.skip(reason)
    with model_server(tmp_path_factory.mktemp("aimock")) as url:
        yield url


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engine")
    write_config(folder / "config")
    return folder


def provider(url: str, name: str = "first") -> ProviderSettings:
    return ProviderSettings(name=name, base_url=url, model="test-model", price_in=1, price_out=2)


def model_settings(*providers: ProviderSettings, silence: float = PATIENT) -> ModelSettings:
    return ModelSettings(
        providers=providers, first_chunk_seconds=silence, next_chunk_seconds=silence,
        retry_seconds=0.05,
    )  # fmt: skip


async def open_with(settings: ModelSettings, folder: Path) -> AsyncGenerator[Engine, None]:
    knowledge = (
        FakeKnowledge()
        .knows("password", passage("password", PASSAGE))
        .knows("card", passage("card", "Add a new card under Billing."))
    )
    files = EngineFiles(config=folder / "config", data=folder / "data")
    async with open_engine(
        EngineSettings(turn_seconds=TURN_SECONDS), settings, files,
        embedder=WordEmbedder(), knowledge=knowledge,
    ) as engine:  # fmt: skip
        yield engine


@pytest.fixture
async def engine(server: str, config: Path) -> AsyncGenerator[Engine, None]:
    async for engine in open_with(model_settings(provider(server)), config):
        yield engine


async def ask(engine: Engine, word: str) -> tuple[TurnCommit, Entry, Pieces]:
    """One turn; it must end in one message within its deadline."""
    talk, pieces = Talk().customer(f"How do I reset my password? {word}"), Pieces()
    began = time.monotonic()
    commit = await engine.turn.run(talk.claim(), pieces, MemorySteps())
    assert time.monotonic() - began < TURN_SECONDS
    (entry,) = talk.apply(commit)
    return commit, entry, pieces


async def test_a_streamed_answer_is_shown_checked_and_paid_for(engine: Engine) -> None:
    commit, entry, pieces = await ask(engine, "works")
    assert entry.text == ANSWER == pieces.text and len(pieces.shown) > 1
    assert entry.citations[0].document == "password"
    assert commit.tokens_used > 0 and commit.cost > 0


async def test_a_tool_is_called_over_the_wire(engine: Engine) -> None:
    commit, entry, _ = await ask(engine, "looks-up")
    assert entry.text == "Add a new card under Billing."
    assert entry.citations[0].document == "card"
    assert commit.receipt is not None
    assert commit.receipt["tools"][0]["arguments"] == {"query": "change card"}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("limited", "model_limited"),
        ("failing", "model_failed"),
        ("refusing", "model_refused"),
        ("cut", "model_connection"),
        ("silent", "model_timeout"),
        ("stalling", "model_timeout"),
        ("garbage", "model_garbage"),
        ("dropping", "model_connection"),
        ("empty", "check_empty"),
        ("inventing", "check_numbers"),
    ],
)
async def test_one_sound_reply_whatever_the_server_does(
    server: str, config: Path, word: str, code: str
) -> None:
    silence = SHORT if code == "model_timeout" else PATIENT
    async for engine in open_with(model_settings(provider(server), silence=silence), config):
        commit, entry, pieces = await ask(engine, word)
        assert entry.text == PASSAGE and entry.citations[0].document == "password"
        assert pieces.text == ""
        assert commit.receipt is not None and commit.receipt["fallback"] == code


@pytest.mark.parametrize(
    ("events", "hold", "code"),
    [
        ((piece("Choose Reset. "), piece("And th")), False, "model_cut"),
        ((piece("Choose Reset. "), piece("And th")), True, "model_timeout"),
        ((piece("Choose Reset. "), b"data: {broken\n\n"), False, "model_garbage"),
        ((piece("Choose Reset. "), b'data: {"error": {"message": "x"}}\n\n'), False,
         "model_garbage"),
        ((b"data: [DONE]\n\n",), False, "model_garbage"),
        ((b"\x00\xff\xfe not a stream",), False, "model_garbage"),
        ((piece("Sorry", finish="content_filter"),), False, "model_refused"),
    ],
)  # fmt: skip
async def test_streams_that_end_badly_are_taken_back(
    config: Path, events: tuple[bytes, ...], hold: bool, code: str
) -> None:
    async with raw_model(*events, hold=hold) as url:
        settings = model_settings(provider(url), silence=SHORT if hold else PATIENT)
        async for engine in open_with(settings, config):
            began = time.monotonic()
            commit, entry, pieces = await ask(engine, "")
            # The pause inside an answer has its own limit.
            assert time.monotonic() - began < TURN_SECONDS / 2
            assert entry.text == PASSAGE and pieces.text == ""
            assert commit.receipt is not None and commit.receipt["fallback"] == code


async def test_a_server_that_is_not_there_is_replaced_by_the_next(
    server: str, config: Path
) -> None:
    settings = model_settings(provider("http://127.0.0.1:9/v1", "dead"), provider(server, "alive"))
    async for engine in open_with(settings, config):
        _, entry, _ = await ask(engine, "works")
        assert entry.text == ANSWER


async def test_a_server_that_keeps_failing_is_left_alone(server: str, config: Path) -> None:
    async for engine in open_with(model_settings(provider(server)), config):
        assert isinstance(engine.model, OpenAIModel)
        for _ in range(2):
            await ask(engine, "failing")
        assert engine.model.health()["first"]["state"] == "open"
        commit, entry, _ = await ask(engine, "works")
        assert entry.text == PASSAGE
        assert commit.receipt is not None and commit.receipt["fallback"] == "model_unavailable"
