"""What a newcomer may set wrong, and that each comes with its mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from config.settings import Settings, load_settings
from core.errors import ConfigError
from switchboard import doctor
from switchboard.doctor_channels import check_channels


def settings(folder: Path, **environ: str) -> Settings:
    return load_settings(environ, env_file=None, overrides={"data": folder})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_BOT_TOKEN"),
        ("SLACK_DESK_CHANNEL", "SLACK_BOT_TOKEN"),
        ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"),
        ("EMAIL_IMAP_URL", "EMAIL_ADDRESS"),
        ("EMAIL_SMTP_URL", "EMAIL_ADDRESS"),
    ],
)
async def test_half_a_channel_is_a_fault_that_names_the_other_half(
    tmp_path: Path, given: str, missing: str
) -> None:
    value = {"EMAIL_IMAP_URL": "imaps://u:p@h", "EMAIL_SMTP_URL": "smtps://u:p@h"}.get(given, "C0X")
    found = await check_channels(settings(tmp_path, **{given: value}))
    faults = [item for item in found if item.state == "unfit"]
    assert len(faults) == 1
    assert given in faults[0].found and missing in faults[0].found and missing in faults[0].mend


@pytest.mark.parametrize("origin", ["shop.example.com", "https://", "https://a.example/path"])
def test_a_site_that_is_no_origin_is_refused_with_an_example(tmp_path: Path, origin: str) -> None:
    with pytest.raises(ConfigError, match="no origin") as raised:
        settings(tmp_path, WIDGET_ALLOWED_ORIGINS=f"https://good.example,{origin}")
    said = str(raised.value)
    assert "https://shop.example.com" in said and "Value error" not in said


def test_origins_and_the_star_are_taken(tmp_path: Path) -> None:
    given = settings(tmp_path, WIDGET_ALLOWED_ORIGINS="http://localhost:8000/, *")
    assert given.web.origins == {"http://localhost:8000", "*"}


async def test_a_short_identity_secret_is_worth_a_word(tmp_path: Path) -> None:
    found = await doctor._widget(settings(tmp_path, WIDGET_IDENTITY_SECRET="short"))
    assert found.state == "note" and found.mend and "short'" not in found.found
    long = settings(tmp_path, WIDGET_IDENTITY_SECRET="0123456789abcdef" * 2)
    assert (await doctor._widget(long)).state == "ok"


async def test_an_address_that_is_none_and_a_refused_key_are_faults(tmp_path: Path) -> None:
    found = await doctor._language_model(settings(tmp_path, OPENAI_BASE_URL="api.example.com/v1"))
    assert (found.state, "https://" in found.mend) == ("unfit", True)

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/v1/models", refuse)
    async with TestServer(app) as server:
        url = str(server.make_url("/v1"))
        given = settings(tmp_path, OPENAI_BASE_URL=url, OPENAI_API_KEY="wrong-key")
        found = await doctor._language_model(given)
    assert (found.state, found.mend) == ("unfit", "check OPENAI_API_KEY")


async def test_a_check_that_fails_comes_with_its_mend(tmp_path: Path) -> None:
    async def fail(_: Settings) -> doctor.Finding:
        raise ValueError("no such scheme")

    for name in ("store", "database", "archive", "knowledge", "triage"):
        found = await doctor._guard(name, fail, settings(tmp_path))
        assert found.state == "unfit" and found.mend
