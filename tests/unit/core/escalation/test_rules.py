"""Reading the rules: what is shipped can be read, and an error says where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.escalation.desk_rules import DeskRules
from core.escalation.rules import read_rules


def test_the_shipped_file_names_every_threshold_of_the_desk(root: Path) -> None:
    rules = read_rules(root / "config" / "escalation.toml")
    text = (root / "config" / "escalation.toml").read_text(encoding="utf-8")
    assert rules.desk == DeskRules()
    for name in DeskRules.model_fields:
        assert f"\n{name} = " in text or f"[desk.{name}]" in text or f"[[desk.{name}]]" in text
    assert "12-25" in rules.hours.holidays


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("[policy]\nfrustration_turns = 0\n", 2, "policy.frustration_turns"),
        ("\n[desk]\nidle_minutes = 5\nreturn_minutes = -1\n", 4, "desk.return_minutes"),
        ("[desk]\nidle_minutes = 50\nreturn_minutes = 40\n", 1, "desk"),
        ("[desk]\nidel_minutes = 5\n", 2, "desk.idel_minutes"),
        ("[desk.resolution_minutes]\nlow = 1\nhigh = -1\n", 3, "desk.resolution_minutes.high"),
        (
            '[[desk.routes]]\nchannel = "C123"\n\n[[desk.routes]]\ntier = "a"\nchannel = "n"\n',
            6,
            "desk.routes.1.channel",
        ),
        ('[[desk.routes]]\nlanguage = "de"\n', 1, "desk.routes.0.channel"),
        ('[hours]\nzone = "UTC"\nholidays = ["12-25", "13-13"]\n', 3, "hours.holidays"),
        ('[reasons.legal]\nfirst_reply_minutes = 0\n', 2, "reasons.legal.first_reply_minutes"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, field: str
) -> None:
    path = tmp_path / "escalation.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_rules(path)
    assert str(caught.value).startswith(f"{path}:{line}: {field}: ")


def test_one_value_of_a_trait_is_a_list_of_one(tmp_path: Path) -> None:
    path = tmp_path / "escalation.toml"
    path.write_text('[[desk.routes]]\nchannel = "C123"\nlanguage = "de"\n', encoding="utf-8")
    assert read_rules(path).desk.routes[0].language == ("de",)
