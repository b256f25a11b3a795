/** Under the head of a conversation: how it stands, and what changes that. Above: conversation. */
import { useState } from "preact/hooks";
import { fill } from "../i18n";
import type { Opened } from "../store";
import { clock, day, span } from "../time";
import type { Clock, Conversation } from "../types";
import { say, useAct, useHouse, useNow } from "./context";
import { Dialog } from "./dialog";
import { Icon } from "./icons";

const PRIORITIES = ["low", "medium", "high", "urgent"];
export const REASONS = ["request", "complaint", "frustration", "outage", "impact", "legal", "privacy", "security", "safety", "cannot_know", "may_not_act"];

/** What the desk has promised next: its first word, then the end of it. */
export function promised(item: Conversation | undefined): Clock | null {
  if (!item?.clocks) return null;
  const { first_reply: first, resolution } = item.clocks;
  const next = first.state === "met" || first.state === "missed" || first.state === "none" ? resolution : first;
  return next.due ? next : null;
}

export function Due({ item }: { item: Conversation | undefined }) {
  const { w } = useHouse();
  const now = useNow(10);
  const found = promised(item);
  if (!found?.due) return null;
  const left = (Date.parse(found.due) - now) / 1000;
  const kind = left < 0 ? "broken" : found.state;
  return (
    <span class={`sla ${kind}`} title={w.sla}>
      <Icon name="clock" />{fill(left < 0 ? w.overdue : w.dueIn, { time: span(Math.abs(left)) })}
    </span>
  );
}

export function Bar({ opened }: { opened: Opened }) {
  const { store, w, language } = useHouse();
  const act = useAct();
  const [asking, ask] = useState<"name" | "case" | "time" | null>(null);
  const { head, standing, busy } = opened;
  if (!head || head.status === "closed") return null;
  const close = (): void => ask(null);
  const open = asking === "name" ? (
    <Dialog title={w.assign} yes={w.assign} onClose={close} onYes={(form) => act("assign", { to: String(form.get("to")).trim() })}>
      <label>{w.yourName}<input name="to" required maxLength={100} autoComplete="off" /></label>
    </Dialog>
  ) : asking === "time" ? (
    <Dialog title={w.snooze} yes={w.snooze} onClose={close} onYes={(form) => act("snooze", { until: new Date(String(form.get("until"))).toISOString() })}>
      <label>{w.until}<input name="until" type="datetime-local" required min={local(Date.now())} /></label>
    </Dialog>
  ) : asking === "case" ? (
    <Dialog title={w.makeCase} yes={w.makeCase} onClose={close} onYes={(form) => act("escalate", { reason: form.get("reason"), text: form.get("text") })}>
      <label>{w.reason}<select name="reason">{REASONS.map((one) => <option key={one} value={one}>{say(w, one)}</option>)}</select></label>
      <label>{w.comment}<textarea name="text" rows={3} maxLength={2000} /></label>
    </Dialog>
  ) : null;
  if (head.owner !== "human")
    return <div class="stand"><button class="small" disabled={busy !== null} onClick={() => ask("case")}><Icon name="people" />{w.makeCase}</button>{open}</div>;
  const names = [...new Set([store.name, ...store.people.map((one) => one.name), ...(opened.holder ? [opened.holder] : [])])];
  const resting = standing?.snoozed_until && Date.parse(standing.snoozed_until) > Date.now() ? standing.snoozed_until : null;
  const priority = standing?.priority ?? head.priority ?? "medium";
  const assign = (to: string): void => (to === "+" ? ask("name") : to ? void act("assign", { to }) : undefined);
  const rest = (length: string): void => (length === "+" ? ask("time") : void act("snooze", length ? { minutes: Number(length) } : {}));
  return (
    <div class="stand">
      <Due item={store.cases?.find((one) => one.id === opened.id)} />
      <Pick label={w.priority} value={priority} disabled={busy !== null} onPick={(value) => void act("prioritise", { priority: value })} options={PRIORITIES.map((one) => [one, say(w, one)])} kind={priority} />
      <Pick label={w.assign} value={opened.holder ?? ""} disabled={busy !== null} onPick={assign} options={[...(opened.holder ? [] : [["", w.unassigned] as const]), ...names.map((one) => [one, one] as const), ["+", w.somebody]]} />
      <Pick
        label={w.snooze} value={resting ? "on" : ""} disabled={busy !== null} onPick={rest}
        options={[
          ...(resting ? [["on", fill(w.restsUntil, { time: `${day(resting, language)} ${clock(resting, language)}` })] as const, ["", w.wake] as const] : [["", w.notSnoozed] as const]),
          ["30", "30 min"], ["120", "2 h"], [String(minutesToMorning()), w.tomorrow], ["+", w.untilTime],
        ]}
      />
      <label class="inside"><input type="checkbox" checked={standing?.all_notes === true} disabled={busy !== null} onChange={(event) => void act("inside", { on: event.currentTarget.checked })} />{w.inside}</label>
      {open}
    </div>
  );
}

interface Picked {
  label: string;
  value: string;
  disabled: boolean;
  options: readonly (readonly [string, string])[];
  onPick: (value: string) => void;
  kind?: string;
}

function Pick({ label, value, disabled, options, onPick, kind }: Picked) {
  return (
    <label class="pick"><span>{label}</span>
      <select class={kind} aria-label={label} value={value} disabled={disabled} onChange={(event) => { onPick(event.currentTarget.value); event.currentTarget.value = value; }}>
        {options.map(([name, text]) => <option key={name} value={name}>{text}</option>)}
      </select>
    </label>
  );
}

/** Until nine o'clock of the next day. */
function minutesToMorning(): number {
  const morning = new Date();
  morning.setDate(morning.getDate() + 1);
  morning.setHours(9, 0, 0, 0);
  return Math.max(1, Math.round((morning.getTime() - Date.now()) / 60_000));
}

/** As a date field wants it. */
function local(at: number): string {
  return new Date(at - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
