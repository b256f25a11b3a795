"""What a keeper knows of cases: standings it has folded, so that each entry is read once.

Above: `keeper`. Below: `standing`, the log. A cache: other keepers may have gone on with a case,
so what is missing is read from the log, and a case that is not here is read from its beginning.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from core.conversation import Claim
from core.escalation.case import Case
from core.escalation.standing import Standing, begin, fold_more
from core.ids import ConversationId
from core.messages import Entry
from core.ports import Log

_MOST = 5_000
_PAGE = 500
# So many entries before the case say who waited for whom when people came in.
_BEFORE = 20


@dataclass(frozen=True)
class Known:
    """A case as a keeper knows it. `case` is its record, if there is one; `recent` are entries
    around its beginning, while that is being read."""

    standing: Standing
    case: Case | None = None
    recent: tuple[Entry, ...] = ()

    def with_case(self, case: Case) -> Known:
        """With its record."""
        return replace(self, case=case)

    def with_standing(self, standing: Standing) -> Known:
        """As it stands now."""
        return replace(self, standing=standing)


class CaseLoad:
    """The cases that were read lately."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: OrderedDict[ConversationId, Known] = OrderedDict()

    def find(self, claim: Claim) -> Known | None:
        """The case of this claim, if it was read before."""
        known = self._known.get(claim.conversation)
        return known if known is not None and known.standing.seq == claim.head.case else None

    def keep(self, conversation: ConversationId, known: Known) -> None:
        """For the next time."""
        self._known[conversation] = replace(known, recent=())
        self._known.move_to_end(conversation)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def forget(self, conversation: ConversationId) -> None:
        """It is read from its beginning the next time."""
        self._known.pop(conversation, None)

    async def read(self, claim: Claim) -> Known:
        """The case as it stands by now."""
        known = self.find(claim)
        if known is None:
            return await self._read_whole(claim)
        new = claim.entries
        if not new or new[0].seq <= known.standing.read_to + 1:
            known = known.with_standing(fold_more(known.standing, new))
        return known.with_standing(await self._read_on(claim, known.standing))

    async def _read_whole(self, claim: Claim) -> Known:
        start = claim.head.case
        case = _read_case(await self._log.receipt(claim.conversation, start))
        first = max(0, start - 1 - _BEFORE)
        recent = await self._log.entries(claim.conversation, after=first, limit=_PAGE)
        standing = fold_more(begin(start, case), recent)
        around: Sequence[Entry] = [entry for entry in recent if entry.seq <= start]
        return Known(await self._read_on(claim, standing), case, tuple(around))

    async def _read_on(self, claim: Claim, standing: Standing) -> Standing:
        """Everything up to what the claim knows of."""
        while standing.read_to < claim.head.seq:
            page = await self._log.entries(claim.conversation, after=standing.read_to, limit=_PAGE)
            if not page:
                break
            standing = fold_more(standing, page)
        return standing


def _read_case(receipt: dict[str, Any] | None) -> Case | None:
    try:
        return Case.model_validate((receipt or {}).get("case"))
    except ValidationError:
        return None
