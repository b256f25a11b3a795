"""The tools of the house by name: who may call what, within which deadline.

Above: `core.specialists.loop`, `core.engine.acts`. Below: `base`, `pending`. Arguments are the
model's and are checked; a broken call gets an error as its result, because the model can mend that.

Rights come from three places only: the specialist's file (`allowed`), the identity level of the
subject, and the customer's yes to a write. No text gives one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import ValidationError

from core import observing
from core.errors import SwitchboardError
from core.ports import ToolCall
from core.specialists.checks import json_object
from core.specialists.tools.base import (
    ACTS,
    Bench,
    Outside,
    Prepared,
    Preparing,
    Risk,
    Tool,
    ToolRecord,
    error_result,
    is_error,
)
from core.specialists.tools.pending import PendingCall, new_pending
from core.specialists.tools.results import needs_identification

_ASKS_FIRST = (
    "the customer is asked to confirm under your answer; nothing has been done yet, say no more "
    "than what they are asked for"
)
_ONE_AT_A_TIME = "the customer is asked about another call already; one at a time"


class Toolbox:
    """The tools of the house by name. Those that write run when the customer has said yes to the
    exact call, but for the tools named in `unasked`."""

    def __init__(
        self,
        tools: Sequence[Tool],
        *,
        deadline_seconds: float = 10.0,
        unasked: Collection[str] = (),
    ) -> None:
        self._unasked = frozenset(unasked)
        self._tools = {tool.name: tool for tool in tools}
        own = (tool for tool in tools if not isinstance(tool, Outside))
        self._definitions = {tool.name: _definition(tool) for tool in own}
        self._deadline = deadline_seconds

    @property
    def acting(self) -> frozenset[str]:
        """The tools that change something of the customer's."""
        return frozenset(name for name, tool in self._tools.items() if tool.risk in ACTS)

    def names(self, allowed: Sequence[str]) -> list[str]:
        """Those of `allowed` that can be called here now."""
        return [name for name in allowed if name in self._tools and _is_there(self._tools[name])]

    def risk(self, name: str, allowed: Sequence[str]) -> Risk | None:
        """What a call of this tool may do; None when it cannot be called."""
        return self._tools[name].risk if name in self.names(allowed) else None

    def acts(self, name: str, allowed: Sequence[str]) -> bool:
        """True if a call of it would write at once; most writes wait for the customer's yes."""
        return name in self._unasked and self.risk(name, allowed) in ACTS

    def of_risk(self, allowed: Sequence[str], *risks: Risk) -> tuple[str, ...]:
        """Those of `allowed` that may do no more than `risks` say."""
        return tuple(name for name in self.names(allowed) if self._tools[name].risk in risks)

    def describe(self, allowed: Sequence[str]) -> list[dict[str, Any]]:
        """Definitions for the model, in a stable order."""
        known = self._definitions
        return [
            known[name] if name in known else _definition(self._tools[name])
            for name in sorted(self.names(allowed))
        ]

    async def run(
        self, call: ToolCall, allowed: Sequence[str], bench: Bench, *, key: str
    ) -> ToolRecord:
        """Run one call within its deadline and give the line for the ledger; never raises. A write
        that the customer must confirm is left on the bench as `pending` instead."""
        began = time.perf_counter()
        arguments = json_object(call.arguments)
        if call.name not in self.names(allowed):
            result = error_result(f"there is no tool {call.name[:60]!r}")
        elif arguments is None:
            result = error_result("the arguments are not a JSON object")
        else:
            result = await self._run_known(self._tools[call.name], arguments, bench, key)
        return _record(call.name[:60], arguments or {}, result, began)

    async def run_pending(self, pending: PendingCall, bench: Bench) -> ToolRecord:
        """Run exactly the call that the customer has said yes to. Level and arguments are checked
        again; a repeat under the same key does nothing twice."""
        began = time.perf_counter()
        tool = self._tools.get(pending.tool)
        if tool is None:
            result = error_result(f"there is no tool {pending.tool[:60]!r}")
        else:
            result = await self._run_known(
                tool, pending.arguments, bench, pending.key, confirmed=True
            )
        return _record(pending.tool, pending.arguments, result, began)

    async def _run_known(
        self, tool: Tool, arguments: dict[str, Any], bench: Bench, key: str, *,
        confirmed: bool = False,
    ) -> str:  # fmt: skip
        if bench.subject.level < tool.level:
            return needs_identification(tool.level, bench.subject)
        try:
            parsed = tool.arguments.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            return error_result(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        asks = tool.risk in ACTS and tool.name not in self._unasked and not confirmed
        acts = tool.risk in ACTS and not asks
        try:
            async with asyncio.timeout(self._deadline):
                if asks:
                    return await _ask_first(tool, parsed, bench, key)
                result = await tool.run(parsed, bench, key=key)
        except TimeoutError:
            bench.acted = bench.acted or acts  # nobody knows: treat it as if it had
            return error_result("the tool did not answer in time")
        except SwitchboardError as error:
            if isinstance(tool, Outside):  # it may have acted before it went away
                bench.acted = bench.acted or acts
            return error_result(f"the system behind this tool is away ({error.code})")
        bench.acted = bench.acted or (acts and not is_error(result))
        bench.tainted = bench.tainted or tool.risk == "read" or isinstance(tool, Outside)
        return result


async def _ask_first(tool: Tool, parsed: Any, bench: Bench, key: str) -> str:
    """Leave the call on the bench for the customer to confirm."""
    prepared = Prepared(arguments=parsed.model_dump(mode="json"), facts={})
    if isinstance(tool, Preparing):
        looked = await tool.prepare(parsed, bench)
        if isinstance(looked, str):
            return looked
        prepared = looked
    asked = bench.pending
    if asked is not None and (asked.tool, asked.arguments) != (tool.name, prepared.arguments):
        return error_result(_ONE_AT_A_TIME)
    bench.pending = asked or new_pending(
        tool.name, prepared.arguments, prepared.facts, key=key, asked_at=bench.turn
    )
    shape = {"error": "confirmation_needed", "note": _ASKS_FIRST, **prepared.facts}
    return json.dumps(shape, ensure_ascii=False)


def _record(name: str, arguments: dict[str, Any], result: str, began: float) -> ToolRecord:
    seconds, ok = time.perf_counter() - began, not is_error(result)
    observing.tool_called(name, ok=ok, seconds=seconds)
    return ToolRecord(
        name=name, arguments=arguments, result=result, ok=ok, milliseconds=round(seconds * 1000, 2)
    )


def _is_there(tool: Tool) -> bool:
    return not isinstance(tool, Outside) or tool.offered


def _definition(tool: Tool) -> dict[str, Any]:
    schema = tool.arguments.model_json_schema()
    if not isinstance(tool, Outside):  # whose schema stays as it was pinned
        for noise in ("title", "description"):
            schema.pop(noise, None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}
