"""The weekly report in the desk's channel: rendered, and posted once.

Above: `switchboard.reporting`. Below: `blocks`, `channels.slack.api`, `core.archive.reports`.
Each post carries the week it tells of. Who died between posting and writing it down is followed by
somebody who looks into the channel first.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from channels.slack.api import SlackApi, SlackRefused
from channels.slack.desk.blocks import Block, bullets, context, fields, header, safe, section
from core.archive.reports import Posting, SqlReports
from core.errors import PermanentDeliveryError
from core.learning.report import DraftLine, WeeklyReport
from core.runtime import sleep_until

EVENT_TYPE: Final = "switchboard_report"
_log = structlog.get_logger("reports")
_LOOK_SECONDS = 30.0
_LOOKED_BACK = 200
# Figures in their order; shares are shown in percent.
_SHOWN = (
    ("conversations", "Conversations"),
    ("messages", "Messages of customers"),
    ("resolved", "Resolved"),
    ("resolved_by_ai", "… by the AI alone"),
    ("cases", "Handed to people"),
    ("escalated_share", "… of all"),
    ("drafts", "Drafts answered"),
    ("drafts_used_share", "… used as they were"),
    ("satisfied_share", "Good ratings"),
    ("cost", "Cost of the model"),
)


class ReportPoster:
    """Service: posts what was made and not posted yet."""

    name = "slack-reports"

    def __init__(
        self, api: SlackApi, channel: str, reports: SqlReports, *,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:  # fmt: skip
        self._api = api
        self._channel = channel
        self._reports = reports
        self._look_seconds = look_seconds

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        try:
            while not await sleep_until(stop, self._look_seconds):
                await self._look_or_say_why()
        finally:
            await self._api.close()

    async def _look_or_say_why(self) -> None:
        try:
            await self.look()
        except Exception as error:  # noqa: BLE001 -- Slack or the database: look again later
            _log.warning("report_not_posted", error=repr(error))

    async def look(self) -> str | None:
        """The time stamp of the post, if there was one to post."""
        posting = await self._reports.begin()
        if posting is None:
            return None
        found = await self._find(posting) if posting.unsure else None
        posted_as = found or await self._post(posting.report)
        await self._reports.done(posting.report.week, posted_as)
        _log.info("report_posted", week=posting.report.week, found=found is not None)
        return posted_as

    async def _post(self, report: WeeklyReport) -> str:
        mark = {"event_type": EVENT_TYPE, "event_payload": {"week": report.week}}
        try:
            answer = await self._api.call(
                "chat.postMessage", channel=self._channel, text=headline(report),
                blocks=render_report(report), metadata=mark, unfurl_links=False,
            )  # fmt: skip
        except (SlackRefused, PermanentDeliveryError):
            await self._reports.give_back(report.week)  # it was not posted, for certain
            raise
        return str(answer["ts"])

    async def _find(self, posting: Posting) -> str | None:
        """The post of this report, if it stands in the channel. Raises `ChannelError`."""
        answer = await self._api.call(
            "conversations.history", form=True, channel=self._channel, limit=_LOOKED_BACK,
            include_all_metadata="true",
        )  # fmt: skip
        messages: list[dict[str, Any]] = answer.get("messages") or []
        for message in messages:
            mark: dict[str, Any] = message.get("metadata") or {}
            payload: dict[str, Any] = mark.get("event_payload") or {}
            ours = mark.get("event_type") == EVENT_TYPE
            if ours and payload.get("week") == posting.report.week:
                return str(message["ts"])
        return None


def headline(report: WeeklyReport) -> str:
    """For notifications."""
    figures = report.figures
    return (
        f"Week {report.week}: {figures['conversations']:.0f} conversations, "
        f"{figures['resolved']:.0f} resolved, {figures['cases']:.0f} handed to people"
    )


def render_report(report: WeeklyReport) -> list[Block]:
    """Blocks; what customers asked stands in them as data."""
    pairs = [
        (label, f"{write(name, value)}{_change(name, value, report.previous.get(name))}")
        for name, label in _SHOWN
        if (value := report.figures.get(name)) is not None
    ]
    reasons = [f"{reason}: {count}" for reason, count in report.reasons.items()]
    gaps = [f"{gap.title} ({gap.count})" for gap in report.gaps]
    drafts = [_draft_line(line) for line in report.drafts]
    return [
        header(f"Week {report.week}"),
        *fields(pairs),
        *bullets("Why people were called", reasons),
        *bullets("Asked, and not found in the knowledge", gaps),
        *bullets("Drafts by intent", drafts),
        *bullets("Suggestions", [item.text for item in report.suggestions]),
        *([] if gaps or drafts or report.suggestions else [section(safe("Nothing to suggest."))]),
        context("The whole report: `switchboard report`, or the console."),
    ]


def write(name: str, value: float) -> str:
    """A figure as people read it."""
    if name.endswith("_share"):
        return f"{value:.0%}"
    return f"{value:.2f}" if name == "cost" else f"{value:.0f}"


def _change(name: str, value: float, before: float | None) -> str:
    if not before:
        return ""
    points = (value - before) * 100 if name.endswith("_share") else (value / before - 1) * 100
    unit = " points" if name.endswith("_share") else " %"
    return f" ({points:+.0f}{unit})" if abs(points) >= 1 else ""


def _draft_line(line: DraftLine) -> str:
    return (
        f"{line.intent}: {line.n}, used {line.used}, edited {line.edited}, "
        f"discarded {line.discarded}, ignored {line.ignored}"
    )
