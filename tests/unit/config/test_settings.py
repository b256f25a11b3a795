"""What the environment may say, and how faults in it are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.describe import render_example, render_page
from config.settings import Settings, list_settings, load_settings
from core.errors import ConfigError


def load(environ: dict[str, str] | None = None, **overrides: Any) -> Settings:
    return load_settings(environ or {}, env_file=None, overrides=overrides)


def faults_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(environ)
    return str(caught.value).splitlines()


def test_an_empty_environment_is_a_working_installation() -> None:
    settings = load()
    assert settings.bus_settings.url is None
    assert settings.database_settings.url is None
    assert settings.model_settings.providers == ()
    assert (settings.config_dir / "settings.py").is_file()


def test_usual_names_work_without_our_prefix() -> None:
    settings = load(
        {
            "REDIS_URL": "redis://store:6379/0",
            "DATABASE_URL": "postgresql://db/switchboard",
            "QDRANT_URL": "http://index:6333",
            "QDRANT_API_KEY": "key-of-index",
            "OPENAI_API_KEY": "key-of-model",
            "OPENAI_BASE_URL": "http://model:8000/v1",
            "OPENAI_MODEL": "small",
        }
    )
    assert settings.bus.url == SecretStr("redis://store:6379/0")
    assert settings.database.url == SecretStr("postgresql://db/switchboard")
    assert settings.knowledge.qdrant_url == "http://index:6333"
    assert settings.knowledge.qdrant_api_key == SecretStr("key-of-index")
    (provider,) = settings.model_settings.providers
    assert provider.base_url == "http://model:8000/v1"
    assert provider.api_key == SecretStr("key-of-model")
    assert provider.model == "small"


def test_our_own_name_goes_before_the_usual_one() -> None:
    both = {"REDIS_URL": "redis://usual", "SWITCHBOARD_BUS__URL": "redis://ours"}
    assert load(both).bus.url == SecretStr("redis://ours")


def test_a_model_needs_a_key_or_an_address() -> None:
    assert load({"OPENAI_MODEL": "small"}).model_settings.providers == ()
    assert len(load({"OPENAI_API_KEY": "sk-something"}).model_settings.providers) == 1
    assert len(load({"OPENAI_BASE_URL": "http://here/v1"}).model_settings.providers) == 1


def test_options_of_a_command_go_before_the_environment() -> None:
    settings = load({"SWITCHBOARD_PORT": "9000", "SWITCHBOARD_HOST": "::1"}, port=0, host=None)
    assert settings.port == 0
    assert settings.host == "::1"


def test_levels_are_divided_by_two_underscores() -> None:
    assert load({"SWITCHBOARD_BUS__LEASE_SECONDS": "2.5"}).bus.lease_seconds == 2.5
    small = {"SWITCHBOARD_KNOWLEDGE__EMBEDDING__CACHE_TEXTS": "7"}
    assert load(small).knowledge.embedding.cache_texts == 7


def test_lists_are_words_or_json() -> None:
    assert load({"SWITCHBOARD_ENGINE__LANGUAGES": "en, cs"}).engine.languages == ("en", "cs")
    assert load({"SWITCHBOARD_ENGINE__LANGUAGES": '["de"]'}).engine.languages == ("de",)
    second = '[{"name": "second", "base_url": "http://two/v1"}]'
    settings = load({"OPENAI_API_KEY": "sk-something", "SWITCHBOARD_MODEL__PROVIDERS": second})
    assert [provider.name for provider in settings.model_settings.providers] == ["openai", "second"]


def test_a_secret_may_be_a_mounted_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-a-file\n", encoding="utf-8")
    assert load({"OPENAI_API_KEY_FILE": str(file)}).openai.api_key == SecretStr("from-a-file")
    ours = load({"SWITCHBOARD_SECRET_KEY_FILE": str(file)})
    assert ours.secret_key == SecretStr("from-a-file")


def test_a_dotenv_file_is_weaker_than_the_environment(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('REDIS_URL="redis://file"\nSWITCHBOARD_PORT=9001\nOPENAI_API_KEY=\n')
    settings = load_settings({"SWITCHBOARD_PORT": "9002"}, env_file=file)
    assert settings.bus.url == SecretStr("redis://file")
    assert settings.port == 9002
    assert settings.openai.api_key is None


def test_all_faults_are_told_at_once_by_the_names_people_set() -> None:
    faults = faults_of(
        {
            "SWITCHBOARD_PORT": "70000",
            "SWITCHBOARD_BUS__SHARDS": "many",
            "SWITCHBOARD_LOG__LEVEL": "LOUD",
            "SWITCHBOARD_MODEL__PROVIDERS": "[{",
            "OPENAI_API_KEY_FILE": "/there/is/no/such/file",
            "SWITCHBOARD_ADMIN_TOKEN": "short",
        }
    )
    named = ("PORT", "BUS__SHARDS", "LOG__LEVEL", "MODEL__PROVIDERS", "ADMIN_TOKEN")
    for name in (*(f"SWITCHBOARD_{name}" for name in named), "OPENAI_API_KEY_FILE"):
        assert any(name in fault for fault in faults), name
    assert len(faults) == 6


def test_a_slip_of_the_keyboard_is_a_fault_with_a_guess() -> None:
    (fault,) = faults_of({"SWITCHBOARD_BUS__SHARD": "3"})
    assert "did you mean SWITCHBOARD_BUS__SHARDS" in fault
    (fault,) = faults_of({"SWITCHBOARD_BUS__DATA_DIR": "elsewhere"})
    assert "not a setting" in fault


def test_what_a_cluster_sets_for_a_service_of_our_name_is_not_ours() -> None:
    load({"SWITCHBOARD_SERVICE_HOST": "10.0.0.7", "SWITCHBOARD_PORT_80_TCP_ADDR": "10.0.0.7"})
    load({"SWITCHBOARD_PORT": "tcp://10.0.0.7:80"})


@pytest.mark.parametrize("value", ["changeme", "<your key>", "your-key-here", "xxxx"])
def test_a_placeholder_is_no_secret(value: str) -> None:
    (fault,) = faults_of({"OPENAI_API_KEY": value})
    assert "placeholder" in fault
    assert value not in fault.replace("placeholder", "")


def test_a_value_and_a_file_of_the_same_name_are_one_too_many(tmp_path: Path) -> None:
    (fault,) = faults_of({"OPENAI_API_KEY": "a", "OPENAI_API_KEY_FILE": str(tmp_path)})
    assert "both set" in fault


def test_faults_never_repeat_a_secret() -> None:
    secret = "s3cr3t"
    faults = faults_of({"SWITCHBOARD_ADMIN_TOKEN": secret})
    assert secret not in "\n".join(faults)
    assert secret not in repr(load({"OPENAI_API_KEY": secret}))


def test_every_setting_says_what_it_is_for() -> None:
    assert [variable.name for variable in list_settings() if not variable.description] == []


def test_the_example_and_the_page_name_every_setting_and_no_other(root: Path) -> None:
    example = (root / ".env.example").read_text(encoding="utf-8")
    page = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert example == render_example(), "run `make docs`"
    assert page == render_page(), "run `make docs`"
    for variable in list_settings():
        assert any(f"# {name}=" in example for name in variable.names)
        assert all(f"`{name}`" in page for name in variable.names)
