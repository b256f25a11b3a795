"""Services that run until the end of a block, as a process runs them.

Above: rigs and tests that need some services of a gateway and not the whole. Below: `core.runtime`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from core.runtime import Service, end_tasks, spawn

_SECONDS = 10.0


@asynccontextmanager
async def serving(*services: Service) -> AsyncGenerator[None]:
    """All of them, ready. What one of them died of is raised at the end."""
    stop = asyncio.Event()
    readies = [asyncio.Event() for _ in services]
    tasks = [
        spawn(service.run(stop, ready), name=service.name)
        for service, ready in zip(services, readies, strict=True)
    ]
    try:
        for ready in readies:
            async with asyncio.timeout(_SECONDS):
                await ready.wait()
        yield
    finally:
        stop.set()
        try:
            await asyncio.wait(tasks, timeout=_SECONDS)
        finally:  # also of who was cancelled, perhaps while it waited here
            await end_tasks(*tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()
