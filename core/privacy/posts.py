"""Posts of ours that lie with a platform of others: taken away there once the person is forgotten.

Above: the role `archive`, the command. Below: `ledger`, and the port `PostRemover` that a channel
fills. An erasure never waits for it: a platform that is away leaves posts `pending`, and they are
tried again until each is settled. A post holds a channel, a time stamp and a link, no words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.errors import ChannelError, RateLimited, SwitchboardError
from core.messages import Frozen
from core.privacy.ledger import Erasure, Ledger
from core.runtime import Backoff, sleep_until

_log = structlog.get_logger("privacy")
_LOOK_SECONDS = 2.0
BACKOFF = Backoff(first=1.0, top=60.0)

State = Literal["pending", "removed", "gone", "by_hand"]


class Post(Frozen):
    """One post in Slack. `thread` opens a thread, `post` stands in one, `reply` is a person's
    there, `message` is elsewhere (a direct message), `file` has the id of a file as its `ts`.
    `gone`: it was not there any more; `by_hand`: only people can remove it, for this `reason`."""

    channel: str
    ts: str
    what: Literal["thread", "post", "reply", "message", "file"]
    state: State = "pending"
    reason: str = ""
    link: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.channel, self.ts

    def settled(self, state: State, reason: str = "", link: str = "") -> Post:
        """The same with what became of it."""
        return self.model_copy(update={"state": state, "reason": reason, "link": link})

    def public(self) -> dict[str, str]:
        """As the report shows it."""
        shown = self.model_dump()
        return {name: value for name, value in shown.items() if value}


class PostRemover(Protocol):
    """A platform's side. Both raise `ChannelError` when it is to be tried again later."""

    async def find(self, posts: Sequence[Post]) -> list[Post]:
        """These, and all that stands in their threads."""
        ...

    async def remove(self, post: Post) -> Post:
        """The post with what became of it; never `pending`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def read_posts(report: dict[str, Any]) -> list[Post]:
    """The posts of a report."""
    return [Post.model_validate(one) for one in report.get("slack_posts") or ()]


def joined(*lists: Iterable[Post]) -> list[Post]:
    """Each once; of two, the first, which knows what became of it."""
    found: dict[tuple[str, str], Post] = {}
    for posts in lists:
        for post in posts:
            found.setdefault(post.key, post)
    return sorted(found.values(), key=lambda post: post.key)


def work_of(posts: Iterable[Post]) -> dict[str, str]:
    """What an ended erasure still has to do."""
    return {"posts": "find"} if any(post.state == "pending" for post in posts) else {}


class PostRemoval:
    """Takes the posts of ended erasures away, one by one, each written down."""

    def __init__(self, ledger: Ledger, remover: PostRemover) -> None:
        self._ledger = ledger
        self._remover = remover

    async def look(self) -> None:
        """All that are left. Raises `ChannelError`."""
        for erasure in await self._ledger.with_posts():
            await self.go_on(erasure)

    async def go_on(self, erasure: Erasure) -> None:
        """Those of one. Raises `ChannelError`; what was done by then stays done."""
        posts = read_posts(erasure.report)
        if erasure.work.get("posts") == "find":
            waiting = [post for post in posts if post.state == "pending"]
            settled = [post for post in posts if post.state != "pending"]
            posts = joined(settled, await self._remover.find(waiting))
            if not await self._save(erasure, posts, {"posts": "remove"}):
                return
        # The newest first: what opens a thread goes last, so that it leads to the rest till then.
        for number in sorted(range(len(posts)), key=lambda one: _age(posts[one])):
            if posts[number].state != "pending":
                continue
            posts[number] = await self._remover.remove(posts[number])
            if not await self._save(erasure, posts, {"posts": "remove"}):
                return
        if await self._save(erasure, posts, {}):
            states = [post.state for post in posts]
            counts = {name: states.count(name) for name in sorted(set(states))}
            _log.info("slack_posts_settled", erasure=erasure.id, **counts)

    async def _save(self, erasure: Erasure, posts: list[Post], work: dict[str, str]) -> bool:
        """False: the erasure was begun anew, and will list what is left when it is done."""
        return await self._ledger.save_posts(erasure.id, [post.public() for post in posts], work)

    async def close(self) -> None:
        """Let go of connections."""
        await self._remover.close()


class PostKeeper:
    """The service: looks for posts that are left, and goes on when the platform is back."""

    name = "privacy-posts"

    def __init__(
        self, removal: PostRemoval, *, look_seconds: float = _LOOK_SECONDS,
        backoff: Backoff = BACKOFF,
    ) -> None:  # fmt: skip
        self._removal = removal
        self._look_seconds = look_seconds
        self._backoff = backoff
        self._failures = 0

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        try:
            pause = self._look_seconds
            while not await sleep_until(stop, pause):
                pause = await self._look()
        finally:
            await self._removal.close()

    async def _look(self) -> float:
        """Seconds until the next look."""
        try:
            await self._removal.look()
        except RateLimited as error:
            return error.retry_after_seconds
        except ChannelError as error:
            if not self._failures:  # once, until it works again
                _log.warning("slack_posts_wait", error=str(error))
            self._failures += 1
            return self._backoff.pause(self._failures - 1)
        except (SwitchboardError, SQLAlchemyError, OSError) as error:
            _log.warning("slack_posts_wait", error=type(error).__name__)
            return self._look_seconds
        self._failures = 0
        return self._look_seconds


def _age(post: Post) -> tuple[bool, float]:
    """Files first, then messages from the newest to the oldest."""
    return (post.what != "file", 0.0 if post.what == "file" else -float(post.ts))
