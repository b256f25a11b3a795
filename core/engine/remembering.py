"""Memory at the two ends of a turn: what the claim says, and what the turn did.

Above: the turn. Below: `state`, `scene`, `core.memory`. Pure.
"""

from __future__ import annotations

from collections.abc import Collection

from core.conversation import Claim
from core.engine.scene import Scene
from core.engine.state import EngineState
from core.engine.trail import Trail
from core.memory.forgetting import take_back
from core.memory.update import read_entries, remember
from core.specialists.tools.base import Bench


def state_before(claim: Claim, default_language: str) -> EngineState:
    """The engine's state with the new entries taken in (of a claim `with_changes`)."""
    state = EngineState.of(claim.state)
    language = claim.head.language or default_language
    shown = (*claim.history, *claim.entries)
    rest = take_back(state.memory, shown, language)
    if rest is not state.memory:  # the trail holds figures of what was asked
        state = state.model_copy(update={"trail": Trail()})
    memory = read_entries(rest, shown, language)
    return state.with_memory(memory)


def state_behind(
    scene: Scene, state: EngineState, bench: Bench | None, acting: Collection[str]
) -> EngineState:
    """The state with what the turn did and had remembered. `acting`: tools that change things."""
    decision = scene.decision
    memory = remember(
        state.memory,
        seq=scene.claim.seen,
        at=scene.claim.entries[-1].at,
        language=scene.language,
        mood=decision.sentiment if decision else None,
        noted=bench.facts if bench else (),
        ledger=bench.ledger if bench else (),
        acts=acting,
    )
    return state.with_memory(memory)
