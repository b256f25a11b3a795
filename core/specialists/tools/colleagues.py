"""The tools with which a specialist turns to another one. Above: `toolbox`. Below: `base`.

The handoff is only wished for here; the loop carries it out when all results of the step are
recorded. What a consulted colleague says is evidence, never words for the customer.
"""

from __future__ import annotations

import json
from typing import Protocol

from pydantic import AliasChoices, Field

from core.specialists.tools.base import Arguments, Bench, HandoffWish, Risk, error_result

HANDOFF = "handoff"
CONSULT = "consult"
_BRIEF = 1500


class Colleagues(Protocol):
    """The other specialists, as those tools see them."""

    def refuse_handoff(self, to: str) -> str | None:
        """Why a handoff to `to` cannot be, in words for the model; None: it can."""
        ...

    async def consult(self, specialist: str, question: str) -> str:
        """The answer of a colleague, as the model reads it."""
        ...


class HandoffArguments(Arguments):
    """Arguments of `handoff`."""

    to: str = Field(
        validation_alias=AliasChoices("to", "specialist", "name"),
        description="Name of the specialist.",
    )
    brief: str = Field(
        default="",
        validation_alias=AliasChoices("brief", "reason", "summary"),
        description="What the colleague must know: what the customer wants, what is known, what "
        "was tried.",
    )


class ConsultArguments(Arguments):
    """Arguments of `consult`."""

    specialist: str = Field(
        validation_alias=AliasChoices("specialist", "to", "name"),
        description="Name of the specialist to ask.",
    )
    question: str = Field(min_length=3, description="One question that stands for itself.")


class Handoff:
    """Hand the customer over to another specialist, who answers in this same turn."""

    name = HANDOFF
    description = (
        "Hand the customer over to the specialist whose job this is. They answer now, in your "
        "place; write nothing to the customer about it."
    )
    arguments = HandoffArguments
    level = 0
    risk: Risk = "note"

    async def run(self, arguments: HandoffArguments, bench: Bench, *, key: str) -> str:
        """Note the wish; the first one of a turn counts."""
        to = arguments.to.strip()
        if bench.colleagues is None:
            return error_result("nobody else is here")
        if bench.handoff is not None:
            return error_result(f"already handing over to {bench.handoff.to}; noted for them")
        if (problem := bench.colleagues.refuse_handoff(to)) is not None:
            return error_result(problem)
        bench.handoff = HandoffWish(to=to, brief=arguments.brief[:_BRIEF])
        return json.dumps({"ok": True, "note": f"{to} answers now."})


class Consult:
    """Ask another specialist a question, and go on with the answer."""

    name = CONSULT
    description = (
        "Ask a colleague of another speciality one question. Only you see the answer; it is "
        "information for your own answer."
    )
    arguments = ConsultArguments
    level = 0
    risk: Risk = "read"

    async def run(self, arguments: ConsultArguments, bench: Bench, *, key: str) -> str:
        """The colleague's answer as JSON with its author."""
        if bench.colleagues is None:
            return error_result("nobody else is here")
        return await bench.colleagues.consult(arguments.specialist.strip(), arguments.question)
