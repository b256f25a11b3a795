"""Writes between two turns: the question before one, the yes to it, and what a person decided.

Above: the turn. Below: `core.specialists.tools.toolbox`, `core.approvals`, `core.phrases`. No model
takes part: the call that was asked about runs word for word, and the words about it are ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from core.approvals.desk import Approvals
from core.approvals.records import Approval
from core.customers.records import ActionResult
from core.engine.plain import Draft
from core.engine.scene import Scene
from core.engine.systems import subject_of
from core.localise import write_money
from core.messages import Button, Buttons
from core.outcome import Offer, Reply, Silence
from core.phrases import Phrases
from core.ports import StepJournal, ToolCall
from core.specialists.checks import Evidence
from core.specialists.journal import TurnJournal
from core.specialists.tools.base import Bench
from core.specialists.tools.pending import CONFIRM, PendingCall
from core.specialists.tools.results import read_action
from core.specialists.tools.toolbox import Toolbox

_log = structlog.get_logger("acts")
_CLAUSES = re.compile(r"[,.!;:\n]+")
_LONGEST_CALL = 300


@dataclass(frozen=True)
class Act:
    """What came of a yes or a no. `pending` is set when the question stays open."""

    draft: Draft
    bench: Bench
    pending: PendingCall | None = None


class Acts:
    """Asks, acts and tells; holds nothing of any conversation."""

    def __init__(self, phrases: Phrases, toolbox: Toolbox, approvals: Approvals | None) -> None:
        self._phrases = phrases
        self._toolbox = toolbox
        self._approvals = approvals

    @property
    def names(self) -> frozenset[str]:
        """The tools that change something of the customer's."""
        return self._toolbox.acting

    async def answer(self, scene: Scene, steps: StepJournal) -> Act | None:
        """Deal with an answer to our question; None: the customer speaks of something else."""
        pending, button = open_question(scene), scene.asked.button or ""
        if pending is not None and self._agrees(scene, pending):
            return await self._run(scene, pending, steps)
        if pending is not None and self._declines(scene, pending):
            return self._told(scene, "act_dropped")
        if button.startswith(CONFIRM) and not scene.asked.texts:
            return self._told(scene, "act_gone")
        return None

    def ask(self, scene: Scene, draft: Draft, pending: PendingCall) -> Draft:
        """The same answer with the question under it; not when a person takes over."""
        outcome = draft.outcome
        if not isinstance(outcome, Reply | Offer):
            return draft
        call = f"{pending.tool} {json.dumps(pending.arguments, ensure_ascii=False)}"
        question = self._say(
            f"confirm_{pending.tool}", "confirm_call", scene.language,
            {**pending.facts, "call": call[:_LONGEST_CALL]},
        )  # fmt: skip
        changed = outcome.model_copy(
            update={
                "text": f"{outcome.text}\n\n{question}".strip(),
                "parts": (self._buttons(pending, scene.language), *outcome.parts),
            }
        )
        return replace(draft, outcome=changed)

    async def news(self, scene: Scene) -> str:
        """What people decided meanwhile about acts of this conversation, for the customer."""
        if self._approvals is None:
            return ""
        told: list[str] = []
        for identifier in scene.asked.decided:
            approval = await self._approvals.find(identifier)
            if approval is None or approval.subject.conversation != scene.claim.conversation:
                _log.warning("decision_without_approval", conversation=scene.claim.conversation)
                continue
            told.append(self._tell_decision(approval, scene.language))
        return "\n\n".join(told)

    def with_news(self, scene: Scene, draft: Draft | None, news: str) -> Draft:
        """An answer that begins with the news, or is nothing but the news."""
        if draft is None:
            reply = Reply(text=news, specialist=scene.specialist.name, reason="decided")
            return Draft(reply, True, "phrases")
        if isinstance(draft.outcome, Silence):
            return draft
        text = f"{news}\n\n{draft.outcome.text}"
        return replace(draft, outcome=draft.outcome.model_copy(update={"text": text}))

    async def _run(self, scene: Scene, pending: PendingCall, steps: StepJournal) -> Act:
        """The intent is noted first, so that a turn that dies here is resumed as it was."""
        bench = bench_of(scene)
        call = ToolCall(
            id=pending.id, name=pending.tool,
            arguments=json.dumps(pending.arguments, ensure_ascii=False),
        )  # fmt: skip
        journal = TurnJournal(scene.claim.seen, steps)
        await journal.intend(0, scene.specialist.name, [call], "")
        record = await self._toolbox.run_pending(pending, bench)
        bench.ledger.append(record)
        done = read_action(record)
        if done is not None:
            text = self.tell(pending.tool, done, scene.language)
            return Act(_draft(scene, text), bench)
        if "identification_needed" in record.result:
            return Act(_draft(scene, self._phrases.say("not_identified", scene.language)), bench)
        draft = _draft(scene, self._phrases.say("act_failed", scene.language))
        return Act(self.ask(scene, draft, pending), bench, pending)

    def tell(self, tool: str, done: ActionResult, language: str) -> str:
        """What came of a write, in words."""
        facts = {**done.facts, "reference": done.reference or ""}
        if done.outcome == "refused":
            return self._say(f"refused_{done.code}", "refused_call", language, facts)
        if done.code == "passed_on":
            return self._say("passed_on_call", "waiting_call", language, facts)
        return self._say(f"{done.outcome}_{tool}", f"{done.outcome}_call", language, facts)

    def _tell_decision(self, approval: Approval, language: str) -> str:
        done = approval.result
        if done is None or done.outcome == "waiting":
            return ""
        facts = {**approval.facts, **done.facts, "reference": done.reference or ""}
        if done.outcome == "done":
            return self._say(f"approved_{approval.tool}", "done_call", language, facts)
        return self._say(f"rejected_{approval.tool}", "refused_call", language, facts)

    def _agrees(self, scene: Scene, pending: PendingCall) -> bool:
        if scene.asked.button is not None:
            return scene.asked.button == pending.yes and not scene.asked.texts
        return self._is_answer("yes", scene)

    def _declines(self, scene: Scene, pending: PendingCall) -> bool:
        if scene.asked.button is not None:
            return scene.asked.button == pending.no and not scene.asked.texts
        return self._is_answer("no", scene)

    def _is_answer(self, kind: str, scene: Scene) -> bool:
        """Every clause is a yes (or a no): "yes, go ahead" is one, "yes, but less" is not."""
        text = scene.asked.text
        if self._phrases.is_answer(kind, text, scene.language):
            return True
        clauses = [part for part in _CLAUSES.split(text) if part.strip()]
        return bool(clauses) and all(
            self._phrases.is_answer(kind, part, scene.language) for part in clauses
        )

    def _told(self, scene: Scene, key: str) -> Act:
        return Act(_draft(scene, self._phrases.say(key, scene.language)), bench_of(scene))

    def _say(self, key: str, other: str, language: str, facts: Mapping[str, str]) -> str:
        """`key`, or `other` where there is no such sentence or a fact for it is missing."""
        facts = _with_money(facts, language)
        for name in (key, other):
            text = self._phrases.find(name, language)
            if text is not None and set(_fields(text)) <= facts.keys():
                return self._phrases.say(name, language, **facts)
        return self._phrases.say("refused_call" if "refused" in key else "done_call", language)

    def _buttons(self, pending: PendingCall, language: str) -> Buttons:
        yes = Button(label=self._phrases.say("confirm_yes", language), value=pending.yes)
        no = Button(label=self._phrases.say("confirm_no", language), value=pending.no)
        return Buttons(buttons=(yes, no))


def open_question(scene: Scene) -> PendingCall | None:
    """The call the customer was asked about; none when a person has written since."""
    pending = scene.state.pending
    if pending is None:
        return None
    since = [*scene.claim.history, *scene.claim.entries]
    if any(item.seq > pending.asked_at and item.author.role == "human_agent" for item in since):
        return None
    return pending


def bench_of(scene: Scene) -> Bench:
    """A bench for acts without a model."""
    return Bench(
        language=scene.language, categories=(), evidence=Evidence(),
        subject=subject_of(scene.claim.head), turn=scene.claim.seen, misses=scene.state.misses,
    )  # fmt: skip


def _draft(scene: Scene, text: str) -> Draft:
    return Draft(Reply(text=text, specialist=scene.specialist.name, reason="act"), True, "act")


def _with_money(facts: Mapping[str, str], language: str) -> Mapping[str, str]:
    """With the sum as it is written in this language."""
    if "amount" not in facts or "currency" not in facts:
        return facts
    return {**facts, "money": write_money(facts["amount"], facts["currency"], language)}


def _fields(text: str) -> Sequence[str]:
    return re.findall(r"{(\w+)}", text)
