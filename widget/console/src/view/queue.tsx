/** The list at the left: who waits, mine, with people, all. Above: inbox. Below: store. */
import { useEffect, useRef, useState } from "preact/hooks";
import { fill } from "../i18n";
import { MOST, type Tab } from "../store";
import { ago, clock, day, languageName } from "../time";
import type { Conversation } from "../types";
import { Due, promised } from "./bar";
import { say, useHouse, useNow } from "./context";
import { Icon } from "./icons";
import { callOf } from "./naming";

const CHANNELS = ["web", "telegram", "email", "slack", "rest"];

/** What a tab shows, in the gateway's order. */
export function shown(tab: Tab, cases: Conversation[] | null, list: Conversation[] | null, holders: Record<string, string | null>, name: string): Conversation[] | null {
  if (tab === "all") return list;
  const kept = cases?.filter((item) => item.owner === "human" && item.status === "open") ?? null;
  if (tab === "waiting") return kept?.filter((item) => item.waiting && !rests(item)) ?? null;
  if (tab === "mine") return kept?.filter((item) => holders[item.id] === name) ?? null;
  return kept;
}

/** What rests waits for its time, not for a person. */
export const rests = (item: Conversation): boolean => !!item.snoozed_until && Date.parse(item.snoozed_until) > Date.now();

export function Queue({ onOpen, current }: { onOpen: (id: string) => void; current: string | null }) {
  const { store, w } = useHouse();
  const now = useNow(10);
  const items = shown(store.tab, store.cases, store.list, store.holders, store.name);
  const tabs: [Tab, string][] = [["waiting", w.waiting], ["mine", w.mine], ["people", w.withPeople], ["all", w.all]];
  const count = (tab: Tab): number | null => (tab === "all" ? null : (shown(tab, store.cases, null, store.holders, store.name)?.length ?? null));
  const nothing = { waiting: w.nobodyWaits, mine: w.nothingMine, people: w.nothingFound, all: w.nothingFound }[store.tab];
  return (
    <section class="queue" aria-label={w.inbox}>
      <div class="tabs" role="group" aria-label={w.inbox}>
        {tabs.map(([tab, label]) => (
          <button key={tab} aria-pressed={store.tab === tab} onClick={() => store.choose(tab)}>
            {label}
            {count(tab) ? <span class={tab === "waiting" ? "count hot" : "count"}>{tab !== "mine" && (store.cases?.length ?? 0) >= MOST ? `${MOST}+` : count(tab)}</span> : null}
          </button>
        ))}
      </div>
      <Search />
      {items === null ? <p class="empty">{w.loading}</p> : items.length === 0 ? <p class="empty">{nothing}</p> : null}
      <ul class="items">
        {items?.map((item) => <Row key={item.id} item={item} now={now} current={item.id === current} onOpen={onOpen} />)}
      </ul>
      {store.tab === "all" && store.next ? <button class="quiet wide" onClick={() => void store.load(true)}>{w.loadMore}</button> : null}
    </section>
  );
}

function Search() {
  const { store, w } = useHouse();
  const [q, setQ] = useState(store.filters.q);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) return void (first.current = false);
    const timer = setTimeout(() => store.choose(q ? "all" : store.tab, { ...store.filters, q }), 300);
    return () => clearTimeout(timer);
  }, [q]);
  const pick = (name: "status" | "channel", value: string): void => store.choose("all", { ...store.filters, [name]: value });
  return (
    <div class="search" role="search">
      <div class="field">
        <Icon name="search" />
        <input id="search" type="search" aria-label={w.search} placeholder={w.search} value={q} onInput={(event) => setQ(event.currentTarget.value)} />
      </div>
      {store.tab === "all" ? (
        <div class="filters">
          <select aria-label={w.status} value={store.filters.status} onChange={(event) => pick("status", event.currentTarget.value)}>
            <option value="open">{w.open}</option>
            <option value="closed">{w.closed}</option>
            <option value="">{w.any}</option>
          </select>
          <select aria-label={w.channel} value={store.filters.channel} onChange={(event) => pick("channel", event.currentTarget.value)}>
            <option value="">{w.channel}: {w.any}</option>
            {CHANNELS.map((name) => <option key={name} value={name}>{say(w, name)}</option>)}
          </select>
        </div>
      ) : null}
    </div>
  );
}

function Row({ item, now, current, onOpen }: { item: Conversation; now: number; current: boolean; onOpen: (id: string) => void }) {
  const { store, w, language } = useHouse();
  const priority = item.priority ?? item.case?.priority;
  const holder = item.id in store.holders ? store.holders[item.id] : item.holder;
  const reason = item.case?.reason ?? item.reason;
  const resting = item.snoozed_until && Date.parse(item.snoozed_until) > now ? item.snoozed_until : null;
  const owner =
    item.status === "closed" ? w.isClosed
    : item.owner !== "human" ? w.withAi
    : holder === store.name ? w.withYou
    : holder ? fill(w.heldBy, { name: holder })
    : w.unassigned;
  return (
    <li>
      <button class={`row ${priority ?? ""} ${resting ? "resting" : ""}`} aria-current={current ? "true" : undefined} onClick={() => onOpen(item.id)}>
        <span class="line">
          <span class="who">{callOf(item.contact, item.customer) ?? `${w.customer} ${item.id.slice(-4)}`}</span>
          {promised(item)?.state === "soon" || promised(item)?.state === "broken" ? (
            <Due item={item} />
          ) : item.waiting ? (
            <span class="wait"><Icon name="clock" /><span class="hidden">{w.waiting} </span>{ago(item.waiting_since, now)}</span>
          ) : (
            <span class="dim">{ago(item.updated_at, now)}</span>
          )}
        </span>
        <span class="quote" dir="auto">{item.case?.span ? `“${item.case.span}”` : (item.summary ?? "")}</span>
        <span class="line tags">
          {priority && priority !== "medium" ? <span class={`tag ${priority}`}>{say(w, priority)}</span> : null}
          {reason ? <span class="tag">{say(w, reason)}</span> : null}
          {resting ? <span class="tag rest">{fill(w.restsUntil, { time: `${day(resting, language)} ${clock(resting, language)}` })}</span> : null}
          <span class="dim">{[say(w, item.channel), languageName(item.language, language), owner].filter(Boolean).join(" · ")}</span>
        </span>
      </button>
    </li>
  );
}
