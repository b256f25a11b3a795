"""The support of answers by their source, on judged responses and made ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core.errors import InputError
from core.specialists.checks.groundedness import evaluate_grounding
from core.specialists.checks.grounding import support

SHARED = Path(
    os.environ.get("SWITCHBOARD_SHARED_DATA")
    or Path(__file__).resolve().parents[2].parent / "shared" / "data"
)
PARTS = ("begin_dev_cmu.tsv", "begin_dev_wow.tsv")


@pytest.mark.parametrize("name", PARTS)
def test_support_tells_what_is_attributable(name: str) -> None:
    path = SHARED / "groundedness" / name
    if not path.is_file():
        pytest.skip("the groundedness data is not here")
    began = time.perf_counter()
    figures = evaluate_grounding(path)
    each = (time.perf_counter() - began) / figures["n"] * 1000
    assert figures["auroc"] >= 0.93
    assert figures["f1"] >= 0.8
    assert each < 8, f"{each:.1f} ms a row, the source read anew for each"


def test_the_file_is_read_without_quoting(tmp_path: Path) -> None:
    file = tmp_path / "judged.tsv"
    file.write_text(
        "model_name\tknowledge\tmessage\tresponse\tbegin_label\n"
        'a\tthe "big tank holds two litres\tx\tthe big tank holds two litres\tFully attributable\n'
        'a\tthe tank holds two litres"\tx\tmy dog likes long walks\tNot fully attributable\n'
        "a\tthe tank holds two litres\tx\thaha\tGeneric\n",
        encoding="utf-8",
    )
    figures = evaluate_grounding(file)
    assert figures["n"] == 3
    assert figures["auroc"] == 1.0 == figures["f1"]
    file.write_text("knowledge\tresponse\na\tb\n", encoding="utf-8")
    with pytest.raises(InputError, match="begin_label"):
        evaluate_grounding(file)


def test_support_falls_with_what_is_added() -> None:
    source = "You can return an item within 30 days of delivery and we refund you in full."
    whole = support("You can return an item within 30 days.", source)
    half = support("You can return an item within 30 days and keep the free espresso cups.", source)
    assert whole > half > support("Members enjoy complimentary espresso cups.", source)
