"""The doctor asks each account of a channel by its adapter's own power, and always comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from channels import registry
from channels.base import Finding
from config.settings import load_settings
from core.errors import RateLimited, TemporaryDeliveryError
from switchboard import doctor_channels
from switchboard.doctor_channels import check_account, check_channels
from tests.fakes.slack.server import BOT_TOKEN, SlackServer

SECRET = "12345:a-token-that-nobody-may-see"


class _Account:
    """An adapter of which the doctor sees only name, account, check and close."""

    name = "telegram"

    def __init__(self, answer: Sequence[Finding] | Exception | None, account: str = "one") -> None:
        self.account = account
        self.closed = False
        self._answer = answer

    async def check(self) -> Sequence[Finding]:
        if isinstance(self._answer, Exception):
            raise self._answer
        if self._answer is None:
            await asyncio.Event().wait()
        return self._answer or ()

    async def close(self) -> None:
        self.closed = True


class _Silent:
    """An adapter without the power to check itself."""

    name, account = "email", "desk"

    async def close(self) -> None:
        return


async def ask(adapter: Any, *, several: bool = False) -> list[tuple[str, str, str, str]]:
    found = await check_account(adapter, several)
    return [(item.name, item.state, item.found, item.mend) for item in found]


async def test_each_finding_is_a_line_and_a_fault_comes_with_its_mend() -> None:
    adapter = _Account([Finding(True, "@helper"), Finding(False, "no webhook", "set the address")])
    assert await ask(adapter) == [
        ("telegram", "ok", "@helper", ""),
        ("telegram", "unfit", "no webhook", "set the address"),
    ]
    assert adapter.closed


async def test_a_fault_without_a_mend_leads_to_the_page_of_the_channel() -> None:
    assert (await ask(_Account([Finding(False, "refused")])))[0][
        3
    ] == "see docs/channels/telegram.md"


async def test_several_accounts_are_told_apart() -> None:
    found = await ask(_Account([Finding(True, "@two")], "two"), several=True)
    assert found[0][0] == "telegram (two)"


async def test_a_platform_that_never_answers_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_channels, "CHECK_SECONDS", 0.02)
    adapter = _Account(None)
    found = await ask(adapter)
    assert found[0][1] == "unfit"
    assert "no answer" in found[0][2]
    assert adapter.closed


async def test_a_fault_of_the_platform_is_a_finding_in_its_words() -> None:
    found = await ask(_Account(TemporaryDeliveryError("the server answers 502", certain=True)))
    assert found[0][1:3] == ("unfit", "the server answers 502")


async def test_a_platform_that_is_busy_makes_nobody_unfit() -> None:
    found = await ask(_Account(RateLimited("slow down", retry_after_seconds=7)))
    assert found[0][1:3] == ("note", "asked to wait 7 s")


async def test_what_a_library_says_may_hold_a_secret_and_is_not_shown() -> None:
    found = await ask(_Account(RuntimeError(f"cannot reach /bot{SECRET}/getMe")))
    assert found[0][1] == "unfit"
    assert SECRET not in repr(found)


async def test_an_adapter_that_cannot_check_itself_is_no_fault() -> None:
    assert (await ask(_Silent()))[0][1] == "ok"


async def test_channels_that_are_not_configured_are_named_and_are_no_fault(tmp_path: Path) -> None:
    found = await check_channels(load_settings(overrides={"data": tmp_path}))
    assert [item.state for item in found] == ["ok"]
    for name in ("telegram", "slack", "email"):
        assert name in found[0].found
    assert not (tmp_path / "secret.key").exists()


async def test_a_configured_channel_is_built_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = [_Account([Finding(True, "@one")]), _Account([Finding(False, "gone", "mend")], "b")]
    table = {"telegram": registry.Channel("telegram", build=lambda _settings, _house: adapters)}  # pyright: ignore[reportArgumentType, reportUnknownLambdaType]
    monkeypatch.setattr(registry, "CHANNELS", table)
    settings = load_settings(overrides={"data": tmp_path})
    bots = settings.telegram.model_copy(update={"bot_token": SecretStr(SECRET)})
    found = await check_channels(settings.model_copy(update={"telegram": bots}))
    assert [(item.name, item.state) for item in found] == [
        ("telegram (one)", "ok"),
        ("telegram (b)", "unfit"),
        ("other channels", "ok"),
    ]
    assert SECRET not in repr(found)


async def test_every_channel_that_a_rule_sends_cases_to_is_looked_at(tmp_path: Path) -> None:
    async with SlackServer() as slack:
        slack.space.add_channel("C0DESK001")
        slack.space.add_channel("C0GOLD001").archived = True
        rules = '[desk]\nfallback = ["C0LAST001"]\n[[desk.routes]]\nchannel = "C0GOLD001"\n'
        (tmp_path / "escalation.toml").write_text(rules, encoding="utf-8")
        environ = {
            "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_API_URL": slack.url, "SLACK_SIGNING_SECRET": "s",
            "SLACK_DESK_CHANNEL": "C0DESK001", "SWITCHBOARD_CONFIG": str(tmp_path),
        }  # fmt: skip
        found = await check_channels(load_settings(environ))
    desk = [(item.state, item.found) for item in found if item.name == "desk"]
    assert [state for state, _ in desk] == ["unfit", "unfit"]
    assert "C0GOLD001: it is archived" in desk[0][1] and "C0LAST001" in desk[1][1]
