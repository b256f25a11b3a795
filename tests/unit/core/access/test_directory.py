"""The tokens that are good: their end, and who is told of it."""

from __future__ import annotations

from datetime import UTC, datetime

from core.access.directory import Directory
from core.access.records import AccessToken, digest_of, new_token

NOW = 1_800_000_000.0


def token(letters: str, name: str, ends: float | None = None) -> AccessToken:
    return AccessToken(
        id=name, name="", scope="desk", prefix=letters[:10], digest=digest_of(letters),
        created_at=datetime.fromtimestamp(NOW, UTC), created_by="tests",
        expires_at=None if ends is None else datetime.fromtimestamp(ends, UTC),
    )  # fmt: skip


def test_a_token_runs_out_by_itself_and_its_lines_are_told_once() -> None:
    now, told, letters = [NOW], list[str](), new_token()
    directory = Directory(clock=lambda: now[0])
    directory.replace([token(letters, "at_1", NOW + 60)], {})
    directory.watch("at_1", 0, lambda: told.append("one"))
    directory.watch("at_1", 0, lambda: told.append("gone"))()
    now[0] += 59
    directory.tell_ended()
    assert directory.find(letters) is not None and told == []
    now[0] += 1
    directory.tell_ended()
    directory.tell_ended()
    assert directory.find(letters) is None and told == ["one"]


def test_only_lines_of_what_ended_are_told() -> None:
    told: list[str] = []
    one, two = token("a", "at_1"), token("b", "at_2")
    directory = Directory()
    directory.replace([one, two], {})
    for name in ("at_1", "at_2"):
        directory.watch(name, 0, lambda name=name: told.append(name))
    for issued in (NOW, NOW + 10):
        directory.watch("cv_1", issued, lambda issued=issued: told.append(f"cv_1 {issued - NOW}"))
    directory.replace([two], {"cv_1": NOW + 5, "cv_2": NOW + 50})
    assert sorted(told) == ["at_1", "cv_1 0.0"]
    assert directory.is_ended("cv_1", NOW) and not directory.is_ended("cv_1", NOW + 10)


def test_what_was_used_is_told_once() -> None:
    directory = Directory()
    directory.replace([token("a", "at_1")], {})
    assert directory.find("b") is None and directory.take_used() == {}
    assert directory.find("a") is not None
    assert list(directory.take_used()) == ["at_1"] and directory.take_used() == {}
