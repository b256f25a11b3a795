"""A short run of `make fuzz`: every operation, with three scopes, from a fixed seed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fuzz.fuzzing import fuzz, open_target

SHORT = ("--phases=examples,fuzzing", "--max-examples=1")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_sent_the_api_answers_as_it_is_described(tmp_path: Path) -> None:
    async with open_target(tmp_path / "data") as target:
        runs = (fuzz(target, scope, *SHORT, seed=1) for scope in ("nobody", "customer", "admin"))
        for figures in await asyncio.gather(*runs):
            assert not figures.failed, figures.text[-6_000:]
            assert figures.operations > 80
            assert figures.cases > figures.operations
        assert "Traceback" not in target.gateway.text(), target.gateway.text()[-4_000:]
