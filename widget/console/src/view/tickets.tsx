/** Tickets: the list, one of them with its history, a new one. Above: app. Below: api. */
import { useState } from "preact/hooks";
import { Problem } from "../api";
import { fill } from "../i18n";
import { ago, clock, day, span } from "../time";
import type { Clock, Ticket } from "../types";
import { say, useHouse, useLoad, useNow } from "./context";
import { Dialog } from "./dialog";
import { Icon } from "./icons";
import { Alike, Deeds } from "./ticketry";

const STATES = ["open", "in_progress", "pending", "resolved", "closed"];
const PRIORITIES = ["low", "medium", "high", "urgent"];

export function Tickets({ id }: { id: string | null }) {
  return id ? <One key={id} id={id} /> : <All />;
}

function All() {
  const { store, w } = useHouse();
  const now = useNow(60);
  const [status, setStatus] = useState("");
  const [q, setQ] = useState("");
  const [asking, ask] = useState(false);
  const [more, setMore] = useState<{ of: string; tickets: Ticket[]; next: string | null } | null>(null);
  const wanted = `${status} ${q}`;
  const { got, failed, again } = useLoad(() => store.api.get<{ tickets: Ticket[]; next: string | null }>("/tickets", { status, q, limit: 50 }), [wanted]);
  const shown = [...(got?.tickets ?? []), ...(more?.of === wanted ? more.tickets : [])];
  const next = more?.of === wanted ? more.next : got?.next;
  const onMore = async (): Promise<void> => {
    const page = await store.api.get<{ tickets: Ticket[]; next: string | null }>("/tickets", { status, q, limit: 50, cursor: next ?? undefined });
    setMore({ of: wanted, tickets: [...(more?.of === wanted ? more.tickets : []), ...page.tickets], next: page.next });
  };
  const open = async (form: FormData): Promise<boolean> => {
    const made = await attempt(() => store.api.post<Ticket>("/tickets", { subject: form.get("subject"), body: form.get("body"), priority: form.get("priority"), name: store.name }), store.say, w.notDone);
    if (made) location.hash = `#/tickets/${made.id}`;
    return made !== null;
  };
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <header class="head"><h1>{w.tickets}</h1><button onClick={() => ask(true)}>{w.newTicket}</button></header>
      <div class="row-of-fields" role="search">
        <input type="search" aria-label={w.searchTickets} placeholder={w.searchTickets} value={q} onInput={(event) => setQ(event.currentTarget.value)} />
        <select aria-label={w.status} value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
          <option value="">{w.status}: {w.any}</option>
          {STATES.map((one) => <option key={one} value={one}>{say(w, one)}</option>)}
        </select>
      </div>
      {failed ? <button onClick={again}>{w.retry}</button> : !got ? <p class="empty">{w.loading}</p> : shown.length === 0 ? <p class="empty">{w.nothingFound}</p> : null}
      <ul class="list">
        {shown.map((one) => (
          <li key={one.id}>
            <a href={`#/tickets/${one.id}`}><b dir="auto">{one.subject}</b></a>
            <span class="line"><span class={`tag ${one.priority}`}>{say(w, one.priority)}</span><span class="tag">{say(w, one.status)}</span>{one.tags.map((tag) => <span key={tag} class="tag">#{tag}</span>)}<Promise sla={one.sla} now={now} /><span class="dim">{[one.id, one.assignee ?? "", one.contact, ago(one.updated_at, now)].filter(Boolean).join(" · ")}</span></span>
          </li>
        ))}
      </ul>
      {next ? <button class="quiet wide" onClick={() => void onMore()}>{w.loadMore}</button> : null}
      {asking ? (
        <Dialog title={w.newTicket} yes={w.save} onClose={() => ask(false)} onYes={open}>
          <label>{w.articleTitle}<input name="subject" required maxLength={200} autoComplete="off" /></label>
          <label>{w.articleText}<textarea name="body" rows={4} maxLength={4000} /></label>
          <label>{w.priority}<select name="priority">{PRIORITIES.map((one) => <option key={one} value={one} selected={one === "medium"}>{say(w, one)}</option>)}</select></label>
        </Dialog>
      ) : null}
    </section>
  );
}

/** What the desk promised next for a ticket. */
function Promise({ sla, now }: { sla: Ticket["sla"]; now: number }) {
  const { w } = useHouse();
  const found = sla ? [sla.first_reply, sla.resolution].find((one: Clock) => one.due && !["met", "missed", "none"].includes(one.state)) : undefined;
  if (!found?.due) return null;
  if (found.state === "paused") return <span class="sla" title={w.sla}><Icon name="clock" />{say(w, "paused")}</span>;
  const left = (Date.parse(found.due) - now) / 1000;
  return <span class={`sla ${left < 0 ? "broken" : found.state}`} title={w.sla}><Icon name="clock" />{fill(left < 0 ? w.overdue : w.dueIn, { time: span(Math.abs(left)) })}</span>;
}

function One({ id }: { id: string }) {
  const { store, w, language } = useHouse();
  const now = useNow(30);
  const { got, failed, again } = useLoad(() => store.api.get<Ticket>(`/tickets/${id}`), [id]);
  const change = async (fields: object): Promise<void> => {
    if (await attempt(() => store.api.send("PATCH", `/tickets/${id}`, { ...fields, name: store.name }), store.say, w.notDone)) again();
  };
  const reply = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const text = String(given.get("text")).trim();
    const internal = given.get("internal") !== null;
    if (!text || !(await attempt(() => store.api.post(`/tickets/${id}/replies`, { text, internal, name: store.name }), store.say, w.notDone))) return;
    form.reset();
    again();
  };
  const when = (at: string): string => `${day(at, language)}, ${clock(at, language)}`;
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <p><a href="#/tickets"><Icon name="back" />{w.tickets}</a></p>
      {failed ? <p class="empty">{w.nothingFound}</p> : !got ? <p class="empty">{w.loading}</p> : (
        <>
          <header class="head"><h1 dir="auto">{got.subject}</h1><span class="dim">{got.id}</span><Promise sla={got.sla} now={now} /></header>
          <div class="row-of-fields">
            <label>{w.status}<select value={got.status} onChange={(event) => void change({ status: event.currentTarget.value })}>{STATES.map((one) => <option key={one} value={one}>{say(w, one)}</option>)}</select></label>
            <label>{w.priority}<select value={got.priority} onChange={(event) => void change({ priority: event.currentTarget.value })}>{PRIORITIES.map((one) => <option key={one} value={one}>{say(w, one)}</option>)}</select></label>
            <label>{w.assignee}<input defaultValue={got.assignee ?? ""} placeholder={w.nobodyHas} list="people" maxLength={100} autoComplete="off" onChange={(event) => void change({ assignee: event.currentTarget.value.trim() })} /></label>
            <datalist id="people">{[...new Set([store.name, ...store.people.map((one) => one.name)])].map((one) => <option key={one} value={one} />)}</datalist>
            <label>{w.tags}<input defaultValue={got.tags.join(", ")} placeholder={w.byComma} autoComplete="off" onChange={(event) => void change({ tags: event.currentTarget.value.split(",").map((one) => one.trim()).filter(Boolean) })} /></label>
          </div>
          <div class="panel">
            {got.body ? <p class="text" dir="auto">{got.body}</p> : null}
            <p class="dim">{[got.contact, when(got.created_at)].filter(Boolean).join(" · ")}</p>
            {got.conversations.map((one) => <p key={one}><a href={`#/c/${one}`}>{w.openConversation}</a></p>)}
            {got.links.map((one) => <p key={one.kind + one.ticket}>{say(w, one.kind)} <a href={`#/tickets/${one.ticket}`}>{one.ticket}</a></p>)}
            <Alike ticket={got} onDone={again} attempt={attempt} />
          </div>
          <h2>{w.history}</h2>
          <Deeds ticket={got} when={when} />
          <form class="panel stack" onSubmit={reply}>
            <label>{w.reply}<textarea name="text" rows={3} required maxLength={2000} dir="auto" placeholder={got.conversation ? fill(w.replyAs, { name: store.name }) : w.noteHint} /></label>
            {got.conversation ? <label class="check"><input type="checkbox" name="internal" />{w.insideNote}</label> : null}
            <button class="primary">{w.send}</button>
          </form>
        </>
      )}
    </section>
  );
}

/** What the gateway made; null when it could not, which is said. */
async function attempt<T>(ask: () => Promise<T>, tell: (text: string, bad: boolean) => void, words: string): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    tell(fill(words, { why: error instanceof Problem ? error.message : "" }), true);
    return null;
  }
}
