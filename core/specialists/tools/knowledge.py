"""The tool that searches what the company knows. Above: `toolbox`. Below: `core.ports`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.errors import KnowledgeError
from core.ports import KnowledgeBase, SearchResult
from core.specialists.tools.base import Arguments, Bench, Risk, error_result

_QUERY = 500


class SearchArguments(Arguments):
    """Arguments of `search_knowledge`."""

    query: str = Field(min_length=2, description="What to look for, in any language.")


class SearchKnowledge:
    """Search over what the company knows."""

    name = "search_knowledge"
    description = (
        "Search the company's knowledge base. Returns numbered passages; cite those you use as [n]."
    )
    arguments = SearchArguments
    level = 0
    risk: Risk = "read"

    def __init__(self, knowledge: KnowledgeBase, *, limit: int = 5) -> None:
        self._knowledge = knowledge
        self._limit = limit

    async def run(self, arguments: SearchArguments, bench: Bench, *, key: str) -> str:
        """The passages as JSON with numbers."""
        query = arguments.query[:_QUERY]
        try:
            result = await self._search(query, bench.language, bench.categories)
            if result.verdict == "none" and bench.categories:
                result = await self._search(query, bench.language, ())
        except KnowledgeError:
            return error_result("the knowledge base cannot be searched now")
        return bench.shelf.describe(query, result, bench.language)

    async def _search(self, query: str, language: str, categories: Sequence[str]) -> SearchResult:
        return await self._knowledge.search(
            query, limit=self._limit, language=language, categories=categories
        )
