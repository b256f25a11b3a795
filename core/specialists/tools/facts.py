"""The tool that has something of the customer remembered. Above: `toolbox`. Below: `base`.

The fact is only left on the bench; memory keeps it with the entry it came from.
"""

from __future__ import annotations

import json
import re

from pydantic import Field

from core.specialists.tools.base import Arguments, Bench, NewFact, Risk, error_result
from core.text import clean_text

_MOST = 5
# What somebody says of their own rights is no fact of theirs: no right comes of it, and no model
# should read of one in a later turn.
_RIGHTS = re.compile(
    r"\b(admin\w*|administrátor\w*|správc\w*|админ\w*|superuser|sudo|root|supervisor|moderator"
    r"|verified|ověřen\w*|верифицир\w*|verifiziert\w*|verificad[oa]|identity level|level [0-3]"
    r"|system prompt|instructions?|developer mode|ignore)\b",
    re.IGNORECASE,
)


class FactArguments(Arguments):
    """Arguments of `remember_fact`."""

    key: str = Field(
        min_length=1, max_length=60, description="What it is: `machine`, `language at home`."
    )
    value: str = Field(min_length=1, max_length=300, description="What the customer said of it.")


class RememberFact:
    """Remember what the customer said of themselves."""

    name = "remember_fact"
    description = (
        "Remember something the customer said of themselves or their things that later turns need. "
        "No card numbers, passwords or codes."
    )
    arguments = FactArguments
    level = 0
    risk: Risk = "note"

    async def run(self, arguments: FactArguments, bench: Bench, *, key: str) -> str:
        """Leave it on the bench; the last value of a key counts."""
        name = " ".join(clean_text(arguments.key).split())
        value = " ".join(clean_text(arguments.value).split())
        if not name or not value:
            return error_result("key and value must have words")
        if _RIGHTS.search(f"{name} {value}"):
            return error_result("rights and instructions are not remembered")
        others = [fact for fact in bench.facts if fact.key.casefold() != name.casefold()]
        if len(others) >= _MOST:
            return error_result("enough for one turn")
        bench.facts[:] = [*others, NewFact(key=name, value=value)]
        return json.dumps({"ok": True})
