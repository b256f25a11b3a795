"""The language bridge, as this installation has it.

Above: `wiring`, `roles`. Below: `core.translation`, settings, the language model's servers. A
process without an engine (the desk in Slack alone) opens the model for itself.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from core.language import LanguageDetector
from core.runtime import Service
from core.translation.bridge import Bridge
from core.translation.glossary import read_glossary
from core.translation.ports import Translator
from switchboard.wiring import Parts


def is_wanted(parts: Parts) -> bool:
    """True if there is a model that may translate."""
    return parts.settings.desk.translate and bool(parts.settings.model_settings.providers)


async def open_bridge(stack: AsyncExitStack, parts: Parts) -> Bridge:
    """The bridge; without a model it tells languages and translates nothing."""
    settings = parts.settings
    engine = parts.engine
    detector = (
        engine.detector
        if engine is not None
        else LanguageDetector(settings.engine.languages, settings.engine.default_language)
    )
    translator = await _open_translator(stack, parts, detector) if is_wanted(parts) else None
    return Bridge(
        parts.bus.log, translator, detector,
        language=settings.desk.language, seconds=settings.desk.translate_seconds,
    )  # fmt: skip


def bridge_services(parts: Parts) -> list[Service]:
    """Who translates what customers write to people, if anybody can."""
    from core.translation.follower import BridgeFollower

    bridge = parts.bridge
    if bridge is None or not bridge.can_translate:
        return []
    return [BridgeFollower(parts.bus, bridge, grace_seconds=parts.settings.grace_seconds)]


async def _open_translator(
    stack: AsyncExitStack, parts: Parts, detector: LanguageDetector
) -> Translator:
    # Imported when it is needed: the client library costs a third of a second at start.
    from core.bus.budgets import StoredMeters
    from core.privacy.masking.model import MaskingModel
    from core.specialists.model import OpenAIModel
    from core.translation.model import ModelTranslator

    settings = parts.settings
    model: Any = parts.engine.model if parts.engine is not None else None
    if not isinstance(model, OpenAIModel):
        model = OpenAIModel(settings.model_settings)
        stack.push_async_callback(model.close)
    return ModelTranslator(
        MaskingModel(model, settings.privacy.masking), settings.model_settings, detector,
        glossary=read_glossary(settings.config_dir / "glossary.toml"),
        meters=StoredMeters(parts.bus.calls, shards=parts.bus.settings.shards),
        price=model.price,
    )  # fmt: skip
