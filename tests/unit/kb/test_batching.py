"""Texts that wait for the model together."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from core.errors import KnowledgeError
from core.runtime import spawn
from kb.documents import Vector
from kb.embed.batching import Batcher
from tests.fakes.waiting import until


class Model:
    """Embeds by length once it is let go; keeps what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def run(self, texts: list[str]) -> list[Vector]:
        self.batches.append(texts)
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [np.array([len(text)], dtype=np.float32) for text in texts]


def batcher(model: Model, *, cache: int = 100, characters: int = 100) -> Batcher:
    return Batcher(model.run, cache_texts=cache, most_texts=4, most_characters=characters)


async def test_texts_that_come_while_the_model_works_go_together() -> None:
    model = Model()
    waiting = batcher(model)
    tasks = [spawn(waiting.vectors([text]), name=text) for text in ("a", "bb", "ccc", "dddd")]
    await until(lambda: bool(model.batches))
    model.go.set()
    found = [float((await task)[0][0]) for task in tasks]
    assert found == [1, 2, 3, 4]
    assert model.batches == [["a", "bb", "ccc", "dddd"]]


async def test_a_text_that_waits_already_is_not_embedded_twice() -> None:
    model = Model()
    waiting = batcher(model)
    tasks = [spawn(waiting.vectors(["same", "same"]), name=str(n)) for n in range(5)]
    await until(lambda: bool(model.batches))
    model.go.set()
    assert [len(await task) for task in tasks] == [2] * 5
    assert model.batches == [["same"]]


async def test_a_known_text_is_not_embedded_again_until_it_is_forgotten() -> None:
    model = Model()
    model.go.set()
    waiting = batcher(model, cache=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await waiting.vectors([text])
    assert model.batches == [["a"], ["b"], ["c"], ["b"]]


async def test_a_question_goes_before_an_import() -> None:
    model = Model()
    waiting = batcher(model, characters=10)
    bulk = spawn(waiting.vectors([f"passage {n}" for n in range(20)]), name="bulk")
    await until(lambda: len(model.batches) == 1)
    question = spawn(waiting.vectors(["question"]), name="question")
    await asyncio.sleep(0)
    model.go.set()
    await question
    assert model.batches[1] == ["question"]
    assert len(await bulk) == 20


async def test_batches_are_bounded_by_texts_and_characters() -> None:
    model = Model()
    model.go.set()
    await batcher(model, characters=30).vectors(["x" * size for size in (40, 9, 10, 11, 12, 1)])
    assert [len("".join(batch)) for batch in model.batches] == [40, 30, 13]


async def test_a_failure_reaches_all_who_wait_and_the_next_call_tries_again() -> None:
    model = Model()
    model.error = KnowledgeError("no")
    waiting = batcher(model)
    tasks = [spawn(waiting.vectors(["a"]), name=str(n)) for n in range(3)]
    model.go.set()
    for task in tasks:
        with pytest.raises(KnowledgeError):
            await task
    model.error = None
    assert float((await waiting.vectors(["a"]))[0][0]) == 1


async def test_one_who_gives_up_does_not_take_the_answer_from_others() -> None:
    model = Model()
    waiting = batcher(model)
    first = spawn(waiting.vectors(["a"]), name="first")
    second = spawn(waiting.vectors(["a"]), name="second")
    await until(lambda: bool(model.batches))
    first.cancel()
    model.go.set()
    assert float((await second)[0][0]) == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_ends_what_waits() -> None:
    model = Model()
    waiting = batcher(model)
    task = spawn(waiting.vectors(["a"]), name="waits")
    await until(lambda: bool(model.batches))
    await waiting.close()
    with pytest.raises(asyncio.CancelledError):
        await task
