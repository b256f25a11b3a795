"""A language model plays specialists in one turn, to one checked answer.

Above: `core.engine.assisted`. Below: `asking` (one call of the model), `rounds` (its tools),
`team` (handoff and consultation), `journal` (what a crash must not repeat).

The order is always the same: tools run, results are recorded, then at most one handoff, then one
reply. A reply that fails a check is asked for once more; a stream that breaks off as well. Raises
`ModelError` for everything that is not a sound answer; the turn then answers without a model. What
was shown of a discarded attempt is taken back.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence

from core.errors import ModelError, ModelGarbage, ModelRefused, ModelTimeout
from core.language import LanguageDetector
from core.metering import Amount, Meters, NoMeters, Purse
from core.ports import LanguageModel, ToolCall
from core.specialists.asking import Asker, Bill, Price, Reply, Screen
from core.specialists.budget import Account, BudgetExceeded, TurnBudget
from core.specialists.checking import AnswerCheck, advice_of
from core.specialists.consult import Consultation
from core.specialists.gate import CheckFailed, SentenceGate
from core.specialists.history import History, Noted
from core.specialists.journal import Final, Intent, Round, TurnJournal
from core.specialists.rounds import ToolRounds
from core.specialists.settings import ModelSettings
from core.specialists.task import Answer, Hop, Part, Pieces, Spent, Task
from core.specialists.team import Colleagues, Team
from core.specialists.tools.base import Bench
from core.specialists.tools.toolbox import Toolbox

__all__ = ["Answer", "SpecialistLoop", "SpecialistRun", "Task"]

_HANDED = "The customer was handed over to you within this turn. What your colleague tells you:"


class SpecialistLoop:
    """What every run needs; holds no state between them."""

    def __init__(
        self,
        model: LanguageModel,
        toolbox: Toolbox,
        detector: LanguageDetector,
        settings: ModelSettings,
        team: Team,
        *,
        price: Price = lambda model, tokens_in, tokens_out: 0.0,
        meters: Meters | None = None,
    ) -> None:
        self.model = model
        self.toolbox = toolbox
        self.detector = detector
        self.settings = settings
        self.team = team
        self.price = price
        self.meters = meters or NoMeters()

    def start(
        self,
        task: Task,
        bench: Bench,
        pieces: Pieces,
        *,
        journal: TurnJournal | None = None,
        account: Account | None = None,
    ) -> SpecialistRun:
        """A run of `task`, not begun yet."""
        journal = journal or TurnJournal(bench.turn, None)
        return SpecialistRun(self, task, bench, pieces, journal, account or Account())


class SpecialistRun:
    """One turn on its way. `spent`, `hops` and the bench tell what happened, however it ends."""

    def __init__(
        self, loop: SpecialistLoop, task: Task, bench: Bench, pieces: Pieces,
        journal: TurnJournal, account: Account,
    ) -> None:  # fmt: skip
        settings = loop.settings
        self.hops: list[Hop] = []
        self._loop = loop
        self._task = task
        self._bench = bench
        self._journal = journal
        self._screen = Screen(pieces)
        self._bill = Bill(TurnBudget(account, settings, loop.meters))
        self._asker = Asker(
            loop.model, loop.toolbox, settings, loop.price, self._bill, self._screen
        )
        self._rounds = ToolRounds(loop.toolbox, bench, journal, longest=settings.result_characters)
        self._consultation = Consultation(loop.team, self._asker, loop.toolbox, bench, settings)
        self._history = task.history
        self._steps_left = _steps(task.part, settings)
        self._remedies = {"repair", "again", "shorten"}
        self._harmless = False
        self._closing = False
        self._deadline = 0.0
        bench.colleagues = self._colleagues = Colleagues(
            loop.team, task.part, task.hops, self._consult
        )

    @property
    def spent(self) -> Spent:
        """What it cost so far."""
        return self._bill.spent

    @property
    def specialist(self) -> str:
        """Who has the customer now."""
        return self._colleagues.part.name

    @property
    def empty_purse(self) -> str | None:
        """The budget that ended it, if one did."""
        return self._bill.budget.refused

    @property
    def low_purse(self) -> Purse | None:
        """The budget for which the smaller model answered, if it did."""
        return self._bill.low

    @property
    def repaired(self) -> bool:
        """True if a reply failed a check and was asked for again."""
        return "repair" not in self._remedies

    async def answer(self, *, deadline: float) -> Answer:
        """One sound answer before `deadline` (on the monotonic clock). Raises `ModelError`."""
        self._deadline = deadline
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._choose_size()
                return await self._resume() or await self._go_on()
        except TimeoutError as late:
            self._screen.take_back()
            raise ModelTimeout("the turn's time is over") from late
        except ModelError:
            self._screen.take_back()
            raise

    async def _choose_size(self) -> None:
        """The smaller model, if there is one, when a purse runs low."""
        if self._loop.settings.small_model is not None:
            self._bill.low = await self._bill.budget.low()

    async def _resume(self) -> Answer | None:
        """Take over what a worker before us recorded; its answer, if it had one."""
        intent: Intent | None = None
        for record in self._journal.past:
            if isinstance(record, Final):
                self._bill.spent = record.spent
                return self._answer(record.text, record.marks)
            if isinstance(record, Intent):
                intent = record
            elif intent is None or intent.step == record.step:
                intent = None
                self._restore(record)
        if intent is not None:
            self._bill.spent = self.spent.model_copy(update={"steps": intent.step})
            tools = self._colleagues.tools()
            await self._work(intent.calls, intent.text, tools, intended=True)
        return None

    def _restore(self, record: Round) -> None:
        self._bill.spent = record.spent
        self._bill.budget.restore(Amount(tokens=record.spent.tokens, money=record.spent.cost))
        self._steps_left -= 1
        self._history = self._history.with_item(self._rounds.restore(record))
        self._hand_over(record.calls)

    async def _go_on(self) -> Answer:
        """Ask, run tools, ask again, until there is an answer."""
        while self._steps_left > 0:
            self._steps_left -= 1
            self._bill.spent = self.spent.stepped()
            offered = self._tools()
            try:
                reply = await self._ask(offered)
            except ModelError as error:
                self._screen.take_back()
                self._find_remedy(error)
                continue
            if not reply.calls:
                await self._journal.note_final(self.specialist, reply.text, reply.marks, self.spent)
                return self._answer(reply.text, reply.marks)
            self._screen.take_back()
            await self._work(reply.calls, reply.text, offered)
        raise ModelGarbage("no answer within the steps", code="model_steps")

    async def _ask(self, tools: Sequence[str]) -> Reply:
        part = self._colleagues.part
        check = AnswerCheck(self._bench, self._task.language, self._loop.detector, part)
        gate = SentenceGate(check.sentence)
        reply = await self._asker.ask(part, self._history, tools, gate, deadline=self._deadline)
        if not reply.calls:
            check.whole(reply.text)
        return reply

    def _tools(self) -> tuple[str, ...]:
        if self._closing or self._steps_left == 0:
            return ()
        tools = self._colleagues.tools()
        return self._loop.toolbox.of_risk(tools, "read", "note") if self._harmless else tools

    async def _work(
        self, calls: Sequence[ToolCall], text: str, offered: Sequence[str], *,
        intended: bool = False,
    ) -> None:  # fmt: skip
        """Run the tools of a reply, record their results, then hand over if that was wished. What
        was not offered is not run, whatever the model calls."""
        # The same calls again bring nothing new: from here on it has to answer.
        self._closing = self._closing or not self._rounds.brings_news(calls)
        done = await self._rounds.run(
            self.specialist, calls, offered, text=text, spent=self.spent, intended=intended
        )
        self._history = self._history.with_item(done)
        self._hand_over(calls)

    def _hand_over(self, calls: Sequence[ToolCall]) -> None:
        wish, self._bench.handoff = self._bench.handoff, None
        part = self._loop.team.part(wish.to) if wish else None
        if wish is None or part is None:
            return
        self.hops.append(Hop.of(self.specialist, wish))
        self._colleagues.hand_to(part)
        self._bench.categories = part.categories
        self._bench.evidence.add(part.instructions, "instructions")
        brief = {
            "from": self.hops[-1].by,
            "brief": wish.brief,
            "also_asked_for": _others(calls, wish.to),
            "done_so_far": [record.name for record in self._bench.ledger if record.ok],
        }
        note = Noted(text=f"{_HANDED}\n{json.dumps(brief, ensure_ascii=False)}")
        self._history = History(
            system=part.system, items=(*self._history.items, note), notes_as=self._task.notes_as,
            sees=part.sees,
        )  # fmt: skip
        self._steps_left = _steps(part, self._loop.settings)
        self._closing = False

    def _find_remedy(self, error: ModelError) -> None:
        """Prepare another try if there is one that may help; else raise `error`."""
        if isinstance(error, CheckFailed):
            self._use("repair", error)
            self._harmless = True
            self._history = self._history.with_item(Noted(text=advice_of(error)))
        elif error.code == "model_too_long":
            self._use("shorten", error)
            self._history = self._history.within(self._history.tokens // 2)
        elif self._asker.heard and not isinstance(error, ModelTimeout | ModelRefused):
            self._use("again", error)
        else:
            raise error
        self._steps_left = max(self._steps_left, 1)

    def _use(self, remedy: str, error: ModelError) -> None:
        if remedy not in self._remedies or isinstance(error, BudgetExceeded):
            raise error
        self._remedies.remove(remedy)

    async def _consult(self, specialist: str, question: str) -> str:
        return await self._consultation.ask(
            self._colleagues.part, specialist, question, self._task, deadline=self._deadline
        )

    def _answer(self, text: str, marks: Sequence[int]) -> Answer:
        return Answer(
            text=text,
            citations=self._bench.shelf.cite(text, marks),
            wish=self._bench.wish,
            specialist=self.specialist,
        )


def _steps(part: Part, settings: ModelSettings) -> int:
    return min(part.max_steps or settings.max_steps, settings.max_steps)


def _others(calls: Sequence[ToolCall], to: str) -> list[str]:
    """What else was asked to be handed over in the same reply, for the one who got it."""
    return [call.arguments for call in calls if call.name == "handoff"][1:4] if to else []
