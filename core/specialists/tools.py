"""What a specialist may do in a turn, and the ledger of what it did.

Above: `loop`. Below: `core.ports`, `passages`.

Whom a call is about comes from the conversation, never from the model: no tool here takes the
customer as an argument. Arguments are the model's and are checked; a broken call gets an error as
its result, because the model can mend that.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import KnowledgeError
from core.messages import Frozen
from core.ports import KnowledgeBase, SearchResult, ToolCall
from core.specialists.checks import Evidence, json_object
from core.specialists.passages import PassageShelf

_QUERY = 500


class ToolRecord(Frozen):
    """One line of the ledger: what was called, with what, and what came of it."""

    name: str
    arguments: dict[str, Any]
    result: str
    ok: bool
    milliseconds: float


class Wish(Frozen):
    """What the specialist wants to become of the conversation: a human, now or on offer."""

    kind: str
    reason: str


class Bench:
    """What the tools of one turn work with and leave behind."""

    def __init__(self, *, language: str, categories: Sequence[str], evidence: Evidence) -> None:
        self.language = language
        self.categories = tuple(categories)
        self.evidence = evidence
        self.shelf = PassageShelf()
        self.ledger: list[ToolRecord] = []
        self.wish: Wish | None = None


class Tool(Protocol):
    """Something a model can call."""

    @property
    def name(self) -> str:
        """As the model calls it."""
        ...

    @property
    def description(self) -> str:
        """What the model is told of it."""
        ...

    @property
    def arguments(self) -> type[BaseModel]:
        """Shape of its arguments; the schema the model sees is made from it."""
        ...

    async def run(self, arguments: Any, bench: Bench) -> str:
        """Act, and give the text the model reads as the result."""
        ...


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SearchArguments(_Strict):
    """Arguments of `search_knowledge`."""

    query: str = Field(min_length=2, description="What to look for, in any language.")


class ReasonArguments(_Strict):
    """Arguments of the tools that bring in a human."""

    reason: str = Field(default="", description="Why, in one short sentence.")


class SearchKnowledge:
    """Search over what the company knows."""

    name = "search_knowledge"
    description = (
        "Search the company's knowledge base. Returns numbered passages; cite those you use as [n]."
    )
    arguments = SearchArguments

    def __init__(self, knowledge: KnowledgeBase, *, limit: int = 5) -> None:
        self._knowledge = knowledge
        self._limit = limit

    async def run(self, arguments: SearchArguments, bench: Bench) -> str:
        """The passages as JSON with numbers."""
        query = arguments.query[:_QUERY]
        try:
            result = await self._search(query, bench.language, bench.categories)
            if result.verdict == "none" and bench.categories:
                result = await self._search(query, bench.language, ())
        except KnowledgeError:
            return _error("the knowledge base cannot be searched now")
        return bench.shelf.describe(query, result, bench.language)

    async def _search(self, query: str, language: str, categories: Sequence[str]) -> SearchResult:
        return await self._knowledge.search(
            query, limit=self._limit, language=language, categories=categories
        )


class OfferHuman:
    """Offer the customer a human, and leave the choice to them."""

    name = "offer_human"
    description = "Offer the customer to talk to a human colleague. They see a button to accept."
    arguments = ReasonArguments

    async def run(self, arguments: ReasonArguments, bench: Bench) -> str:
        """Note the wish; the turn adds the offer to the answer."""
        bench.wish = bench.wish or Wish(kind="offer", reason=arguments.reason[:200])
        return json.dumps({"ok": True, "note": "The offer is shown under your answer."})


class EscalateNow:
    """Hand the conversation to a human."""

    name = "escalate"
    description = (
        "Hand the conversation over to a human colleague now: the customer asks for one, or the "
        "matter is beyond you."
    )
    arguments = ReasonArguments

    async def run(self, arguments: ReasonArguments, bench: Bench) -> str:
        """Note the wish; the turn hands over when it is committed."""
        bench.wish = Wish(kind="escalate", reason=arguments.reason[:200])
        return json.dumps({"ok": True, "note": "A human takes over after your answer."})


class Toolbox:
    """The tools of the house by name."""

    def __init__(self, tools: Sequence[Tool], *, deadline_seconds: float = 10.0) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._deadline = deadline_seconds

    def names(self, allowed: Sequence[str]) -> list[str]:
        """Those of `allowed` that exist here."""
        return [name for name in allowed if name in self._tools]

    def describe(self, allowed: Sequence[str]) -> list[dict[str, Any]]:
        """Definitions for the model, in a stable order."""
        return [_definition(self._tools[name]) for name in sorted(self.names(allowed))]

    async def run(self, call: ToolCall, allowed: Sequence[str], bench: Bench) -> ToolRecord:
        """Run one call within its deadline and give the line for the ledger; never raises."""
        began = time.perf_counter()
        arguments = json_object(call.arguments)
        ok = False
        if call.name not in self.names(allowed):
            result = _error(f"there is no tool {call.name[:60]!r}")
        elif arguments is None:
            result = _error("the arguments are not a JSON object")
        else:
            result, ok = await self._run_known(self._tools[call.name], arguments, bench)
        return ToolRecord(
            name=call.name[:60],
            arguments=arguments or {},
            result=result,
            ok=ok,
            milliseconds=round((time.perf_counter() - began) * 1000, 2),
        )

    async def _run_known(
        self, tool: Tool, arguments: dict[str, Any], bench: Bench
    ) -> tuple[str, bool]:
        try:
            parsed = tool.arguments.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            return _error(f"{'.'.join(map(str, first['loc']))}: {first['msg']}"), False
        try:
            async with asyncio.timeout(self._deadline):
                return await tool.run(parsed, bench), True
        except TimeoutError:
            return _error("the tool did not answer in time"), False


def _definition(tool: Tool) -> dict[str, Any]:
    schema = tool.arguments.model_json_schema()
    for noise in ("title", "description"):
        schema.pop(noise, None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}


def _error(text: str) -> str:
    return json.dumps({"error": text})
