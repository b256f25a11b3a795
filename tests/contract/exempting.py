"""Skips the tests of clauses that a rig cannot meet. Exemptions are data: the clause, and why.

Above: the contracts. Below: pytest.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest


def skip_exempt(request: pytest.FixtureRequest, exempt: Mapping[str, str]) -> None:
    """Skip a test of a clause that is among these, and say why."""
    for clause in getattr(request.function, "clauses", ()):
        if reason := exempt.get(clause):
            pytest.skip(f"{clause}: {reason}")
