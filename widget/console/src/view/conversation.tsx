/** The open conversation: who has it, its log as it happens, the composer. Above: inbox. Below: store. */
import { useEffect, useRef, useState } from "preact/hooks";
import { fill } from "../i18n";
import { day } from "../time";
import type { Opened } from "../store";
import { say, useAct, useHouse } from "./context";
import { Bar } from "./bar";
import { Card } from "./card";
import { Composer, type Given } from "./composer";
import { Dialog } from "./dialog";
import { draftStates, isTranslation, translations } from "./drafts";
import { EntryView, fates } from "./entry";
import { Icon } from "./icons";
import { callOf } from "./naming";
import { Why } from "./why";
import { Text } from "./words";

export type Side = { kind: "card" } | { kind: "why"; seq: number } | null;
const WIDE = "(min-width: 1180px)";
const CLOSINGS = ["solved", "no_answer", "duplicate", "spam", "other"];

export function ConversationView({ opened, onBack }: { opened: Opened; onBack: () => void }) {
  const { w } = useHouse();
  const [side, setSide] = useState<Side>(matchMedia(WIDE).matches ? { kind: "card" } : null);
  const [given, give] = useState<Given | null>(null);
  useEffect(() => setSide(matchMedia(WIDE).matches ? { kind: "card" } : null), [opened.id]);
  const use = (text: string, draft?: string): void => {
    give({ text, at: Date.now(), ...(draft ? { draft } : {}) });
    if (!matchMedia(WIDE).matches) setSide(null);
  };
  if (opened.missing) return <section class="talk"><p class="empty">{w.nothingFound}</p></section>;
  return (
    <>
      <section class="talk" id="talk" aria-label={w.conversations} tabIndex={-1}>
        <Top opened={opened} onBack={onBack} onCard={() => setSide(side?.kind === "card" ? null : { kind: "card" })} cardOpen={side?.kind === "card"} />
        <Bar opened={opened} />
        <Log opened={opened} onWhy={(seq) => setSide({ kind: "why", seq })} onUse={use} />
        <Composer id={opened.id} given={given} />
      </section>
      {side?.kind === "card" ? <Card opened={opened} onClose={() => setSide(null)} onUse={use} /> : null}
      {side?.kind === "why" ? <Why key={side.seq} opened={opened} seq={side.seq} onClose={() => setSide(null)} /> : null}
    </>
  );
}

/** The name under which the customer wrote last. */
const nameIn = ({ entries }: Opened): string | undefined =>
  entries.findLast(({ author }) => author.role === "customer" && author.name)?.author.name;

function Top({ opened, onBack, onCard, cardOpen }: { opened: Opened; onBack: () => void; onCard: () => void; cardOpen: boolean }) {
  const { store, w } = useHouse();
  const { head, holder, busy } = opened;
  const human = head?.owner === "human";
  const closed = head?.status === "closed";
  const mine = human && holder === store.name;
  const owner = closed ? w.isClosed : !human ? w.withAi : mine ? w.withYou : holder ? fill(w.heldBy, { name: holder }) : w.unassigned;
  const act = useAct();
  const [asking, ask] = useState<"release" | "close" | null>(null);
  const take = (): Promise<boolean> => act("take", human && holder !== null && !mine ? { force: true } : {});
  const lines = (form: FormData, name: string): string[] =>
    String(form.get(name) ?? "").split("\n").map((line) => line.trim()).filter(Boolean).slice(0, 8);
  const give = (form: FormData): Promise<boolean> =>
    act("release", { decided: String(form.get("decided")).trim(), promised: lines(form, "promised"), open: lines(form, "open") });
  return (
    <header class="top">
      <button class="quiet icon-only back" aria-label={w.back} onClick={onBack}><Icon name="back" /></button>
      <div class="title">
        <h1>{callOf(head?.contact, nameIn(opened)) ?? `${w.customer} ${opened.id.slice(-4)}`}</h1>
        <span class={`owner ${closed ? "closed" : human ? (mine ? "mine" : "human") : "ai"}`} role="status">{busy ? w.working : owner}</span>
        <span class="dim">{[say(w, head?.channel), head?.specialist].filter(Boolean).join(" · ")}</span>
      </div>
      <div class="acts">
        {head && !closed && !mine ? (
          <button id="take" class={human && !holder ? "primary" : ""} disabled={busy !== null || !store.online} onClick={() => void take()}>
            <Icon name="hand" />{human && holder ? fill(w.takeAnyway, { name: holder }) : w.take}
          </button>
        ) : null}
        {human && !closed ? (
          <button id="release" disabled={busy !== null || !store.online} onClick={() => ask("release")}><Icon name="spark" />{w.release}</button>
        ) : null}
        {head && !closed ? (
          <button id="resolve" disabled={busy !== null || !store.online} onClick={() => ask("close")}><Icon name="check" />{w.resolve}</button>
        ) : null}
      </div>
      <button class="quiet icon-only" aria-label={w.details} aria-pressed={cardOpen} onClick={onCard}><Icon name="card" /></button>
      {asking === "release" ? (
        <Dialog title={w.release} yes={w.release} onClose={() => ask(null)} onYes={give}>
          <p class="dim">{w.returnHint}</p>
          <label>{w.decided}<input name="decided" maxLength={500} autoComplete="off" /></label>
          <label>{w.promised}<textarea name="promised" rows={2} placeholder={w.onePerLine} /></label>
          <label>{w.stillOpen}<textarea name="open" rows={2} placeholder={w.onePerLine} /></label>
        </Dialog>
      ) : null}
      {asking === "close" ? (
        <Dialog title={w.resolve} yes={w.resolve} quick onClose={() => ask(null)} onYes={(form) => act("close", { reason: form.get("reason") })}>
          <label>{w.reason}<select name="reason">{CLOSINGS.map((one) => <option key={one} value={one}>{say(w, one)}</option>)}</select></label>
        </Dialog>
      ) : null}
    </header>
  );
}

function Log({ opened, onWhy, onUse }: { opened: Opened; onWhy: (seq: number) => void; onUse: (text: string, draft?: string) => void }) {
  const { w, language } = useHouse();
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [away, setAway] = useState(false);
  const changed = fates(opened.entries);
  const drafts = draftStates(opened.entries);
  const translated = translations(opened.entries);
  const seen = opened.entries.findLast((one) => one.kind === "message" && one.author.role === "human_agent" && one.seq <= opened.seen)?.id;
  const count = opened.entries.length + [...opened.streams.values()].reduce((sum, one) => sum + one.parts.join("").length, 0);
  const down = (): void => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useEffect(() => {
    atEnd.current = true;
    down();
  }, [opened.id]);
  useEffect(() => (atEnd.current ? down() : setAway(true)), [count]);
  const onScroll = (): void => {
    const node = box.current;
    if (!node) return;
    atEnd.current = node.scrollHeight - node.scrollTop - node.clientHeight < 60;
    if (atEnd.current) setAway(false);
  };
  const typing = opened.typing && opened.typing.until > Date.now() ? opened.typing.author : null;
  let before = "";
  return (
    <div class="log-frame">
      <div class="log" ref={box} role="log" aria-label={w.conversations} tabIndex={0} onScroll={onScroll}>
        {opened.head === null ? <p class="empty">{w.loading}</p> : null}
        {opened.entries.map((entry) => {
          if (isTranslation(entry)) return null;
          const date = day(entry.at, language);
          const fresh = date !== before;
          before = date;
          return (
            <div key={entry.id} class="slot">
              {fresh ? <p class="day"><span>{date}</span></p> : null}
              <EntryView
                entry={entry} fate={changed.get(entry.id)} draft={drafts.get(entry.id)} translation={translated.get(entry.seq)}
                seen={entry.id === seen} onWhy={onWhy} onUse={onUse}
              />
            </div>
          );
        })}
        {[...opened.streams].map(([id, stream]) => (
          <article key={id} class="entry ai streaming" aria-live="off">
            <header><b>{w.ai}</b></header>
            <div class="bubble"><Text text={stream.parts.join("")} /></div>
          </article>
        ))}
        {typing ? <p class="typing">{fill(w.writing, { name: typing.name || (typing.role === "customer" ? w.customer : w.ai) })}</p> : null}
      </div>
      {away ? <button class="newer" onClick={down}>{w.newEntries} ↓</button> : null}
    </div>
  );
}
