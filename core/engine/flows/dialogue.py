"""The flows themselves: begin, ask for what is missing, look the order up, ask for a yes.

Above: the turn. Below: `starting`, `reading`, `telling`, the toolbox, the customer system. A write
is only prepared here: the toolbox looks at it, `core.engine.acts` asks the customer and runs it.
Nothing of a conversation is held: state comes with the scene and goes with the step.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import structlog

from core.customers.ports import CustomerSystem
from core.customers.records import Order
from core.engine.acts import bench_of
from core.engine.asked import TOPIC
from core.engine.clauses import split_clauses
from core.engine.commands import chosen_language, read_command
from core.engine.flows.lookup import Lookup, Trouble
from core.engine.flows.reading import fill, has_not, is_question, leaves, leaves_for, waits
from core.engine.flows.starting import flow_in
from core.engine.flows.state import WRITES, FlowName, FlowState, FlowStep, Slot
from core.engine.flows.telling import ORDER, order_buttons, refusal, tell_status
from core.engine.plain import Draft, PlainAnswers
from core.engine.scene import Finding, Scene
from core.errors import CustomerSystemError
from core.memory.recall import recall_fact
from core.messages import Buttons
from core.outcome import Offer, Reply
from core.phrases import Phrases
from core.ports import ToolCall
from core.specialists.tools.base import Bench, ToolRecord
from core.specialists.tools.results import needs_identification
from core.specialists.tools.toolbox import Toolbox

_log = structlog.get_logger("flows")
_MOST_ATTEMPTS = 2
_SECONDS = 8.0


class Flows:
    """Takes a turn when it is about the customer's own order, and no model answers."""

    def __init__(
        self,
        phrases: Phrases,
        plain: PlainAnswers,
        toolbox: Toolbox,
        customers: CustomerSystem,
        *,
        read_level: int = 1,
        write_level: int = 2,
    ) -> None:
        self._phrases = phrases
        self._plain = plain
        self._toolbox = toolbox
        self._customers = customers
        self._read_level = read_level
        self._write_level = write_level

    def as_data(self, scene: Scene) -> Scene:
        """The scene without a mood, when the message is a number or an address we asked for:
        streets are neither angry nor glad."""
        flow = scene.state.flow
        if flow is None or not _is_data(flow) or fill(flow, scene.asked.text) == flow:
            return scene
        looks = tuple(
            replace(look, decision=look.decision.model_copy(update={"sentiment": "neutral"}))
            for look in scene.looks
        )
        return replace(scene, looks=looks)

    def has_turn(self, scene: Scene) -> bool:
        """True if a flow waits for this very answer: then no model is asked."""
        flow = scene.state.flow
        if flow is None or flow.done:
            return False
        button = scene.asked.button or ""
        return button.startswith(ORDER) or (bool(scene.asked.texts) and not self._is_aside(scene))

    async def step(self, scene: Scene) -> FlowStep | None:
        """One turn of a flow; None: the message is none of its business. The scene has been
        searched, so that a question in between can be answered."""
        scene = _in_its_language(scene)
        step = await self._step(scene)
        return replace(step, language=scene.language) if step else None

    async def _step(self, scene: Scene) -> FlowStep | None:
        flow, bench = scene.state.flow, bench_of(scene)
        is_open = flow is not None and not flow.done
        if scene.asked.button is not None and not scene.asked.texts:
            return await self._pressed(scene, flow, bench) if flow is not None else None
        wanted = self._wanted(scene, flow)
        if flow is not None and is_open and leaves(scene.asked.text):
            return FlowStep(self._say(scene, "act_dropped"), None, bench)
        if flow is not None and is_open and read_command(scene.asked) is not None:
            return await self._resume(scene, flow, bench)
        if wanted is not None and (flow is None or flow.done or wanted != flow.name):
            fresh = self._begin(wanted, flow, scene)
            return self._with_asides(scene, await self._advance(scene, fresh, bench))
        if flow is None or not is_open:
            return None
        filled = fill(flow, scene.asked.text)
        if filled == flow:
            gone = wanted is None and leaves_for(scene.asked.text)
            return None if gone else await self._not_understood(scene, flow, bench)
        step = await self._advance(scene, filled.model_copy(update={"attempts": 0}), bench)
        return self._with_asides(scene, step)

    # ---- what the message is ---------------------------------------------------------------------

    def _wanted(self, scene: Scene, flow: FlowState | None) -> FlowName | None:
        """The flow that one of the sentences begins."""
        if flow is not None and not flow.done and flow.asked in {"address", "reason"}:
            lent = busy = False  # what is written now is the answer
        else:
            lent = flow is not None and flow.number is not None
            busy = flow is not None and not flow.done
        intents = {look.text: look.decision.intent for look in scene.looks}
        text = scene.asked.text
        for single in split_clauses(text, scene.language) or (text,):
            intent = intents.get(single) or (intents.get(text) if single == text else None)
            if (found := flow_in(single, intent=intent, lent=lent, busy=busy)) is not None:
                return found
        return None

    def _begin(self, name: FlowName, before: FlowState | None, scene: Scene) -> FlowState:
        """A fresh flow with what an earlier one knows or the customer told before, and what this
        message says."""
        lent = FlowState(name=name, number=_told(scene, "order"), email=_told(scene, "email"))
        if before is not None:
            known = {"number": before.number or lent.number, "email": before.email or lent.email}
            lent = lent.model_copy(update=known)
        return fill(lent, scene.asked.text)

    def _is_aside(self, scene: Scene) -> bool:
        """A question between, of which the flow can make nothing."""
        flow = scene.state.flow
        return (
            flow is not None
            and is_question(scene.asked.text)
            and fill(flow, scene.asked.text) == flow
            and self._wanted(scene, flow) is None
        )

    async def _pressed(self, scene: Scene, flow: FlowState, bench: Bench) -> FlowStep | None:
        value = scene.asked.button or ""
        if value.startswith(ORDER) and not flow.done:
            chosen = flow.model_copy(update={"number": value.removeprefix(ORDER), "attempts": 0})
            return await self._advance(scene, chosen, bench)
        if value.startswith(TOPIC) and not flow.done:
            return await self._resume(scene, flow, bench)
        return None

    # ---- what comes next -------------------------------------------------------------------------

    async def _advance(self, scene: Scene, flow: FlowState, bench: Bench) -> FlowStep:
        """Ask for the next thing that is missing, or finish."""
        lookup = Lookup(self._customers, bench, self._read_level)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._advance_with(scene, flow, bench, lookup)
        except (CustomerSystemError, TimeoutError) as error:
            _log.warning("flow_without_system", conversation=scene.claim.conversation,
                         error=type(error).__name__)  # fmt: skip
            return FlowStep(self._offer(scene, "flow_down", "failure"), _ended(flow), bench)

    async def _advance_with(
        self, scene: Scene, flow: FlowState, bench: Bench, lookup: Lookup
    ) -> FlowStep:
        found = await lookup.find(flow)
        if isinstance(found, Trouble):
            return self._in_trouble(scene, found, bench)
        flow = flow.model_copy(update={"number": found.number, "choices": (), "wrong": 0})
        if flow.name not in WRITES:
            text = tell_status(self._phrases, found, scene.language, lookup.today(scene))
            return FlowStep(self._draft(scene, text), _ended(flow), bench)
        if bench.subject.level < self._write_level:  # the receipt says that proof was missing
            bench.ledger.append(_refused(flow, self._write_level, bench))
        if found.partial or bench.subject.level < self._write_level:
            draft = self._offer(scene, "flow_needs_colleague", "may_not_act", order=found.number)
            return FlowStep(draft, _ended(flow), bench)
        if (refused := refusal(found, flow.name)) is not None:
            draft = self._offer(scene, refused, "may_not_act", order=found.number)
            return FlowStep(draft, _ended(flow), bench)
        missing = _missing(flow)
        if missing is not None:
            asked = flow.model_copy(update={"asked": missing})
            draft = self._say(scene, f"flow_ask_{missing}", order=found.number)
            return FlowStep(draft, asked, bench)
        return await self._prepare(scene, flow.model_copy(update={"asked": None}), bench, found)

    async def _prepare(self, scene: Scene, flow: FlowState, bench: Bench, order: Order) -> FlowStep:
        """Let the tool look at the write; what it leaves on the bench is what will be asked."""
        key = f"{bench.subject.conversation}:{bench.turn}:flow"
        call = ToolCall(id="flow", name=flow.name, arguments=json.dumps(_arguments(flow)))
        record = await self._toolbox.run(call, [flow.name], bench, key=key)
        if bench.pending is not None:
            return FlowStep(self._draft(scene, ""), flow, bench)
        bench.ledger.append(record)
        if "identification_needed" in record.result:
            draft = self._offer(scene, "flow_needs_colleague", "may_not_act", order=order.number)
        elif "is away" in record.result or "in time" in record.result:
            draft = self._offer(scene, "flow_down", "failure")
        else:
            key = (
                "refused_above_total" if "at most" in record.result else "refused_already_refunded"
            )
            draft = self._offer(scene, key, "may_not_act", order=order.number)
        return FlowStep(draft, _ended(flow), bench)

    def _in_trouble(self, scene: Scene, trouble: Trouble, bench: Bench) -> FlowStep:
        """Ask for the number or the e-mail, or give up after too many that were wrong."""
        if trouble.gives_up:
            draft = self._offer(scene, trouble.phrase, "may_not_act", **trouble.fields)
            return FlowStep(draft, None, bench)
        draft = self._say(scene, trouble.phrase, **trouble.fields)
        if trouble.orders:
            draft = self._with_buttons(draft, order_buttons(trouble.orders, scene.language))
        return FlowStep(draft, trouble.flow, bench)

    async def _not_understood(self, scene: Scene, flow: FlowState, bench: Bench) -> FlowStep | None:
        """A question between is answered and the flow goes on; else ask again, at most twice."""
        text = scene.asked.text
        if waits(text):
            return FlowStep(self._say(scene, "flow_wait"), flow, bench)
        if scene.state.offer_open and self._phrases.is_answer("no", text, scene.language):
            return FlowStep(self._say(scene, "declined_human"), None, bench)
        is_bare = any(self._phrases.is_answer(kind, text, scene.language) for kind in ("yes", "no"))
        if scene.kind == "smalltalk" and not is_bare:
            is_over = scene.decision is not None and scene.decision.intent == "goodbye"
            return None if is_over else await self._resume(scene, flow, bench)
        if self._is_aside(scene):
            return await self._resume(scene, flow, bench)
        attempts = flow.attempts + 1
        if attempts > _MOST_ATTEMPTS:
            return None
        again = flow.model_copy(update={"attempts": attempts})
        if flow.asked in {"number", "email"} and not flow.choices and has_not(text):
            return FlowStep(self._offer(scene, "flow_has_not", "may_not_act"), again, bench)
        if scene.verdict == "sure" and not is_bare:  # another matter, though it is no question
            return await self._resume(scene, flow, bench)
        if attempts == _MOST_ATTEMPTS:
            return FlowStep(self._offer(scene, "flow_again", "no_progress"), again, bench)
        step = await self._advance(scene, again, bench)
        return self._with_before(step, self._phrases.say("flow_again", scene.language))

    async def _resume(self, scene: Scene, flow: FlowState, bench: Bench) -> FlowStep | None:
        """The answer to something else, and under it what we were waiting for."""
        aside = self._plain.answer(scene)
        if not isinstance(aside.outcome, Reply) or not aside.answered:
            attempts = flow.attempts + 1
            if attempts > _MOST_ATTEMPTS:
                return None
            flow = flow.model_copy(update={"attempts": attempts})
        if not isinstance(aside.outcome, Reply | Offer):
            return None
        if aside.topics:
            return FlowStep(aside, flow, bench)
        step = await self._advance(scene, flow, bench)
        if not aside.answered:  # one question at a time: what we wait for, not the offer of a human
            return self._with_before(step, self._phrases.say("decline", scene.language))
        return self._with_before(step, aside.outcome.text, aside.outcome)

    # ---- words -----------------------------------------------------------------------------------

    def _with_asides(self, scene: Scene, step: FlowStep) -> FlowStep:
        """Questions in the same message that the help pages are sure of are answered, too."""
        others = [finding for finding in scene.findings[1:] if _is_other(finding)]
        if not others:
            return step
        aside = self._plain.answer(replace(scene, findings=tuple(others)))
        if not isinstance(aside.outcome, Reply) or aside.topics or aside.source != "knowledge":
            return step
        first = scene.asked.text.find(others[0].text)
        if first == 0:
            return self._with_before(step, aside.outcome.text, aside.outcome)
        if step.bench.pending is not None or _missing_from(step):
            return self._with_before(step, aside.outcome.text, aside.outcome)
        return self._with_before(step, "", aside.outcome, after=aside.outcome.text)

    def _with_before(
        self, step: FlowStep, text: str, source: Reply | Offer | None = None, *, after: str = ""
    ) -> FlowStep:
        outcome = step.draft.outcome
        if not isinstance(outcome, Reply | Offer):
            return step
        words = "\n\n".join(part for part in (text, outcome.text, after) if part)
        changed = outcome.model_copy(
            update={"text": words, "citations": source.citations if source else ()}
        )
        return replace(step, draft=replace(step.draft, outcome=changed))

    def _with_buttons(self, draft: Draft, buttons: Buttons) -> Draft:
        outcome = draft.outcome
        if not isinstance(outcome, Reply):
            return draft
        return replace(draft, outcome=outcome.model_copy(update={"parts": (buttons,)}))

    def _say(self, scene: Scene, key: str, **fields: str) -> Draft:
        return self._draft(scene, self._phrases.say(key, scene.language, **fields))

    def _draft(self, scene: Scene, text: str) -> Draft:
        return Draft(
            Reply(text=text, specialist=scene.specialist.name, reason="flow"), True, "flow"
        )

    def _offer(self, scene: Scene, key: str, reason: str, **fields: str) -> Draft:
        """Say this, and offer a human unless that was done."""
        draft = self._say(scene, key, **fields)
        return draft if scene.state.offered else self._plain.with_offer(scene, draft, reason)


def _refused(flow: FlowState, level: int, bench: Bench) -> ToolRecord:
    """The line of a write that was not even tried."""
    return ToolRecord(
        name=flow.name, arguments={"number": flow.number or ""},
        result=needs_identification(level, bench.subject), ok=False, milliseconds=0.0,
    )  # fmt: skip


def _in_its_language(scene: Scene) -> Scene:
    """Numbers, addresses and names of streets do not say which language a customer speaks."""
    flow, spoken = scene.state.flow, scene.claim.head.language
    if flow is None or not spoken or is_question(scene.asked.text) or chosen_language(scene.asked):
        return scene
    return replace(scene, language=spoken) if _is_data(flow) else scene


def _is_data(flow: FlowState) -> bool:
    """What we wait for are signs rather than words: all but a reason."""
    return not flow.done and flow.asked != "reason"


def _missing(flow: FlowState) -> Slot | None:
    if flow.name == "change_address" and not flow.address:
        return "address"
    if flow.name == "request_refund" and flow.reason is None:
        return "reason"
    return None


def _missing_from(step: FlowStep) -> bool:
    return step.flow is not None and not step.flow.done


def _arguments(flow: FlowState) -> dict[str, str]:
    if flow.name == "change_address":
        return {"number": flow.number or "", "address": flow.address or ""}
    reason = {"reason": flow.reason or ""}
    amount = {"amount": flow.amount} if flow.name == "request_refund" and flow.amount else {}
    return {"number": flow.number or "", **amount, **reason}


def _ended(flow: FlowState) -> FlowState:
    """It only lends what it knows from now on."""
    return FlowState(name=flow.name, number=flow.number, email=flow.email, done=True)


def _is_other(finding: Finding) -> bool:
    """A question of its own that is not about the order of the flow."""
    return finding.result.verdict == "sure" and flow_in(finding.text) is None


def _told(scene: Scene, kind: str) -> str | None:
    """What the customer told in this conversation, if it still holds."""
    fact = recall_fact(scene.state.memory, kind)
    return fact.value if fact is not None and fact.by == "customer" else None
