"""Faults that are planted into any adapter, and the clauses that must notice each.

Above: `test_planted_faults`. Below: the seams of `channels.base`. A fault of the way in sits before
ingress, one of the way out around `send`, one of life around `run`, one of a power in its place.
What a fault of decoding would make of a strange payload is put in at the same seam: the plot knows
when the platform told of one, when the lines were cut and how often the adapter was started.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from channels.base import ChannelAdapter, Publish, Report
from core.conversation import Accepted
from core.errors import (
    BusUnavailable,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
)
from core.messages import Author, Entry, EntryBody, InboundEvent, Outbound, Receipt

Accept = Callable[[InboundEvent], Awaitable[Accepted]]
Send = Callable[[Outbound, Report], Awaitable[Receipt]]
_TOOK = Accepted(seq=1)


class Plot:
    """What a fault may keep in mind, and the tasks that it leaves lying about."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self.secrets = secrets
        self.count = 0
        self.accept: Accept | None = None
        self.last: InboundEvent | None = None
        self.tasks: list[asyncio.Task[Any]] = []
        self.first: InboundEvent | None = None
        self.held: InboundEvent | None = None
        self.starts = self.cuts = 0
        self.noise = ""
        self.known: set[str] = set()
        self.fresh: Callable[[], ChannelAdapter] = _nothing

    def leave(self, work: Any) -> None:
        """Do it some time."""
        self.tasks.append(asyncio.create_task(work))


def _nothing() -> ChannelAdapter:
    raise AssertionError("no fresh adapter was told of")


# ---- the way in ----------------------------------------------------------------------------------


async def _acknowledge_first(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    async def some_time() -> None:
        await asyncio.gather(accept(event), return_exceptions=True)

    plot.leave(some_time())
    return _TOOK


async def _say_taken_when_the_store_is_away(
    plot: Plot, accept: Accept, event: InboundEvent
) -> Accepted:
    try:
        return await accept(event)
    except BusUnavailable:
        return _TOOK


async def _make_a_new_id_each_time(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    plot.count += 1
    return await accept(event.model_copy(update={"id": f"{event.id}:{plot.count}"}))


async def _let_every_second_one_wait(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    """Until the next one is there."""
    plot.count += 1
    if plot.count % 2 == 0:
        plot.held = event
        return _TOOK
    accepted, held, plot.held = await accept(event), plot.held, None
    if held is not None:
        await accept(held)
    return accepted


async def _tidy_the_words(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    words = html.unescape(" ".join(event.text.split())).replace("*", "")
    return await accept(event.model_copy(update={"text": words}))


async def _take_an_edit_for_a_message(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    if event.action == "edit":
        event = event.model_copy(update={"kind": "message", "action": None, "value": None})
    return await accept(event)


async def _overlook_removals(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    return _TOOK if event.action == "delete" else await accept(event)


async def _forget_which_button(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    if event.action == "button":
        event = event.model_copy(update={"value": "v:Red"})
    return await accept(event)


async def _lose_files(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    return await accept(event.model_copy(update={"attachments": ()}))


async def _forget_what_is_answered(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    return await accept(event.model_copy(update={"in_reply_to": None}))


async def _forget_what_waited(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    """Also when the platform tells of it twice: by itself, and because it was asked again."""
    if plot.starts > 1 and event.id not in plot.known:
        plot.first = plot.first or event
        if plot.first.id == event.id:
            return _TOOK
    plot.known.add(event.id)
    return await accept(event)


async def _lose_what_comes_after_a_cut(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    """Not what the cut only let come again, because it was not marked as read yet."""
    if plot.cuts > plot.count and event.id not in plot.known:
        plot.count = plot.cuts
        return _TOOK
    plot.known.add(event.id)
    return await accept(event)


async def _make_two_of_one(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    await accept(event)
    return await accept(event.model_copy(update={"id": f"{event.id}:again"}))


async def _put_all_in_one_chat(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    plot.first = plot.first or event
    return await accept(event.model_copy(update={"conversation": plot.first.conversation}))


async def _drop_what_it_cannot_read(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    if plot.noise == "unsupported":
        plot.noise = ""
        return _TOOK
    return await accept(event)


async def _choke_on_garbage(plot: Plot, accept: Accept, event: InboundEvent) -> Accepted:
    if plot.noise == "garbage":
        raise BusUnavailable("behind something that cannot be read")
    return await accept(event)


async def _take_a_machine_for_a_customer(plot: Plot) -> None:
    """What an adapter would publish that does not see that a machine wrote it."""
    if plot.noise == "bot" and plot.accept is not None and plot.last is not None:
        words = {"id": f"{plot.last.id}:machine", "text": "Beep."}
        await plot.accept(plot.last.model_copy(update=words))


# ---- the way out ---------------------------------------------------------------------------------


async def _answer_its_echo(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
    receipt = await send(message, report)
    if plot.accept is not None and plot.last is not None:
        echo = {"id": f"{plot.last.id}:echo", "text": message.entry.text}
        await plot.accept(plot.last.model_copy(update=echo))
    return receipt


async def _ignore_the_limit(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
    try:
        return await send(message, report)
    except RateLimited:
        fresh = plot.fresh()  # one that was not told
        try:
            return await fresh.send(message, report)
        finally:
            await fresh.close()


async def _give_up_early(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
    try:
        return await send(message, report)
    except TemporaryDeliveryError as error:
        raise PermanentDeliveryError("no") from error


async def _never_give_up(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
    try:
        return await send(message, report)
    except PermanentDeliveryError as error:
        raise TemporaryDeliveryError("again") from error


async def _send_again_unasked(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
    return await send(_renamed(message, unsure=False), report)


async def _begin_with_the_first_piece(
    plot: Plot, send: Send, message: Outbound, report: Report
) -> Receipt:
    return await send(_renamed(message, sent_ids=(), unsure=False), report)


def _renamed(message: Outbound, **changes: Any) -> Outbound:
    """As if it were another message each time, so that no platform recognises it."""
    entry = message.entry.model_copy(update={"id": f"{message.entry.id}:{message.attempt}"})
    other = f"{message.conversation}x{message.attempt}"
    return message.model_copy(update={"entry": entry, "conversation": other, **changes})


def _changing(change: Callable[[EntryBody], dict[str, Any]]) -> Any:
    async def fault(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
        entry = message.entry.model_copy(update=change(message.entry))
        return await send(message.model_copy(update={"entry": entry}), report)

    return fault


async def _answer_somewhere_else(
    plot: Plot, send: Send, message: Outbound, report: Report
) -> Receipt:
    return Receipt(platform_ids=("nowhere",))


async def _log_a_secret(plot: Plot, send: Send, message: Outbound, report: Report) -> Receipt:
    for secret in plot.secrets:
        structlog.get_logger("adapter").info("sending", url=f"https://x/{secret}/send")
    return await send(message, report)


# ---- powers --------------------------------------------------------------------------------------


async def _show_nothing(plot: Plot, adapter: Any, *args: Any) -> None:
    pass


async def _leave_the_preview_standing(
    plot: Plot, adapter: Any, to: Any, text: str, before: str | None
) -> None:
    """Its words are a message of their own, which nobody changes into the answer."""
    assert plot.last is not None
    entry = Entry.model_validate(
        {"id": "x:0:0", "seq": 1, "at": "2026-01-01T00:00:00Z", "author": Author(role="ai"),
         "text": text}
    )  # fmt: skip

    async def report(_: object) -> None:
        pass

    await adapter.send(Outbound(conversation=plot.last.conversation, to=to, entry=entry), report)


# ---- life ----------------------------------------------------------------------------------------


async def _leave_a_task(plot: Plot, adapter: ChannelAdapter, publish: Publish, ready: Any) -> None:
    plot.leave(_for_ever())
    await adapter.run(publish, ready)


async def _never_say_ready(
    plot: Plot, adapter: ChannelAdapter, publish: Publish, ready: Any
) -> None:
    await adapter.run(publish, asyncio.Event())


async def _for_ever() -> None:
    await asyncio.Event().wait()


@dataclass(frozen=True)
class Sabotage:
    """A fault, and the clauses of which each must turn red."""

    name: str
    clauses: tuple[str, ...]
    way_in: Any = None
    way_out: Any = None
    life: Any = None
    # After a noise of the platform; and what stands in the place of powers, by name.
    noise: Any = None
    powers: Mapping[str, Any] = field(default_factory=dict[str, Any])


SABOTAGES: tuple[Sabotage, ...] = (
    Sabotage("acknowledges first", ("in:accept-first",), way_in=_acknowledge_first),
    Sabotage("says taken while the store is away", ("in:redelivery",),
             way_in=_say_taken_when_the_store_is_away),
    Sabotage("makes a new id each time", ("in:stable-id",), way_in=_make_a_new_id_each_time),
    Sabotage("breaks the order", ("in:order",), way_in=_let_every_second_one_wait),
    Sabotage("tidies the words", ("in:literal",), way_in=_tidy_the_words),
    Sabotage("takes an edit for a message", ("in:edit",), way_in=_take_an_edit_for_a_message),
    Sabotage("overlooks removals", ("in:delete",), way_in=_overlook_removals),
    Sabotage("mistakes the button", ("in:button",), way_in=_forget_which_button),
    Sabotage("loses files", ("in:file",), way_in=_lose_files),
    Sabotage("forgets what is answered", ("in:reply",), way_in=_forget_what_is_answered),
    Sabotage("answers its own echo", ("in:own-echo",), way_out=_answer_its_echo),
    Sabotage("ignores the limit", ("out:rate-limit",), way_out=_ignore_the_limit),
    Sabotage("gives up early", ("out:temporary",), way_out=_give_up_early),
    Sabotage("never gives up", ("out:permanent",), way_out=_never_give_up),
    Sabotage("sends again unasked", ("out:unsure-once",), way_out=_send_again_unasked),
    Sabotage("begins with the first piece", ("out:pieces",), way_out=_begin_with_the_first_piece),
    Sabotage("cuts long texts", ("out:split",),
             way_out=_changing(lambda entry: {"text": entry.text[:200]})),
    Sabotage("escapes the words", ("out:literal",),
             way_out=_changing(lambda entry: {"text": html.escape(html.escape(entry.text))})),
    Sabotage("drops choices", ("out:buttons", "out:degrade"),
             way_out=_changing(lambda _: {"parts": ()})),
    Sabotage("drops files", ("out:file",), way_out=_changing(lambda _: {"attachments": ()})),
    Sabotage("says sent and sends nothing", ("out:text", "out:order", "out:unsure"),
             way_out=_answer_somewhere_else),
    Sabotage("logs a secret", ("secret:quiet",), way_out=_log_a_secret),
    Sabotage("leaves a task behind", ("run:cancel",), life=_leave_a_task),
    Sabotage("never says that it is ready", ("run:ready",), life=_never_say_ready),
    Sabotage("forgets what waited for it", ("run:restart",), way_in=_forget_what_waited),
    Sabotage("loses what comes after a cut", ("run:reconnect",),
             way_in=_lose_what_comes_after_a_cut),
    Sabotage("makes two of one", ("in:one-to-one",), way_in=_make_two_of_one),
    Sabotage("puts all in one chat", ("in:same-chat",), way_in=_put_all_in_one_chat),
    Sabotage("answers machines", ("in:bots",), noise=_take_a_machine_for_a_customer),
    Sabotage("drops what it cannot read", ("in:unsupported",), way_in=_drop_what_it_cannot_read),
    Sabotage("chokes on garbage", ("in:garbage",), way_in=_choke_on_garbage),
    Sabotage("overlooks edits by people", ("out:edit",), powers={"edit_sent": _show_nothing}),
    Sabotage("withdraws nothing", ("out:delete",), powers={"withdraw_sent": _show_nothing}),
    Sabotage("shows no sign", ("out:typing",), powers={"show_typing": _show_nothing}),
    Sabotage("leaves the preview standing", ("out:preview",),
             powers={"show_preview": _leave_the_preview_standing}),
)  # fmt: skip


class Sabotaged:
    """An adapter with a fault; everything else is the adapter's own."""

    def __init__(self, adapter: ChannelAdapter, sabotage: Sabotage, plot: Plot) -> None:
        self._adapter: Any = adapter
        self._sabotage = sabotage
        self._plot = plot

    def __getattr__(self, name: str) -> Any:
        if name in self._sabotage.powers:
            return partial(self._sabotage.powers[name], self._plot, self._adapter)
        return getattr(self._adapter, name)

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """See `ChannelAdapter.run`."""
        if self._sabotage.life is not None:
            return await self._sabotage.life(self._plot, self._adapter, publish, ready)
        return await self._adapter.run(publish, ready)

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `ChannelAdapter.send`."""
        if self._sabotage.way_out is not None:
            return await self._sabotage.way_out(self._plot, self._adapter.send, message, report)
        return await self._adapter.send(message, report)
