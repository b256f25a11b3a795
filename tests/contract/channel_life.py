"""Contract of a channel, first part: it starts, stops, comes back, and keeps its secrets."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest
import structlog

from core.errors import SwitchboardError
from core.messages import Author, Entry, Outbound
from core.telemetry import redact
from tests.contract.channel_scene import Scene
from tests.contract.requirements import clause
from tests.fakes.waiting import until


class LifeContract:
    """See `channel_contract.ChannelContract`."""

    @clause("run:ready")
    async def test_it_is_ready_within_five_seconds(self, scene: Scene) -> None:
        adapter = scene.rig.make_adapter(scene.cupboard.house)
        ready = asyncio.Event()

        async def publish(_: object) -> Any:
            raise AssertionError("nobody said anything")

        receiving = asyncio.create_task(adapter.run(publish, ready))
        try:
            async with asyncio.timeout(5):
                await ready.wait()
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
            await adapter.close()

    @clause("run:cancel")
    async def test_cancelled_it_ends_and_leaves_no_task_behind(self, scene: Scene) -> None:
        before = asyncio.all_tasks()
        adapter = scene.rig.make_adapter(scene.cupboard.house)
        ready = asyncio.Event()

        async def publish(_: object) -> Any:
            raise AssertionError("nobody said anything")

        receiving = asyncio.create_task(adapter.run(publish, ready))
        async with asyncio.timeout(5):
            await ready.wait()
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await receiving
        await adapter.close()
        await until(lambda: not [t for t in asyncio.all_tasks() - before if _is_ours(t)])

    @clause("run:restart")
    async def test_what_is_said_while_it_does_not_run_arrives_once(self, scene: Scene) -> None:
        async with scene.running():
            await scene.hears("anna", "Before.")
        await scene.rig.says("anna", "Between.")
        async with scene.running():
            await scene.rig.redelivers()
            await scene.events_are(2)
            await scene.hears("anna", "After.")
        assert scene.texts == ["Before.", "Between.", "After."]
        assert len({event.conversation for event in scene.events}) == 1

    @clause("run:reconnect")
    async def test_after_a_cut_it_comes_back_and_nothing_is_lost(self, scene: Scene) -> None:
        async with scene.running():
            await scene.hears("anna", "Before.")
            await scene.rig.cuts()
            await scene.rig.says("anna", "While it was cut.")
            await scene.rig.redelivers()
            await scene.events_are(2)
            await scene.rig.cuts()
            await scene.asks("anna", answer="Here we are.")
            assert [s.text for s in await scene.shows("anna", 1)] == ["Here we are."]
        assert scene.texts == ["Before.", "While it was cut.", "A question?"]
        assert len({event.conversation for event in scene.events}) == 1

    @clause("secret:quiet")
    async def test_no_credential_is_in_logs_errors_or_representations(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        said: list[str] = []
        with structlog.testing.capture_logs(processors=[redact]) as logs:
            async with scene.running():
                event = await scene.hears("anna", "Hello.")
                adapter = scene.adapter
                for kind in ("temporary", "permanent", "rate_limit", "unsure"):
                    scene.rig.fails(kind, seconds=0.2)
                    said += await _provoke(adapter.send, event) if adapter else []
                await scene.rig.noise("anna", "garbage")
                await scene.rig.cuts()
                scene.intake.is_down = True
                await scene.rig.says("anna", "The store is away.")
                await until(lambda: scene.intake.refused > 0)
                scene.intake.is_down = False
                await scene.rig.redelivers()
                await until(lambda: len(scene.events) == 2)
                said += [repr(adapter), str(vars(adapter))] if adapter else []
        shown = "\n".join([*said, caplog.text, *map(repr, logs)])
        for secret in scene.rig.secrets:
            assert secret not in shown


def _is_ours(task: asyncio.Task[Any]) -> bool:
    """True unless it belongs to the emulator, which lives in the same loop."""
    code: Any = getattr(task.get_coro(), "cr_code", None)
    file = code.co_filename if code is not None else ""
    return "/tests/fakes/" not in file and "/aiohttp/web_" not in file


async def _provoke(send: Any, event: Any) -> list[str]:
    """What an attempt to send says when it fails."""
    entry = Entry.model_validate(
        {"id": "x:1:0", "seq": 2, "at": "2026-01-01T00:00:00Z", "author": Author(role="ai"),
         "text": "Something."}
    )  # fmt: skip

    async def report(_: object) -> None:
        pass

    try:
        await send(Outbound(conversation=event.conversation, to=event.address, entry=entry), report)
    except SwitchboardError as error:
        return [repr(error), error.public_text or "", *traceback.format_exception(error)]
    return []
