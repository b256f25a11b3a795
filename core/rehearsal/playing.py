"""Plays stories against an engine, with and without a model, with and without faults.

Above: `evaluate` of the command line, tests. Below: `conversation`, `script`, `grading`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Literal, Protocol

from core.engine.runner import TurnRunner
from core.messages import Author, EntryBody
from core.rehearsal.conversation import Rehearsal
from core.rehearsal.grading import grade_turn
from core.rehearsal.script import FAULTS, Fault, ScriptedModel
from core.rehearsal.story import EndState, Step, Story, read_move

Mode = Literal["plain", "model"]
HISTORY_PRESSURE = "history_pressure"
_PRESSURE = 120  # entries before the story, each nearly as long as a message may be


class World(Protocol):
    """The customer system and the tickets of a story."""

    async def begin(self, rehearsal: Rehearsal) -> None:
        """As it is before any story; the contact of the rehearsal is a customer in it."""
        ...

    async def problems(self, end: EndState, rehearsal: Rehearsal) -> list[str]:
        """What is not as the story wants it at the end."""
        ...


@dataclass(frozen=True)
class Slip:
    """A fault in one turn of a story: it begins at the call number `at` of the turn `turn`."""

    name: str
    turn: int = 0
    at: int = 0

    def __str__(self) -> str:
        return f"{self.name}@{self.turn}.{self.at}"

    def of_model(self, turn: int) -> Fault | None:
        """What the model does wrong in this turn."""
        return FAULTS.get(self.name) if turn == self.turn else None


@dataclass(frozen=True)
class Played:
    """One performance. No problems: it passed."""

    story: Story
    mode: Mode
    slip: Slip | None
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True if everything was as expected."""
        return not self.problems


@dataclass
class Stage:
    """The engines that play: `plain` without a model, `model` with `script` as its model."""

    plain: TurnRunner
    model: TurnRunner
    script: ScriptedModel
    world: World | None = None
    count: int = field(default=0)

    async def play(self, story: Story, mode: Mode, slip: Slip | None = None) -> Played:
        """One performance of `story`."""
        self.count += 1
        contact = story.contact
        rehearsal = Rehearsal(
            self.plain if mode == "plain" else self.model,
            number=self.count,
            contact=contact.id if contact else None,
            level=contact.level if contact else 0,
            channel=story.channel,
        )
        if self.world is not None:
            await self.world.begin(rehearsal)
        if slip is not None and slip.name == HISTORY_PRESSURE:
            _press_history(rehearsal)
        problems: list[str] = []
        for number, step in enumerate(story.turns):
            found = await self._step(rehearsal, step, number, mode, slip)
            problems += [f"turn {number + 1}: {problem}" for problem in found]
        problems += await self._end(story.end_state, rehearsal, lenient=slip is not None)
        return Played(story, mode, slip, tuple(problems))

    async def _step(
        self, rehearsal: Rehearsal, step: Step, number: int, mode: Mode, slip: Slip | None
    ) -> list[str]:
        if step.human is not None:
            rehearsal.human(step.human)
        elif step.act is not None:
            rehearsal.act(step.act)
        elif step.press is not None:
            buttons = rehearsal.buttons()
            value = buttons.get(step.press, step.press)
            if value not in buttons.values():
                return [f"there is no button {step.press!r}, only {list(buttons)}"]
            rehearsal.press(value)
        for text in step.customer:
            rehearsal.say(text)
        self.script.begin(
            [read_move(move) for move in step.model],
            slip.of_model(number) if slip else None,
            slip.at if slip else 0,
        )
        turned = await rehearsal.turn()
        problems = grade_turn(step.expect, turned, lenient=slip is not None)
        if mode == "model" and slip is None and self.script.overrun:
            problems.append("the engine asked the model more often than the script answers")
        return problems

    async def _end(self, end: EndState, rehearsal: Rehearsal, *, lenient: bool) -> list[str]:
        head = rehearsal.head
        wanted = {"owner": end.owner, "status": end.status}
        if not lenient:
            wanted["specialist"] = end.specialist
        problems = [
            f"at the end the {name} is {getattr(head, name)}, not {value}"
            for name, value in wanted.items()
            if value is not None and getattr(head, name) != value
        ]
        facts = {
            fact.get("value")
            for fact in rehearsal.state.get("memory", {}).get("facts", [])
            if not fact.get("superseded_by")
        }
        problems += [
            f"at the end {kind} {value!r} is not remembered"
            for kind, value in end.facts.items()
            if value not in facts
        ]
        if self.world is not None:
            problems += await self.world.problems(end, rehearsal)
        return problems


def slips(story: Story, names: Iterable[str], seed: int | None = None) -> list[Slip]:
    """Where each fault can strike this story: at every call of every turn, or, with a seed, at one
    of them for each fault; a dead model always at every one."""
    places = [(turn, at) for turn, step in enumerate(story.turns) for at in range(len(step.model))]
    chance = random.Random(f"{seed} {story.story}")  # noqa: S311 -- places of faults, no secret
    found: list[Slip] = []
    for name in names:
        if name == HISTORY_PRESSURE:
            found.append(Slip(name))
            continue
        if not places:
            continue
        every = seed is None or name == "dead"
        found += [Slip(name, *place) for place in (places if every else [chance.choice(places)])]
    return found


def pass_hat(outcomes: Sequence[Sequence[bool]], k: int) -> float:
    """pass^k: the chance that k performances of a story, drawn from those there were, all pass;
    the mean over the stories (tau-bench, arXiv 2406.12045)."""
    shares = [comb(sum(runs), k) / comb(len(runs), k) for runs in outcomes if len(runs) >= k]
    return sum(shares) / len(shares) if shares else 0.0


def _press_history(rehearsal: Rehearsal) -> None:
    """A long talk about nothing before the story begins, all of it read by the engine."""
    filler = "And so it went on and on, about the weather, the garden and the cat. " * 50
    for number in range(_PRESSURE):
        role: Literal["customer", "ai"] = "ai" if number % 2 else "customer"
        rehearsal.preload(EntryBody.model_validate(
            {"id": f"before:{number}", "author": Author(role=role), "text": filler}
        ))  # fmt: skip
