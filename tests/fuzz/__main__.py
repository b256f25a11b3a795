"""`make fuzz`: a gateway of its own, and schemathesis at it for SECONDS with every scope."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.fuzz.fuzzing import Figures, fuzz, open_target

_SCOPES = ("nobody", "customer", "desk", "admin")


async def main() -> int:
    """The exit code: 1 if anything was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--scopes", nargs="*", default=_SCOPES, choices=_SCOPES)
    given = options.parse_args()
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="sbfuzz") as folder:
        async with open_target(Path(folder) / "data") as target:
            for scope in given.scopes:
                seconds = max(5, given.seconds // len(given.scopes))
                bounds = (f"--max-time={seconds}", "--phases=examples,coverage,fuzzing,stateful")
                found.append(await fuzz(target, scope, *bounds, seed=given.seed))
                print(found[-1].text, found[-1], sep="\n", flush=True)  # noqa: T201
            assert "Traceback" not in target.gateway.text(), target.gateway.text()[-4_000:]
    return int(any(figures.failed for figures in found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
