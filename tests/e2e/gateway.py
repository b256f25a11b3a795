"""The real gateway as its own process, and a language model in the test's hands.

Above: the tests of the whole road. Below: `switchboard up`, aiohttp.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
_SENTENCE = re.compile(r"[^.!?]+[.!?]+\s*")


class Model:
    """An OpenAI-compatible server that streams sentence by sentence, and waits where told to."""

    def __init__(self, script: Callable[[str], str | None]) -> None:
        self.script = script
        self.asked: list[str] = []
        self.url = ""
        self.hold_after: int | None = None
        """Sentences after which the next answer waits for `go_on`; used once."""
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()

    def hold(self, sentences: int) -> None:
        """Make the next answer stop after so many sentences."""
        self.hold_after = sentences
        self.held.clear()
        self.go_on.clear()

    @asynccontextmanager
    async def serve(self) -> AsyncGenerator[Model]:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield self
        finally:
            self.go_on.set()
            await runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        said = [m["content"] for m in body["messages"] if m["role"] == "user"]
        self.asked.append(str(said[-1]))
        answer = self.script(str(said[-1]))
        if answer is None or not body.get("stream"):
            return web.json_response({"error": {"message": "not today"}}, status=400)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, sentence in enumerate(_SENTENCE.findall(answer)):
            if number == self.hold_after:
                self.hold_after = None
                self.held.set()
                await self.go_on.wait()
            await response.write(_chunk({"content": sentence}))
        await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
        return response


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    shape = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return b"data: " + json.dumps(shape).encode() + b"\n\n"


class Gateway:
    """`switchboard up` on one data folder and one port; it may be killed and started again."""

    def __init__(self, folder: Path, model_url: str, **environ: str) -> None:
        self.data = folder / "data"
        self.ready_file = folder / "ready.json"
        self.log_file = folder / "gateway.log"
        self.url = ""
        self.token = ""
        self._environ = {"OPENAI_BASE_URL": model_url, "OPENAI_API_KEY": "none", **environ}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until it says that it is ready."""
        self.ready_file.unlink(missing_ok=True)
        port = self.url.rpartition(":")[2] or "0"
        environment = os.environ | self._environ
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "switchboard", "up", "--port", port),
                *("--ready-file", str(self.ready_file), "--data", str(self.data)),
                cwd=ROOT, env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(START_SECONDS):
            while not self.ready_file.exists():
                if self._process.returncode is not None:
                    raise RuntimeError(self.log_file.read_text("utf-8")[-3000:])
                await asyncio.sleep(0.05)
        ready = json.loads(self.ready_file.read_text("utf-8"))
        self.url, self.token = ready["url"], ready["admin_token"]

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process, and wait for its end."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(20):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """The REST API, as the admin."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            ClientSession(headers=headers) as session,
            session.request(method, f"{self.url}/api/v1{path}", json=body or None) as response,
        ):
            assert response.status < 300, await response.text()
            return dict(await response.json())

    async def entries(self, conversation: str) -> list[dict[str, Any]]:
        """The log of a conversation, as REST tells it."""
        page = await self.call("GET", f"/conversations/{conversation}/entries?after=0")
        return list(page["entries"])
