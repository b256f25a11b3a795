"""An embeddings server that works, stumbles, lies."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from aiohttp import web

from core.errors import KnowledgeError
from kb.embed.open import open_embedder
from kb.embed.remote import RemoteEmbedder
from kb.settings import EmbeddingSettings

Answer = Callable[[dict[str, Any]], web.StreamResponse]


def vectors(body: dict[str, Any]) -> web.Response:
    """Three numbers for each text, out of order."""
    rows = [
        {"index": n, "embedding": [float(len(text)), 1.0, 2.0]}
        for n, text in enumerate(body["input"])
    ]
    return web.json_response({"data": rows[::-1]})


class Server:
    """Gives the next scripted answer, and true vectors when the script is over."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.keys.append(request.headers.get("Authorization"))
        return (self.script.pop(0) if self.script else vectors)(self.bodies[-1])

    def embedder(self, **more: object) -> Any:
        """One that asks this server."""
        fields = {"model": "m", "base_url": self.url, "api_key": "sk-1", "timeout_seconds": 2}
        return open_embedder(EmbeddingSettings.model_validate({**fields, **more}))


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_post("/v1/embeddings", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/"
    yield made
    await runner.cleanup()


def status(code: int) -> Answer:
    return lambda _: web.Response(status=code, text="no")


def data(value: Any) -> Answer:
    return lambda _: web.json_response(value)


async def test_it_gives_unit_vectors_in_the_order_of_the_texts(server: Server) -> None:
    async with server.embedder(model="my-e5-model") as embedder:
        assert isinstance(embedder, RemoteEmbedder)
        found = await embedder.embed(["a", "bbb\x00", "a"])
    assert (embedder.size, embedder.name) == (3, "remote/my-e5-model@3+query: ")
    assert found[0] == found[2]
    assert found[0][0] < found[1][0]
    assert sum(value**2 for value in found[0]) == pytest.approx(1)
    assert server.bodies[-1]["input"] == ["query: a", "query: bbb"]
    assert server.keys[-1] == "Bearer sk-1"


async def test_an_empty_text_is_sent_as_a_space(server: Server) -> None:
    async with server.embedder() as embedder:
        await embedder.embed([""])
    assert server.bodies[-1]["input"] == [" "]


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_it_tries_again_when_that_may_help(server: Server, code: int) -> None:
    async with server.embedder() as embedder:
        server.script = [status(code), status(code)]
        assert len(await embedder.embed(["a"])) == 1


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (status(500), 3),
        (status(401), 1),
        (data({"data": []}), 1),
        (data({"error": "x"}), 1),
        (data([1]), 1),
        (data({"data": [{"index": 0, "embedding": [1.0]}]}), 1),
        (data({"data": [{"index": 0, "embedding": ["x", 1, 2]}]}), 1),
        (lambda _: web.Response(text='{"data": [{"index": 0, "embedding": [NaN, 1, 2]}]}'), 1),
        (lambda _: web.Response(text="<html>"), 3),
        (lambda _: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), 1),
    ],
    ids=["500", "401", "none", "error", "list", "size", "text", "nan", "html", "redirect"],
)
async def test_anything_else_is_a_knowledge_error(
    server: Server, answer: Answer, calls: int
) -> None:
    async with server.embedder() as embedder:
        asked = len(server.bodies)
        server.script = [answer] * 5
        with pytest.raises(KnowledgeError):
            await embedder.embed(["a"])
        assert len(server.bodies) - asked == calls
        server.script = []
        assert len(await embedder.embed(["a"])) == 1


async def test_a_server_that_is_not_there_is_a_knowledge_error() -> None:
    settings = EmbeddingSettings.model_validate({"base_url": "http://127.0.0.1:1/v1"})
    with pytest.raises(KnowledgeError):
        async with open_embedder(settings):
            pass
