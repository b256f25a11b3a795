"""The specialists as the loop plays them, and what they may ask of each other.

Above: `loop`, `core.engine.assisted`. Below: `registry`, `prompts`, `tools.colleagues`.

Who handed the customer over does not get them back, and one turn has one handoff at most; a
colleague is consulted for reading only and consults nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from core.specialists.prompts import canary_of, system_prompt
from core.specialists.registry import SpecialistRegistry
from core.specialists.spec import SpecialistSpec
from core.specialists.task import Part
from core.specialists.tools.colleagues import CONSULT, HANDOFF

Ask = Callable[[str, str], Awaitable[str]]


class Team:
    """The specialists there are now, by name."""

    def __init__(self, registry: SpecialistRegistry) -> None:
        self._registry = registry

    def part(self, name: str) -> Part | None:
        """That specialist, if it exists."""
        spec = self._registry.find(name)
        return None if spec is None else self.part_of(spec)

    def part_of(self, spec: SpecialistSpec) -> Part:
        """A specialist that is at hand."""
        return Part(
            name=spec.name,
            system=system_prompt(spec, self._registry.all()),
            instructions=spec.instructions,
            canary=canary_of(spec),
            tools=tuple(tool for tool in spec.tools if tool != CONSULT or spec.consult),
            categories=spec.categories,
            consult=spec.consult,
            sees=spec.sight,
            temperature=spec.temperature,
            model=spec.model,
            max_steps=spec.max_steps,
        )

    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(spec.name for spec in self._registry.all())


class Colleagues:
    """`tools.colleagues.Colleagues` for the specialist who speaks in a turn now."""

    def __init__(self, team: Team, part: Part, hops: Sequence[str], ask: Ask) -> None:
        self._team = team
        self._part = part
        self._hops = tuple(hops)
        self._ask = ask
        self._handed = False

    def hand_to(self, part: Part) -> None:
        """The customer is with `part` now, and stays there for this turn."""
        self._hops = (*self._hops, self._part.name)
        self._part = part
        self._handed = True

    @property
    def part(self) -> Part:
        """Who speaks."""
        return self._part

    def tools(self) -> tuple[str, ...]:
        """What the speaking specialist may call now."""
        own = self._part.tools
        return tuple(tool for tool in own if tool != HANDOFF) if self._handed else own

    def refuse_handoff(self, to: str) -> str | None:
        """See `tools.colleagues.Colleagues`."""
        others = [name for name in self._team.names() if name != self._part.name]
        if self._handed:
            return "the customer was handed over once in this turn: answer yourself"
        if to == self._part.name:
            return "that is you: answer yourself"
        if to not in others:
            return f"there is no specialist {to[:40]!r}; there are {', '.join(others)}"
        if to in self._hops:
            return f"{to} has just handed this customer over to you: answer, or call offer_human"
        return None

    async def consult(self, specialist: str, question: str) -> str:
        """See `tools.colleagues.Colleagues`."""
        return await self._ask(specialist, question)
