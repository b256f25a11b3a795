"""Which Slack channel a case goes to: the first rule that fits, then those that are left. Pure.

Above: `threads`, the composition root. Below: the table `[desk]` of `config/escalation.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from core.escalation.desk_rules import DeskRoute, DeskRules
from core.messages import Frozen

_TRAITS = ("specialist", "language", "priority", "tier", "reason")


class Routes(Frozen):
    """All rules; `default` is where a case goes that no rule fits."""

    default: str
    routes: tuple[DeskRoute, ...] = ()
    fallback: tuple[str, ...] = ()

    @classmethod
    def of(cls, rules: DeskRules, *, default: str) -> Routes:
        """As they are configured."""
        return cls(default=default, routes=rules.routes, fallback=rules.fallback)

    def choices(self, traits: Mapping[str, str]) -> list[str]:
        """The Slack channels to try, best first."""
        found = [route.channel for route in self.routes if _fits(route, traits)][:1]
        return list(dict.fromkeys([*found, self.default, *self.fallback]))

    @property
    def channels(self) -> list[str]:
        """Every channel that is named."""
        named = [route.channel for route in self.routes]
        return list(dict.fromkeys([self.default, *named, *self.fallback]))


def _fits(route: DeskRoute, traits: Mapping[str, str]) -> bool:
    """True if the case has one of the values of every trait that is named."""
    for name in _TRAITS:
        wanted = cast("tuple[str, ...]", getattr(route, name))
        have = traits.get(name, "").casefold()
        if wanted and not any(_is(have, one.casefold(), name) for one in wanted):
            return False
    return True


def _is(have: str, wanted: str, trait: str) -> bool:
    """`de` is also `de-AT`."""
    return have == wanted or (trait == "language" and have.startswith(f"{wanted}-"))
