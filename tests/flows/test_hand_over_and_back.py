"""The hand-over and back, over REST: customer → AI → person → customer → AI that knows.

Once without a language model, once with one that is scripted; then the customer writes Czech and
the person English, and each reads their own.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.chat_server import Served, chat_server
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DECIDED = "The refund of 40 EUR for the lamp is approved"
PROMISED = "The money is on the account by Friday"
CZECH = "Dobrý den, moje lampa je rozbitá a chtěl bych vrátit peníze, jak to vypadá?"
IN_ENGLISH = "Hello, my lamp is broken and I would like my money back, how does it look?"
REPLY = "I am looking into it, you will hear from me about order SB-1042 in a moment."
IN_CZECH = "Podívám se na to, o objednávce [#1] Vám za chvíli napíšu."


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("valkey", "*.json"))
    return home / "data"


class Story:
    """One conversation, from both sides."""

    def __init__(self, api: Api, conversation: str, token: str) -> None:
        self.api = api
        self.id = conversation
        self.token = token

    @classmethod
    async def begin(cls, api: Api) -> Story:
        return cls(api, *await api.open())

    async def customer(self, text: str) -> dict[str, Any]:
        """Says it, and waits for what the AI has to say."""
        told = await self.api.ask(self.id, self.token, text)
        return next(entry for entry in told["replies"] if entry["kind"] == "message")

    async def writes(self, text: str) -> None:
        """Without waiting for anybody."""
        path = f"/conversations/{self.id}/messages"
        await self.api.call("POST", path, token=self.token, body={"text": text})

    async def person(self, act: str, **body: Any) -> Any:
        return await self.api.call(
            "POST", f"/conversations/{self.id}/{act}", body={"name": "Jana", **body}
        )

    async def state(self) -> dict[str, Any]:
        return await self.api.call("GET", f"/conversations/{self.id}")

    async def entry(self, wanted: Callable[[dict[str, Any]], bool], *, desk: bool = False) -> Any:
        """The first entry like this, as soon as it is there."""
        token = self.api.admin if desk else self.token
        async with asyncio.timeout(90):
            while True:
                entries = await self.api.entries(self.id, token)
                if found := next((entry for entry in entries if wanted(entry)), None):
                    return found
                await asyncio.sleep(0.05)


async def handed_over(story: Story) -> None:
    await story.customer("I want to talk to a human, please.")
    assert (await story.state())["owner"] == "human"


async def test_the_ai_goes_on_where_the_person_left_it_without_a_model(
    data: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(data).ready()
    story = await Story.begin(api(gateway))
    await handed_over(story)
    await story.writes("It is about the refund for my broken lamp.")
    await story.person("replies", text="Let me see what I can do.")
    await story.writes("Thank you, I am waiting.")
    await story.person("replies", text="It is settled.")
    await story.person("release", decided=DECIDED, promised=[PROMISED], open=["The old lamp"])
    word = await story.entry(lambda entry: entry.get("reason") == "returned")
    assert word["author"]["role"] == "system" and "assistant" in word["text"]
    answer = await story.customer("So what happens with my refund?")
    assert answer["author"]["role"] == "ai"
    assert "Jana" in answer["text"] and DECIDED in answer["text"] and PROMISED in answer["text"]
    again = await story.customer("How do I reset my password?")
    assert "password" in again["text"].lower(), "and it answers everything else as before"
    await story.person("replies", text="One more thing: the old lamp was collected.")
    await story.person("close")
    survey = await story.entry(lambda entry: entry.get("reason") == "survey")
    assert len(survey["parts"][0]["buttons"]) == 5
    await story.writes("5")
    rate = await story.entry(lambda entry: entry.get("action") == "rate")
    assert rate["value"] == "5"
    assert (await story.state())["status"] == "closed"
    later = await story.customer("What was decided about my lamp?")
    assert DECIDED in later["text"]
    assert await gateway.stop() == 0
    assert "Traceback" not in gateway.text()


def respond(body: dict[str, Any]) -> Served:
    """A translator for translations, and a specialist that repeats what it was told."""
    system, last = body["messages"][0]["content"], str(body["messages"][-1]["content"])
    if "You translate" in system:
        words = IN_CZECH if REPLY.split()[0] in last.split("\n")[1] else IN_ENGLISH
        return Served(pieces=(json.dumps({"translation": words}, ensure_ascii=False),))
    if f"decided by Jana: {DECIDED}" in json.dumps(body["messages"], ensure_ascii=False):
        return Served(pieces=("Your refund of 40 EUR for the lamp is approved. ", f"{PROMISED}."))
    return Served(pieces=("I do not know that.",))


async def test_the_ai_goes_on_where_the_person_left_it_with_a_model(
    data: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    async with chat_server(respond) as model:
        gateway = await start(data, OPENAI_BASE_URL=model.url).ready()
        story = await Story.begin(api(gateway))
        await handed_over(story)
        await story.person("replies", text="I have a look at your lamp right away.")
        await story.person("release", decided=DECIDED, promised=[PROMISED])
        answer = await story.customer("So what happens with my refund?")
        assert answer["text"] == f"Your refund of 40 EUR for the lamp is approved. {PROMISED}."

        czech = await Story.begin(api(gateway))
        await handed_over(czech)
        await czech.writes(CZECH)
        note = await czech.entry(lambda entry: entry.get("reason") == "translation", desk=True)
        assert (note["kind"], note["text"], note["language"]) == ("note", IN_ENGLISH, "en")
        await czech.person("replies", text=REPLY)
        said = await czech.entry(lambda entry: entry["author"]["role"] == "human_agent")
        assert said["text"] == IN_CZECH.replace("[#1]", "SB-1042")
        assert "original" not in said
        shown = await czech.entry(
            lambda entry: entry["author"]["role"] == "human_agent", desk=True
        )  # fmt: skip
        assert (shown["original"], shown["original_language"]) == (REPLY, "en")
        assert await gateway.stop() == 0
        assert "Traceback" not in gateway.text()
