"""The language model: streamed chat-completions of OpenAI-compatible servers.

Above: `asking`. Below: the openai package, which is imported nowhere else; `providers` says whom
to ask, `completion` adds the pieces up, `envelope` carries tools to servers that know none.

A failure before the first piece of text goes to the next server (or the same once more), within
the deadline; a failure in the middle is the caller's to judge, because pieces have been seen.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any

import openai
from openai import AsyncOpenAI, AsyncStream

from core import observing
from core.breaker import Breaker
from core.errors import ModelError, ModelGarbage, ModelRefused, ModelTimeout
from core.ports import ModelChunk
from core.specialists.completion import COMPLETE, Completion
from core.specialists.envelope import EnvelopeReader, to_envelope
from core.specialists.providers import (
    FieldRejected,
    ModelDenied,
    ModelLimited,
    Provider,
    Providers,
    ToolsRejected,
)
from core.specialists.settings import ModelSettings, ProviderSettings
from core.specialists.wire_names import definitions_for_wire, names_for_wire, wire_name

_END_SECONDS = 0.1
_TOO_LONG = ("context_length", "context length", "maximum context", "too many tokens", "too long")
# Fields that some servers and models will not have, and what is sent instead; "": nothing.
_FIELDS = {"max_tokens": "max_completion_tokens", "temperature": "", "stream_options": ""}


class OpenAIModel:
    """Implements `core.ports.LanguageModel` and `core.ports.Hearing`."""

    def __init__(
        self, settings: ModelSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is that of the breakers."""
        if not settings.providers:
            raise ValueError("a language model needs at least one provider")
        self._settings = settings
        self._clock = clock
        self._providers = Providers([self._open(item) for item in settings.providers], settings)

    async def close(self) -> None:
        """Close the connections."""
        for provider in self._providers:
            await provider.client.close()

    def health(self) -> dict[str, dict[str, Any]]:
        """State of each server, by name."""
        return self._providers.report()

    def price(self, model: str, tokens_in: int, tokens_out: int) -> float:
        """What a call costs, by the prices of the provider that serves `model`; those of the first
        when none is known to."""
        items = self._settings.providers
        item = next((item for item in items if item.model == model), None)
        small = next((item for item in items if item.small_model == model), None)
        if item is None and small is not None:
            return (tokens_in * small.small_price_in + tokens_out * small.small_price_out) / 1e6
        item = item or items[0]
        return (tokens_in * item.price_in + tokens_out * item.price_out) / 1e6

    async def stream(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None,
        model: str | None = None,
        deadline_seconds: float,
        shape: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ModelChunk, None]:
        """Stream one completion; the last chunk has `done=True`. Raises `ModelError`."""
        deadline = time.monotonic() + deadline_seconds
        tries = self._providers.start(deadline)
        while (provider := await tries.next()) is not None:
            request = self._request(provider, messages, temperature, model, shape)
            started, began = False, time.perf_counter()
            try:
                async with aclosing(self._try(provider, request, tools, deadline)) as chunks:
                    async for chunk in chunks:
                        started = started or bool(chunk.text)
                        yield chunk
            except ModelError as problem:
                tries.note_failure(provider, problem)
                _observe(provider, request, problem.code, began)
                if started:
                    break
                continue
            except BaseException:
                provider.breaker.release()
                raise
            tries.note_success(provider)
            _observe(provider, request, "ok", began)
            return
        raise tries.error

    async def transcribe(self, data: bytes, *, name: str, deadline_seconds: float) -> str:
        """See `core.ports.Hearing`: each server is asked once, in order of preference."""
        deadline = time.monotonic() + deadline_seconds
        problem: ModelError = ModelTimeout("no server was asked")
        for provider in self._providers:
            try:
                return await self._write_down(provider, data, name, deadline)
            except ModelError as failed:
                problem = failed
        raise problem

    async def _write_down(
        self, provider: Provider[AsyncOpenAI], data: bytes, name: str, deadline: float
    ) -> str:
        client = provider.client.with_options(timeout=max(0.1, deadline - time.monotonic()))
        try:
            async with _limit(deadline - time.monotonic(), deadline):
                answer = await client.audio.transcriptions.create(
                    model=self._settings.hearing.model, file=(name, data), response_format="json"
                )
        except TimeoutError as late:
            raise ModelTimeout("the model is silent") from late
        except (openai.OpenAIError, ValueError) as error:
            raise _translate(error, with_tools=False) from error
        text: object = getattr(answer, "text", None)
        if not isinstance(text, str):
            raise ModelGarbage("the transcript is none")
        return text

    def _open(self, provider: ProviderSettings) -> Provider[AsyncOpenAI]:
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
            failures=self._settings.breaker_failures,
            seconds=self._settings.breaker_seconds,
            clock=self._clock,
        )
        return Provider(provider, client, breaker, envelope=provider.tools == "envelope")

    def _request(
        self,
        provider: Provider[AsyncOpenAI],
        messages: Sequence[dict[str, Any]],
        temperature: float | None,
        model: str | None,
        shape: dict[str, Any] | None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._named(provider.settings, model),
            "messages": list(messages),
            "temperature": self._settings.temperature if temperature is None else temperature,
            "max_tokens": self._settings.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if shape is not None:
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": shape, "strict": True},
            }
        return request

    def _named(self, provider: ProviderSettings, model: str | None) -> str:
        """The model to ask of this server; each has a smaller one of its own."""
        if model is not None and model in {item.small_model for item in self._settings.providers}:
            return provider.small_model or provider.model
        return model or provider.model

    async def _try(
        self,
        provider: Provider[AsyncOpenAI],
        request: dict[str, Any],
        tools: Sequence[dict[str, Any]],
        deadline: float,
    ) -> AsyncGenerator[ModelChunk, None]:
        """One try at one server: with the fields and tools as it takes them, found out at its
        first refusals."""
        envelope = provider.envelope
        while True:
            try:
                sent = _with_fields(request, provider.refused)
                async with aclosing(
                    self._call(provider, sent, tools, deadline, envelope)
                ) as chunks:
                    async for chunk in chunks:
                        provider.envelope = provider.envelope or envelope
                        yield chunk
                    return
            except FieldRejected as refusal:
                if refusal.field in provider.refused:
                    raise
                provider.refused.add(refusal.field)
            except ToolsRejected:
                if envelope or not provider.may_learn:
                    raise
                envelope = True

    async def _call(
        self,
        provider: Provider[AsyncOpenAI],
        request: dict[str, Any],
        tools: Sequence[dict[str, Any]],
        deadline: float,
        envelope: bool,
    ) -> AsyncGenerator[ModelChunk, None]:
        """One request, with a limit on every silence."""
        stream: _Body | None = None
        names = [str(tool["function"]["name"]) for tool in tools]
        reader = EnvelopeReader(names) if tools and (envelope or provider.may_learn) else None
        collected = Completion(request["model"], reader, {wire_name(name): name for name in names})
        silence = self._settings.first_chunk_seconds
        try:
            async with _limit(silence, deadline):
                stream = await _open_stream(
                    provider.client, _with_tools(request, tools, envelope=envelope)
                )
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
            raise _translate(problem, with_tools=bool(tools) and not envelope) from problem
        finally:
            if stream is not None:
                await stream.close()
        rest, last = collected.close()
        if collected.wrote_calls:
            provider.envelope = provider.envelope or provider.may_learn
        if rest:
            yield ModelChunk(text=rest)
        yield last


def _observe(
    provider: Provider[AsyncOpenAI], request: dict[str, Any], result: str, began: float
) -> None:
    seconds = time.perf_counter() - began
    observing.model_called(provider.settings.name, str(request["model"]), result, seconds)


def _with_tools(
    request: dict[str, Any], tools: Sequence[dict[str, Any]], *, envelope: bool
) -> dict[str, Any]:
    if envelope:
        return {**request, "messages": to_envelope(request["messages"], tools)}
    request = {**request, "messages": names_for_wire(request["messages"])}
    return {**request, "tools": definitions_for_wire(tools)} if tools else request


def _with_fields(request: dict[str, Any], refused: set[str]) -> dict[str, Any]:
    """`request` without the fields that the server refused before."""
    sent = {name: value for name, value in request.items() if name not in refused}
    return sent | {other: request[name] for name in refused if (other := _FIELDS[name])}


class _Body(AsyncStream[object]):
    """The pieces of an answer as plain JSON: building the vendor's objects of them, and of the
    request, would cost more than the rest of a turn. A server that does not stream sends one
    piece. What follows the mark of the end is not waited for long."""

    async def __stream__(self) -> AsyncIterator[object]:
        try:
            events = self._data()
            async for data in events:
                if data.startswith("[DONE]"):
                    yield COMPLETE
                    break
                if data.strip():
                    yield json.loads(data)
            with suppress(TimeoutError):  # a body read to its end leaves its connection open
                async with asyncio.timeout(_END_SECONDS):
                    async for _ in events:
                        pass
        finally:
            await self.response.aclose()

    async def _data(self) -> AsyncIterator[str]:
        if "json" not in self.response.headers.get("content-type", ""):
            async for event in self._iter_events():
                yield event.data
            return
        try:
            body = b"".join([part async for part in self.response.aiter_bytes()])
        except Exception as broken:
            raise openai.APIConnectionError(request=self.response.request) from broken
        if body.lstrip().startswith(b"{"):  # else it is events all the same
            body = b"data: " + b" ".join(body.splitlines()) + b"\n\n"
        for event in self._decoder.iter_bytes(iter([body])):
            yield event.data


async def _open_stream(client: AsyncOpenAI, request: dict[str, Any]) -> _Body:
    return await client.post(
        "/chat/completions", body=request, cast_to=object, stream=True, stream_cls=_Body
    )


def _limit(seconds: float, deadline: float) -> asyncio.Timeout:
    return asyncio.timeout(max(0.0, min(seconds, deadline - time.monotonic())))


def _translate(problem: Exception, *, with_tools: bool) -> ModelError:
    """The one table from the vendor's errors to ours."""
    if isinstance(problem, openai.APITimeoutError):
        return ModelTimeout("the model server did not answer in time")
    if isinstance(problem, openai.APIConnectionError):
        return ModelError("no connection to the model", code="model_connection", retryable=True)
    if isinstance(problem, openai.RateLimitError):
        return ModelLimited(_retry_after(problem))
    if isinstance(problem, openai.APIStatusError):
        return _of_status(problem, with_tools=with_tools)
    return ModelGarbage("the model sent what is no answer", retryable=True)


def _of_status(problem: openai.APIStatusError, *, with_tools: bool) -> ModelError:
    status, words = problem.status_code, str(problem).lower()
    if status in {401, 403}:
        return ModelDenied(f"the model server refused: {status}")
    if any(sign in words for sign in _TOO_LONG) and status < 500:
        return ModelRefused("the request is too long for the model", code="model_too_long")
    if status in {400, 422} and (field := next((name for name in _FIELDS if name in words), "")):
        return FieldRejected(field)
    if with_tools and (status in {400, 422} or "tool" in words):
        return ToolsRejected(f"the model server refused: {status}")
    if status >= 500:
        return ModelError("the model server failed", code="model_failed", retryable=True)
    return ModelRefused(f"the model server refused: {status}")


def _retry_after(problem: openai.RateLimitError) -> float:
    try:
        return max(0.0, float(problem.response.headers.get("retry-after", "")))
    except ValueError:
        return 1.0
