"""What the host took is told apart from what nobody wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.stolen import NOISE, Stolen, skip_unmeasured


def test_it_is_a_share_of_what_was_wanted_since(tmp_path: Path) -> None:
    source = tmp_path / "stat"
    source.write_text("cpu  100 0 50 900 40 0 10 200 0 0\ncpu0 1 0 5 9 4 0 1 2 0 0\n")
    stolen = Stolen(source)
    assert stolen.share() == 0
    # 60 worked (user, nice, system, interrupts), 20 stolen; idle and waiting do not count.
    source.write_text("cpu  140 5 60 1900 140 2 13 220 0 0\ncpu0 1 0 5 9 4 0 1 2 0 0\n")
    assert stolen.share() == pytest.approx(0.25)


def test_where_nobody_tells_nothing_is_stolen(tmp_path: Path) -> None:
    assert Stolen(tmp_path / "nothing").share() == 0


def test_only_a_host_that_took_much_every_time_excuses() -> None:
    skip_unmeasured(NOISE)
    with pytest.raises(pytest.skip.Exception, match="took 40%"):
        skip_unmeasured(0.4)
