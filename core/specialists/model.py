"""The language model: streamed chat-completions of OpenAI-compatible servers.

Above: `loop`. Below: the openai package, which is imported nowhere else.

Servers are asked in order of preference. A failure before the first piece goes to the next server
(or the same once more), within the deadline; a failure in the middle is the caller's to judge,
because pieces have been seen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import openai
import structlog
from openai import AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletionChunk

from core.errors import ModelError, ModelGarbage, ModelRefused, ModelTimeout
from core.ports import ModelChunk, ToolCall
from core.specialists.health import Breaker
from core.specialists.settings import ModelSettings, ProviderSettings
from core.telemetry import MODEL_CALLS

_log = structlog.get_logger("model")
_LONGEST_PAUSE = 3.0
_MOST_CALLS = 16


class _Limited(ModelError):
    """429: the server says when to come back."""

    code = "model_limited"
    retryable = True

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("the model is over its limit")
        self.retry_after_seconds = retry_after_seconds


@dataclass
class _Provider:
    settings: ProviderSettings
    client: AsyncOpenAI
    breaker: Breaker


@dataclass
class _Partial:
    """A tool call whose pieces still come in."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


class OpenAIModel:
    """Implements `core.ports.LanguageModel`."""

    def __init__(self, settings: ModelSettings) -> None:
        if not settings.providers:
            raise ValueError("a language model needs at least one provider")
        self._settings = settings
        self._providers = [self._open(provider) for provider in settings.providers]

    async def close(self) -> None:
        """Close the connections."""
        for provider in self._providers:
            await provider.client.close()

    def health(self) -> dict[str, dict[str, Any]]:
        """State of the breaker of each server, by name."""
        return {
            item.settings.name: {"model": item.settings.model, **item.breaker.report()}
            for item in self._providers
        }

    def price(self, model: str, tokens_in: int, tokens_out: int) -> float:
        """What a call cost, by the prices of the provider that serves `model`."""
        for item in self._providers:
            if item.settings.model == model or len(self._providers) == 1:
                rates = item.settings
                return (tokens_in * rates.price_in + tokens_out * rates.price_out) / 1e6
        return 0.0

    async def stream(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None,
        model: str | None = None,
        deadline_seconds: float,
    ) -> AsyncGenerator[ModelChunk, None]:
        """Stream one completion; the last chunk has `done=True`. Raises `ModelError`."""
        deadline = time.monotonic() + deadline_seconds
        error: ModelError = ModelError("every model server is left alone", code="model_unavailable")
        for number, provider in enumerate(self._order()):
            if number and not await self._pause(error, deadline):
                break
            started = False
            request = self._request(provider, messages, tools, temperature, model)
            try:
                async with aclosing(self._call(provider, request, deadline)) as chunks:
                    async for chunk in chunks:
                        started = started or bool(chunk.text)
                        yield chunk
            except ModelError as problem:
                self._note_failure(provider, problem)
                error = problem
                if started:
                    break
                continue
            provider.breaker.succeed()
            MODEL_CALLS.labels(result="ok").inc()
            return
        raise error

    def _open(self, provider: ProviderSettings) -> _Provider:
        key = provider.api_key.get_secret_value() if provider.api_key else "none"
        client = AsyncOpenAI(
            api_key=key,
            base_url=provider.base_url,
            max_retries=0,
            timeout=openai.Timeout(
                self._settings.first_chunk_seconds, connect=self._settings.connect_seconds
            ),
        )
        breaker = Breaker(
            failures=self._settings.breaker_failures, seconds=self._settings.breaker_seconds
        )
        return _Provider(provider, client, breaker)

    def _order(self) -> list[_Provider]:
        """Who is asked, try by try: every willing server in turn, then again from the first."""
        willing = [item for item in self._providers if not item.breaker.is_open]
        if not willing:
            return []
        return [willing[number % len(willing)] for number in range(self._settings.attempts)]

    def _request(
        self,
        provider: _Provider,
        messages: Sequence[dict[str, Any]],
        tools: Sequence[dict[str, Any]],
        temperature: float | None,
        model: str | None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": model or provider.settings.model,
            "messages": list(messages),
            "temperature": self._settings.temperature if temperature is None else temperature,
            "max_tokens": self._settings.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if tools:
            request["tools"] = list(tools)
        return request

    async def _pause(self, error: ModelError, deadline: float) -> bool:
        """Wait before the next try; False if there is no time or no use in one."""
        if isinstance(error, ModelRefused) and len(self._providers) == 1:
            return False
        seconds = 0.0
        if len(self._providers) == 1:
            limited = isinstance(error, _Limited)
            seconds = error.retry_after_seconds if limited else self._settings.retry_seconds
        if seconds > _LONGEST_PAUSE:
            return False
        if time.monotonic() + seconds + 1.0 > deadline:
            return False
        await asyncio.sleep(seconds)
        return True

    def _note_failure(self, provider: _Provider, error: ModelError) -> None:
        provider.breaker.fail(error.code)
        MODEL_CALLS.labels(result=error.code).inc()
        _log.warning("model_call_failed", provider=provider.settings.name, code=error.code)

    async def _call(
        self, provider: _Provider, request: dict[str, Any], deadline: float
    ) -> AsyncGenerator[ModelChunk, None]:
        """One try at one server, with a limit on every silence."""
        stream: AsyncStream[ChatCompletionChunk] | None = None
        collected = _Collected(request["model"])
        silence = self._settings.first_chunk_seconds
        try:
            async with _limit(silence, deadline):
                stream = await _open_stream(provider.client, request)
            while True:
                async with _limit(silence, deadline):
                    piece = await anext(stream, None)
                if piece is None:
                    break
                silence = self._settings.next_chunk_seconds
                if text := collected.add(piece):
                    yield ModelChunk(text=text)
        except TimeoutError as late:
            raise ModelTimeout("the model is silent") from late
        except (openai.OpenAIError, ValueError) as problem:
            raise _translate(problem) from problem
        finally:
            if stream is not None:
                await stream.close()
        yield collected.last_chunk()


class _Collected:
    """What the pieces of one completion add up to."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._calls: dict[int, _Partial] = {}
        self._pieces = 0
        self._finished: str | None = None
        self._tokens = (0, 0)

    def add(self, piece: ChatCompletionChunk) -> str:
        """Take one piece; gives the text in it."""
        self._pieces += 1
        if piece.usage is not None:
            self._tokens = (piece.usage.prompt_tokens or 0, piece.usage.completion_tokens or 0)
        if not piece.choices:
            return ""
        choice = piece.choices[0]
        self._finished = choice.finish_reason or self._finished
        for part in choice.delta.tool_calls or ():
            call = self._calls.setdefault(part.index, _Partial())
            if len(self._calls) > _MOST_CALLS:
                raise ValueError("too many tool calls in one answer")
            call.id = part.id or call.id
            if part.function is not None:
                call.name = part.function.name or call.name
                call.arguments.append(part.function.arguments or "")
        return choice.delta.content or ""

    def last_chunk(self) -> ModelChunk:
        """The closing chunk. Raises `ModelGarbage` if the stream held nothing or was cut."""
        if not self._pieces:
            raise ModelGarbage("the body holds no answer", retryable=True)
        if self._finished is None:
            raise ModelGarbage("the stream ended in the middle", code="model_cut", retryable=True)
        if self._finished == "content_filter":
            raise ModelRefused("the model server withheld the answer")
        calls = tuple(
            ToolCall(
                id=call.id or f"call_{index}", name=call.name, arguments="".join(call.arguments)
            )
            for index, call in sorted(self._calls.items())
        )
        return ModelChunk(
            calls=calls,
            tokens_in=self._tokens[0],
            tokens_out=self._tokens[1],
            model=self._model,
            done=True,
        )


async def _open_stream(
    client: AsyncOpenAI, request: dict[str, Any]
) -> AsyncStream[ChatCompletionChunk]:
    return cast(AsyncStream[ChatCompletionChunk], await client.chat.completions.create(**request))


def _limit(seconds: float, deadline: float) -> asyncio.Timeout:
    return asyncio.timeout(max(0.0, min(seconds, deadline - time.monotonic())))


def _translate(problem: Exception) -> ModelError:
    """The one table from the vendor's errors to ours."""
    if isinstance(problem, openai.APITimeoutError):
        return ModelTimeout("the model server did not answer in time")
    if isinstance(problem, openai.APIConnectionError):
        return ModelError("no connection to the model", code="model_connection", retryable=True)
    if isinstance(problem, openai.RateLimitError):
        return _Limited(_retry_after(problem))
    if isinstance(problem, openai.APIStatusError):
        if problem.status_code >= 500:
            return ModelError("the model server failed", code="model_failed", retryable=True)
        return ModelRefused(f"the model server refused: {problem.status_code}")
    return ModelGarbage("the model sent what is no answer")


def _retry_after(problem: openai.RateLimitError) -> float:
    try:
        return max(0.0, float(problem.response.headers.get("retry-after", "")))
    except ValueError:
        return 1.0
