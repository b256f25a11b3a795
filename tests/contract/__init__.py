"""Contracts: one suite of sentences for every implementation of a port."""

import pytest

# Tests that live in modules of other names than test_*.py tell what differed, too.
pytest.register_assert_rewrite(
    *(f"tests.contract.log_{part}" for part in ("accept", "claims", "commits", "sends", "store"))
)
pytest.register_assert_rewrite(
    *(f"tests.contract.channel_{part}" for part in ("in", "life", "out"))
)
