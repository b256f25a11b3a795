"""A typed answer: by schema, in words where a server takes none, mended once."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from core.errors import ModelGarbage, ModelRefused, ModelTimeout
from core.specialists.structured import ask_shape, schema_of
from tests.fakes.scripted_model import ScriptedModel, Step, fails, says

GOOD = '{"kind": "question", "score": 0.5}'


class Decision(BaseModel):
    """What is asked for."""

    kind: Literal["question", "smalltalk"]
    score: float = Field(default=1.0, ge=0, le=1)


async def ask(*steps: Step) -> tuple[Decision, ScriptedModel]:
    model = ScriptedModel(*steps)
    found, use = await ask_shape(model, "Decide.", "Hi", Decision, deadline_seconds=5)
    assert use.tokens_in == 100 * sum(step.error is None for step in steps)
    model.assert_done()
    return found, model


@pytest.mark.parametrize(
    "text",
    [GOOD, f"```json\n{GOOD}\n```", f"<think>hm {{</think>Here you are: {GOOD}", f"\n {GOOD}\n"],
)
async def test_the_object_is_found_in_what_the_model_writes(text: str) -> None:
    found, _ = await ask(says(text))
    assert found == Decision(kind="question", score=0.5)


@pytest.mark.parametrize("wrong", ["", "none", '{"kind": "dance"}', '{"kind": "question", "sc'])
async def test_a_wrong_answer_is_mended(wrong: str) -> None:
    found, model = await ask(says(wrong), says(GOOD))
    assert found.kind == "question"
    assert "does not fit" in model.requests[1].messages[-1]["content"]


async def test_a_server_that_takes_no_schema_is_told_in_words() -> None:
    found, model = await ask(fails(ModelRefused()), says(GOOD))
    assert found.kind == "question"
    assert '"smalltalk"' in model.requests[1].messages[0]["content"]


async def test_what_never_fits_is_garbage_and_other_errors_pass() -> None:
    with pytest.raises(ModelGarbage):
        await ask(says("no"), says("no"), says("no"))
    with pytest.raises(ModelTimeout):
        await ask(fails(ModelTimeout()))
    with pytest.raises(ModelGarbage):
        await ask(says("x" * 9_000))


def test_the_schema_is_strict() -> None:
    schema = schema_of(Decision)
    assert schema["required"] == ["kind", "score"] and schema["additionalProperties"] is False
    assert "default" not in schema["properties"]["score"]
