"""The tokens that are good, in the memory of a process: asked by every request, without I/O.

Above: `channels.auth` (asks), `keeper` (fills). Below: `records`. Whoever holds a line open says so
by `watch` and is told when its token ends.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from core.access.records import AccessToken, digest_of

OnEnd = Callable[[], None]


class Directory:
    """What `store.load` gave, by digest."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._tokens: dict[str, AccessToken] = {}
        self._ended: dict[str, float] = {}
        self._watchers: defaultdict[str, list[tuple[float, OnEnd]]] = defaultdict(list)
        self._used: dict[str, datetime] = {}

    def find(self, token: str) -> AccessToken | None:
        """The good token of these letters; None for any other: unknown, revoked, run out."""
        found = self._tokens.get(digest_of(token))
        if found is None or self._is_over(found):
            return None
        self._used[found.id] = datetime.now(UTC)
        return found

    def is_ended(self, conversation: str, issued: float) -> bool:
        """True if customers' tokens of this conversation issued then are no good any more."""
        before = self._ended.get(conversation)
        return before is not None and issued <= before

    def replace(self, tokens: Sequence[AccessToken], ended: Mapping[str, float]) -> None:
        """What is good from now on; lines of what no longer is are told."""
        self._tokens = {token.digest: token for token in tokens}
        self._ended = dict(ended)
        self.tell_ended()

    def add(self, token: AccessToken) -> None:
        """One more."""
        self._tokens[token.digest] = token

    def tell_ended(self) -> None:
        """Tell the lines whose tokens are no good any more, each once."""
        good = {token.id for token in self._tokens.values() if not self._is_over(token)}
        for name in list(self._watchers):
            is_token = name.startswith("at_")
            if is_token and name in good:
                continue
            for watcher in tuple(self._watchers.get(name, ())):
                issued, on_end = watcher
                if is_token or self.is_ended(name, issued):
                    self._forget(name, watcher)
                    on_end()

    def watch(self, name: str, issued: float, on_end: OnEnd) -> Callable[[], None]:
        """Call `on_end` (on the loop, must not block) when the token `name`, or the customers'
        tokens of the conversation `name` issued then, end; returns the un-watch."""
        watcher = (issued, on_end)
        self._watchers[name].append(watcher)
        return lambda: self._forget(name, watcher)

    def take_used(self) -> dict[str, datetime]:
        """Which tokens were used since this was asked last, and when."""
        used, self._used = self._used, {}
        return used

    def _forget(self, name: str, watcher: tuple[float, OnEnd]) -> None:
        watchers = self._watchers.get(name)
        if watchers and watcher in watchers:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[name]

    def _is_over(self, token: AccessToken) -> bool:
        return token.expires_at is not None and token.expires_at.timestamp() <= self._clock()
